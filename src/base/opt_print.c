/* Option tables: values and expectations as text. */
#include <dyntrain/base.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/number.h"

/* A buffer that is written to its end and no further. */
struct out {
    char *buf;
    size_t size, used;
};

static void put(struct out *o, const char *text)
{
    size_t n = strlen(text), room = o->size - o->used - 1;

    if (n > room)
        n = room;
    memcpy(o->buf + o->used, text, n);
    o->used += n;
    o->buf[o->used] = '\0';
}

static struct out start(char *buf, size_t size)
{
    DT_ASSERT(size > 0);
    buf[0] = '\0';
    return (struct out){ .buf = buf, .size = size };
}

static void put_real(struct out *o, double v)
{
    char text[32];

    put(o, dt_print_real(v, text, sizeof text));
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* Would YAML read these characters, unquoted, as this very string, also within a list? */
static bool is_plain(const char *s)
{
    static const char *const special[] = { "true", "false", "yes", "no", "on", "off", "null", "~" };
    int64_t i;
    double v;

    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        if (!strcmp(s, special[k]))
            return false;
    if (!*s || strchr("-?:.+0123456789", *s) != NULL)
        return *s == '.' && (s[1] == '/' || s[1] == '.') && !strpbrk(s, " ,:#[]{}\"'\\\n\t");
    return !dt_parse_int(s, &i) && !dt_parse_real(s, &v) && !strpbrk(s, " ,:#[]{}\"'\\\n\t&*!|>%@`");
}

static void put_string(struct out *o, const char *s)
{
    if (is_plain(s)) {
        put(o, s);
        return;
    }
    put(o, "\"");
    for (; *s; s++) {
        char c[2] = { *s, '\0' };

        if (*s == '\n') {
            put(o, "\\n");
            continue;
        }
        if (*s == '"' || *s == '\\')
            put(o, "\\");
        put(o, c);
    }
    put(o, "\"");
}

const char *dt_opt_print(const struct dt_opt *opt, const void *src, char *buf, size_t size)
{
    const void *field = (const char *)src + opt->offset;
    struct out o = start(buf, size);
    const struct dt_reals *reals = field;
    const struct dt_strs *strs = field;
    const char *string;
    char text[32];

    switch (opt->type) {
    case DT_OPT_INT:
        snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)field);
        put(&o, text);
        break;
    case DT_OPT_REAL:
        put_real(&o, *(const double *)field);
        break;
    case DT_OPT_BOOL:
        put(&o, *(const bool *)field ? "true" : "false");
        break;
    case DT_OPT_STR:
        string = *(const char *const *)field;
        put_string(&o, string ? string : "");
        break;
    case DT_OPT_PICK:
        put(&o, opt->choices[*(const int *)field]);
        break;
    case DT_OPT_REALS:
        put(&o, "[");
        for (int i = 0; i < reals->n; i++) {
            put(&o, i ? ", " : "");
            put_real(&o, reals->v[i]);
        }
        put(&o, "]");
        break;
    case DT_OPT_STRS:
        put(&o, "[");
        for (int i = 0; i < strs->n; i++) {
            put(&o, i ? ", " : "");
            put_string(&o, strs->v[i]);
        }
        put(&o, "]");
        break;
    case DT_OPT_SECTION:
        break;
    }
    return buf;
}

/* ---- expectations ---------------------------------------------------------------------------------------------- */

/* The tables have inclusive bounds only; a lower bound below any sensible number stands for "> 0". */
static bool is_above_zero(double min)
{
    return min > 0 && min < 1e-300;
}

static void put_range(struct out *o, double min, double max)
{
    bool low = min > -DBL_MAX, high = max < DBL_MAX;

    if (low && high && !is_above_zero(min)) {
        put(o, " from ");
        put_real(o, min);
        put(o, " to ");
        put_real(o, max);
        return;
    }
    if (low) {
        put(o, is_above_zero(min) ? " > " : " >= ");
        put_real(o, is_above_zero(min) ? 0 : min);
    }
    if (high) {
        put(o, low ? " and <= " : " <= ");
        put_real(o, max);
    }
}

const char *dt_opt_expects(const struct dt_opt *opt, char *buf, size_t size)
{
    static const char *const kind[] = {
        [DT_OPT_INT] = "integer",          [DT_OPT_REAL] = "number",
        [DT_OPT_BOOL] = "true or false",   [DT_OPT_STR] = "text",
        [DT_OPT_PICK] = "one of ",         [DT_OPT_REALS] = "list of numbers",
        [DT_OPT_STRS] = "list of strings", [DT_OPT_SECTION] = "a section of keys",
    };
    struct out o = start(buf, size);

    put(&o, kind[opt->type]);
    if (opt->type == DT_OPT_INT || opt->type == DT_OPT_REAL || opt->type == DT_OPT_REALS)
        put_range(&o, opt->min, opt->max);
    if (opt->type == DT_OPT_PICK)
        for (int i = 0; opt->choices[i]; i++) {
            put(&o, i ? ", " : "");
            put(&o, opt->choices[i]);
        }
    return buf;
}
