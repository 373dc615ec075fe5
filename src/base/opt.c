/* Option tables: text to values, with the checks that the table asks for. */
#include <dyntrain/base.h>

#include <string.h>

#include "base/number.h"

/* "expected number > 0, got "abc"" */
static bool refuse(const struct dt_opt *opt, const char *text, struct dt_err *err)
{
    char want[256];

    return dt_fail(err, DT_ECONFIG, "expected %s, got \"%.80s%s\"", dt_opt_expects(opt, want, sizeof want), text,
                   strlen(text) > 80 ? "..." : "");
}

static char *copy(struct dt_arena *arena, const char *text, struct dt_err *err)
{
    size_t bytes = strlen(text) + 1;
    char *s = dt_arena_alloc(arena, bytes);

    if (!s) {
        dt_fail(err, DT_ENOMEM, "out of memory for an option");
        return NULL;
    }
    return memcpy(s, text, bytes);
}

static bool parse_real(const struct dt_opt *opt, const char *text, double *out)
{
    return dt_parse_real(text, out) && *out >= opt->min && *out <= opt->max;
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A quoted item at `p`, with \" \\ \n as dt_opt_print writes them, unquoted to `to`. Returns what follows its end, NULL
 * when it has none. */
static char *unquote(char *p, char *to)
{
    for (p++; *p && *p != '"'; p++) {
        bool escaped = *p == '\\' && p[1];

        p += escaped;
        *to++ = escaped && *p == 'n' ? '\n' : *p;
    }
    if (!*p)
        return NULL;
    *to = '\0';
    return p + 1;
}

static char *skip_space(char *p)
{
    while (is_space(*p))
        p++;
    return p;
}

/* Takes one item off the text between the brackets, in place: quoted, or plain up to the comma and trimmed. Returns
 * what follows it, NULL when it is malformed. */
static char *next_item(char *p, char **item)
{
    char *end;

    *item = p;
    if (*p == '"') {
        p = unquote(p, p);
        if (!p)
            return NULL;
        p = skip_space(p);
        if (*p && *p != ',')
            return NULL;
        return *p ? skip_space(p + 1) : p;
    }
    for (end = p; *p && *p != ','; p++)
        if (!is_space(*p))
            end = p + 1;
    if (end == *item)
        return NULL;
    p = *p ? skip_space(p + 1) : p;
    *end = '\0';
    return p;
}

/* The items of "[a, b]" in `text`, which is cut up. Returns their number, -1 when malformed. */
static int split(char *text, const char **items)
{
    size_t len = strlen(text);
    char *p = skip_space(text), *item;
    int n = 0;

    while (len > 0 && is_space(text[len - 1]))
        len--;
    if (*p != '[' || text + len < p + 2 || text[len - 1] != ']')
        return -1;
    text[len - 1] = '\0';
    for (p = skip_space(p + 1); *p; items[n++] = item) {
        p = next_item(p, &item);
        if (!p)
            return -1;
    }
    return n;
}

static bool set_list(const struct dt_opt *opt, void *field, const char *text, struct dt_arena *arena,
                     struct dt_err *err)
{
    char *cut = copy(arena, text, err);
    size_t most = 1;
    const char **items;
    double *v;
    int n;

    if (!cut)
        return false;
    for (const char *p = text; *p; p++)
        most += *p == ',';
    items = dt_arena_calloc(arena, most, sizeof *items);
    v = dt_arena_calloc(arena, most, sizeof *v);
    if (!items || !v)
        return dt_fail(err, DT_ENOMEM, "out of memory for an option");
    n = split(cut, items);
    if (n < 0)
        return refuse(opt, text, err);
    if (opt->type == DT_OPT_STRS) {
        *(struct dt_strs *)field = (struct dt_strs){ .n = n, .v = items };
        return true;
    }
    for (int i = 0; i < n; i++)
        if (!parse_real(opt, items[i], &v[i]))
            return refuse(opt, text, err);
    *(struct dt_reals *)field = (struct dt_reals){ .n = n, .v = v };
    return true;
}

/* ---- one option ------------------------------------------------------------------------------------------------ */

static bool set_int(const struct dt_opt *opt, int64_t *field, const char *text, struct dt_err *err)
{
    int64_t v;

    if (!dt_parse_int(text, &v) || (double)v < opt->min || (double)v > opt->max)
        return refuse(opt, text, err);
    *field = v;
    return true;
}

static bool set_bool(const struct dt_opt *opt, bool *field, const char *text, struct dt_err *err)
{
    bool yes = !strcmp(text, "true");

    if (!yes && strcmp(text, "false") != 0)
        return refuse(opt, text, err);
    *field = yes;
    return true;
}

static bool set_pick(const struct dt_opt *opt, int *field, const char *text, struct dt_err *err)
{
    for (int i = 0; opt->choices[i]; i++)
        if (!strcmp(opt->choices[i], text)) {
            *field = i;
            return true;
        }
    return refuse(opt, text, err);
}

bool dt_opt_set(const struct dt_opt *opt, void *dst, const char *text, struct dt_arena *arena, struct dt_err *err)
{
    void *field = (char *)dst + opt->offset;
    double real;

    switch (opt->type) {
    case DT_OPT_INT:
        return set_int(opt, field, text, err);
    case DT_OPT_REAL:
        if (!parse_real(opt, text, &real))
            return refuse(opt, text, err);
        *(double *)field = real;
        return true;
    case DT_OPT_BOOL:
        return set_bool(opt, field, text, err);
    case DT_OPT_STR:
        return (*(const char **)field = copy(arena, text, err)) != NULL;
    case DT_OPT_PICK:
        return set_pick(opt, field, text, err);
    case DT_OPT_REALS:
    case DT_OPT_STRS:
        return set_list(opt, field, text, arena, err);
    case DT_OPT_SECTION:
        return refuse(opt, text, err);
    }
    return refuse(opt, text, err);
}

static size_t field_bytes(enum dt_opt_type type)
{
    static const size_t bytes[] = {
        [DT_OPT_INT] = sizeof(int64_t),
        [DT_OPT_REAL] = sizeof(double),
        [DT_OPT_BOOL] = sizeof(bool),
        [DT_OPT_STR] = sizeof(const char *),
        [DT_OPT_PICK] = sizeof(int),
        [DT_OPT_REALS] = sizeof(struct dt_reals),
        [DT_OPT_STRS] = sizeof(struct dt_strs),
        [DT_OPT_SECTION] = 0,
    };
    return bytes[type];
}

bool dt_opt_defaults(const struct dt_opt *table, void *dst, struct dt_arena *arena, struct dt_err *err)
{
    for (const struct dt_opt *opt = table; opt->name; opt++) {
        struct dt_err why = { .code = DT_OK };
        void *field = (char *)dst + opt->offset;

        if (opt->type == DT_OPT_SECTION)
            dt_opt_defaults(opt->section, field, arena, &why);
        else if (opt->def)
            dt_opt_set(opt, dst, opt->def, arena, &why);
        else
            memset(field, 0, field_bytes(opt->type));
        if (why.code != DT_OK)
            return dt_fail(err, why.code, "default of '%s': %s", opt->name, why.msg);
    }
    return true;
}
