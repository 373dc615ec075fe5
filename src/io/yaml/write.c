/* The expanded config as YAML, from the bound structs: every key of the schema, readable by dt_config_load to the same
 * values. The hash of a config is the SHA-256 of this text. */
#include "io/yaml/config.h"

#include <inttypes.h>
#include <string.h>

#include "io/sha256.h"

enum { PATH_BYTES = 256, TEXT_BYTES = 2 * 4096 + 8 /* the longest text, every byte of it escaped */ };

struct writer {
    const struct dt_config *c;
    bool origins;
    const char *const *without;
    FILE *f;                       /* or */
    struct dt_sha256_state *state; /* when f is NULL */
};

static void put(struct writer *w, const char *text)
{
    if (w->f)
        fputs(text, w->f);
    else
        dt_sha256_add(w->state, text, strlen(text));
}

static void indent(struct writer *w, int depth)
{
    while (depth-- > 0)
        put(w, "  ");
}

static bool is_without(const struct writer *w, const char *path)
{
    for (const char *const *p = w->without; p && *p; p++)
        if (!strcmp(*p, path))
            return true;
    return false;
}

static void put_origin(struct writer *w, const char *path)
{
    const struct dt_ynode *n = dt_ynode_walk(w->c->root, path);
    char line[16];

    if (!w->origins)
        return;
    put(w, "  # ");
    put(w, n ? n->at.source->name : "default");
    if (n && n->at.line > 0) {
        snprintf(line, sizeof line, ":%d", n->at.line);
        put(w, line);
    }
}

static void put_value(struct writer *w, const struct dt_opt *opt, const void *src)
{
    const void *field = (const char *)src + opt->offset;
    const struct dt_reals *reals = field;
    const struct dt_strs *strs = field;
    bool is_reals = opt->type == DT_OPT_REALS;
    struct dt_opt item = { .type = is_reals ? DT_OPT_REAL : DT_OPT_STR };
    char text[TEXT_BYTES];
    int n;

    if (!is_reals && opt->type != DT_OPT_STRS) {
        put(w, dt_opt_print(opt, src, text, sizeof text));
        return;
    }
    n = is_reals ? reals->n : strs->n;
    put(w, "[");
    for (int i = 0; i < n; i++) {
        put(w, i ? ", " : "");
        put(w, dt_opt_print(&item, is_reals ? (const void *)&reals->v[i] : &strs->v[i], text, sizeof text));
    }
    put(w, "]");
}

static void put_table(struct writer *w, const struct dt_opt *table, const void *src, const char *prefix, int depth)
{
    char path[PATH_BYTES];

    for (; table->name; table++) {
        bool is_section = table->type == DT_OPT_SECTION;

        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", table->name);
        if (is_without(w, path))
            continue;
        indent(w, depth);
        put(w, table->name);
        put(w, is_section ? ":\n" : ": ");
        if (is_section) {
            put_table(w, table->section, (const char *)src + table->offset, path, depth + 1);
            continue;
        }
        put_value(w, table, src);
        put_origin(w, path);
        put(w, "\n");
    }
}

static void put_parts(struct writer *w, const struct dt_config_part *part, int n)
{
    for (int i = 0; i < n; i++) {
        bool has_section = *part[i].section;

        if (!part[i].dst || part[i].foreign || (has_section && is_without(w, part[i].section)))
            continue;
        if (has_section) {
            put(w, part[i].section);
            put(w, ":\n");
        }
        put_table(w, part[i].table, part[i].dst, part[i].section, has_section);
    }
}

enum dt_code dt_config_write(const struct dt_config *c, const struct dt_config_part *part, int n, bool origins, FILE *f)
{
    struct writer w = { .c = c, .origins = origins, .f = f };

    put_parts(&w, part, n);
    return fflush(f) == 0 && !ferror(f) ? DT_OK : DT_ERESOURCE;
}

void dt_config_hash(const struct dt_config *c, const struct dt_config_part *part, int n, const char *const *without,
                    char hex[65])
{
    struct dt_sha256_state state;
    struct writer w = { .c = c, .without = without, .state = &state };
    uint8_t digest[32];

    dt_sha256_init(&state);
    put_parts(&w, part, n);
    dt_sha256_end(&state, digest);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* ---- the commented reference ----------------------------------------------------------------------------------- */

/* Every line begins with `mark`: "# " takes a section out of the config that the text would be. */
static void schema_table(const struct dt_opt *table, int depth, const char *mark, FILE *f)
{
    char want[512];

    for (; table->name; table++) {
        if (table->type == DT_OPT_SECTION) {
            fprintf(f, "%s%*s%s: # %s\n", mark, 2 * depth, "", table->name, table->help);
            schema_table(table->section, depth + 1, mark, f);
            continue;
        }
        fprintf(f, "%s%*s%s: ", mark, 2 * depth, "", table->name);
        if (table->def)
            fprintf(f, "%s # ", *table->def ? table->def : "\"\"");
        else
            fprintf(f, "# required: ");
        fprintf(f, "%s; %s\n", dt_opt_expects(table, want, sizeof want), table->help);
    }
}

void dt_config_schema(const struct dt_config_part *part, int n, FILE *f)
{
    for (int i = 0; i < n; i++) {
        const char *mark = part[i].foreign ? "# " : "";
        bool has_section = *part[i].section;

        if (has_section)
            fprintf(f, "%s%s:\n", mark, part[i].section);
        schema_table(part[i].table, has_section, mark, f);
    }
}
