/* A config's tree to the structs of its schema. Everything that is wrong is collected: unknown keys with a suggestion,
 * wrong types, values out of range, keys that are missing. */
#include "io/yaml/config.h"

#include <string.h>

enum { MAX_NAMES = 256, MAX_TEXT = 4096, PATH_BYTES = 256 };

struct binder {
    struct dt_config *c;
    const struct dt_config_part *part;
    int n;
};

static void join(char path[PATH_BYTES], const char *prefix, const char *key)
{
    snprintf(path, PATH_BYTES, "%s%s%s", prefix, *prefix ? "." : "", key);
}

static bool is_users_own(const char *key)
{
    return !strncmp(key, "x-", 2);
}

static const struct dt_opt *find_row(const struct dt_opt *table, const char *key)
{
    for (; table->name; table++)
        if (!strcmp(table->name, key))
            return table;
    return NULL;
}

/* ---- unknown keys ---------------------------------------------------------------------------------------------- */

/* A section, other than the foreign ones, that has this key; into `where`. */
static bool is_in_table(const struct dt_opt *table, const char *key, const char *path, char where[PATH_BYTES])
{
    char below[PATH_BYTES];

    if (find_row(table, key)) {
        snprintf(where, PATH_BYTES, "%s", path);
        return true;
    }
    for (; table->name; table++) {
        join(below, path, table->name);
        if (table->type == DT_OPT_SECTION && is_in_table(table->section, key, below, where))
            return true;
    }
    return false;
}

static bool is_elsewhere(const struct binder *b, const char *key, char where[PATH_BYTES])
{
    for (int i = 0; i < b->n; i++)
        if (!b->part[i].foreign && is_in_table(b->part[i].table, key, b->part[i].section, where))
            return true;
    return false;
}

static int add_names(const char **names, int n, const struct dt_opt *table)
{
    for (; table->name && n < MAX_NAMES; table++)
        names[n++] = table->name;
    return n;
}

static void unknown(struct binder *b, const struct dt_ynode *node, const char *path, const char *const *names,
                    int n_names)
{
    const char *near = dt_nearest(node->key, names, n_names);
    char where[PATH_BYTES], in[PATH_BYTES + 16] = "at the top level", hint[PATH_BYTES + 64] = "";

    if (*path)
        snprintf(in, sizeof in, "in '%s'", path);
    if (is_elsewhere(b, node->key, where)) {
        if (*where)
            snprintf(hint, sizeof hint, "; it belongs in '%s'", where);
        else
            snprintf(hint, sizeof hint, "; it belongs at the top level");
    } else if (near) {
        snprintf(hint, sizeof hint, "; did you mean '%s'?", near);
    }
    dt_config_problem(b->c, node->key_at, "unknown key '%s' %s%s", node->key, in, hint);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

static const char *describe(const struct dt_ynode *n, char *buf, size_t size)
{
    if (n->kind == DT_NODE_SCALAR && dt_ynode_is_empty(n))
        snprintf(buf, size, "nothing");
    else if (n->kind == DT_NODE_SCALAR)
        snprintf(buf, size, "\"%.80s%s\"", n->text, strlen(n->text) > 80 ? "..." : "");
    else
        snprintf(buf, size, "%s", n->kind == DT_NODE_LIST ? "a list" : "a section of keys");
    return buf;
}

static void expected(struct binder *b, const struct dt_opt *opt, const struct dt_ynode *n, const char *path,
                     const char *remedy)
{
    char want[256], got[128];

    dt_config_problem(b->c, n->at, "%s: expected %s, got %s%s", path, dt_opt_expects(opt, want, sizeof want),
                      describe(n, got, sizeof got), remedy);
}

static bool is_null(const struct dt_ynode *n)
{
    return n->kind == DT_NODE_SCALAR && n->plain &&
           (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null") || !strcmp(n->text, "Null") ||
            !strcmp(n->text, "NULL"));
}

/* One scalar into `dst`; `opt` is of a scalar type. */
static void bind_scalar(struct binder *b, const struct dt_opt *opt, void *dst, const struct dt_ynode *n,
                        const char *path)
{
    bool is_text = opt->type == DT_OPT_STR || opt->type == DT_OPT_PICK;
    struct dt_err err = { .code = DT_OK };

    if (n->kind != DT_NODE_SCALAR) {
        expected(b, opt, n, path, "");
    } else if (is_null(n) && !(opt->type == DT_OPT_STR && n->at.source->is_override && !*n->text)) {
        expected(b, opt, n, path, opt->type == DT_OPT_STR ? "; an empty text is written \"\"" : "");
    } else if (!n->plain && !is_text) {
        expected(b, opt, n, path, " in quotes, which make it a text; remove them");
    } else if (strlen(n->text) > MAX_TEXT) {
        dt_config_problem(b->c, n->at, "%s: longer than %d bytes", path, MAX_TEXT);
    } else if (!dt_opt_set(opt, dst, n->text, b->c->arena, &err)) {
        if (err.code == DT_ENOMEM)
            b->c->no_memory = true;
        else
            dt_config_problem(b->c, n->at, "%s: %s", path, err.msg);
    }
}

/* Item by item, so that each error has its own place and a text may hold what it likes. */
static void bind_list(struct binder *b, const struct dt_opt *opt, void *dst, const struct dt_ynode *n, const char *path)
{
    bool is_reals = opt->type == DT_OPT_REALS;
    struct dt_opt item = { .name = opt->name, .min = opt->min, .max = opt->max, .help = opt->help };
    size_t bytes = is_reals ? sizeof(double) : sizeof(const char *);
    char *v, below[PATH_BYTES + 16];
    void *field = (char *)dst + opt->offset;
    int i = 0;

    if (n->kind != DT_NODE_LIST) {
        expected(b, opt, n, path, "; a list is written [a, b]");
        return;
    }
    v = dt_config_alloc(b->c, (size_t)(n->n + !n->n) * bytes);
    if (!v)
        return;
    item.type = is_reals ? DT_OPT_REAL : DT_OPT_STR;
    for (const struct dt_ynode *child = n->first; child; child = child->next, i++) {
        snprintf(below, sizeof below, "%s[%d]", path, i);
        bind_scalar(b, &item, v + (size_t)i * bytes, child, below);
    }
    if (is_reals)
        *(struct dt_reals *)field = (struct dt_reals){ .n = n->n, .v = (double *)(void *)v };
    else
        *(struct dt_strs *)field = (struct dt_strs){ .n = n->n, .v = (const char **)(void *)v };
}

/* ---- sections -------------------------------------------------------------------------------------------------- */

static void bind_table(struct binder *b, const struct dt_opt *table, void *dst, const struct dt_ynode *section,
                       const char *path);

/* Without `dst` only the spelling of keys is looked at. */
static void bind_row(struct binder *b, const struct dt_opt *opt, void *dst, const struct dt_ynode *n, const char *path)
{
    if (opt->type == DT_OPT_SECTION)
        bind_table(b, opt->section, dst ? (char *)dst + opt->offset : NULL, n, path);
    else if (!dst)
        return;
    else if (opt->type == DT_OPT_REALS || opt->type == DT_OPT_STRS)
        bind_list(b, opt, dst, n, path);
    else
        bind_scalar(b, opt, dst, n, path);
}

static void missing(struct binder *b, const struct dt_opt *opt, const struct dt_ynode *section, const char *path)
{
    struct dt_place at = section ? section->key_at : (struct dt_place){ .source = b->c->main };
    char want[256];

    dt_config_problem(b->c, at, "required key '%s' is missing; expected %s", path,
                      dt_opt_expects(opt, want, sizeof want));
}

/* The rows that the section has not: required ones are missed, also in the sections below. */
static void look_for_missing(struct binder *b, const struct dt_opt *table, const struct dt_ynode *section,
                             const char *path)
{
    char below[PATH_BYTES];

    for (; table->name; table++) {
        if (dt_ynode_find(section, table->name))
            continue;
        join(below, path, table->name);
        if (table->type == DT_OPT_SECTION)
            look_for_missing(b, table->section, NULL, below);
        else if (!table->def)
            missing(b, table, section == b->c->root ? NULL : section, below);
    }
}

static void bind_table(struct binder *b, const struct dt_opt *table, void *dst, const struct dt_ynode *section,
                       const char *path)
{
    const char *names[MAX_NAMES];
    int n_names = add_names(names, 0, table);
    char below[PATH_BYTES], got[128];

    if (section->kind != DT_NODE_MAP && !dt_ynode_is_empty(section)) {
        dt_config_problem(b->c, section->at, "%s: expected a section of keys, got %s", path,
                          describe(section, got, sizeof got));
        return;
    }
    for (const struct dt_ynode *n = section->first; n; n = n->next) {
        const struct dt_opt *opt = find_row(table, n->key);

        join(below, path, n->key);
        if (opt)
            bind_row(b, opt, dst, n, below);
        else if (!is_users_own(n->key))
            unknown(b, n, path, names, n_names);
    }
    if (dst)
        look_for_missing(b, table, section, path);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void bind_section(struct binder *b, const struct dt_config_part *part, const struct dt_ynode *n)
{
    if (part->foreign && n->key_at.source->is_base)
        dt_log(DT_WARN, "%s:%d:%d: section '%s' belongs to another method", n->key_at.source->name, n->key_at.line,
               n->key_at.col, n->key);
    else if (part->foreign)
        dt_config_problem(b->c, n->key_at, "section '%s' belongs to another method; remove it", n->key);
    bind_table(b, part->table, part->dst, n, part->section);
}

/* A key at the top: a row of a part without a section, or a part's section. */
static bool bind_top(struct binder *b, const struct dt_ynode *n)
{
    for (int i = 0; i < b->n; i++) {
        const struct dt_config_part *part = &b->part[i];
        const struct dt_opt *opt = *part->section ? NULL : find_row(part->table, n->key);

        if (opt) {
            bind_row(b, opt, part->dst, n, n->key);
            return true;
        }
        if (*part->section && !strcmp(part->section, n->key)) {
            bind_section(b, part, n);
            return true;
        }
    }
    return is_users_own(n->key);
}

static void bind_root(struct binder *b)
{
    const char *names[MAX_NAMES];
    int n_names = 0;

    for (int i = 0; i < b->n; i++) {
        if (!*b->part[i].section)
            n_names = add_names(names, n_names, b->part[i].table);
        else if (n_names < MAX_NAMES)
            names[n_names++] = b->part[i].section;
    }
    for (const struct dt_ynode *n = b->c->root->first; n; n = n->next)
        if (!bind_top(b, n))
            unknown(b, n, "", names, n_names);
    for (int i = 0; i < b->n; i++) {
        const struct dt_config_part *part = &b->part[i];

        if (part->dst && !*part->section)
            look_for_missing(b, part->table, b->c->root, "");
        else if (part->dst && !dt_ynode_find(b->c->root, part->section))
            look_for_missing(b, part->table, NULL, part->section);
    }
}

static void set_defaults(struct binder *b)
{
    struct dt_err err = { .code = DT_OK };

    for (int i = 0; i < b->n; i++)
        if (b->part[i].dst && !dt_opt_defaults(b->part[i].table, b->part[i].dst, b->c->arena, &err))
            b->c->no_memory = true;
    DT_ASSERT(err.code == DT_OK || err.code == DT_ENOMEM); /* a default that its own row refuses is a bug */
}

enum dt_code dt_config_bind(struct dt_config *c, const struct dt_config_part *part, int n, struct dt_err *err)
{
    struct binder b = { .c = c, .part = part, .n = n };

    set_defaults(&b);
    if (!c->unreadable)
        bind_root(&b);
    if (c->no_memory)
        dt_fail(err, DT_ENOMEM, "%s: out of memory", c->main->name);
    else if (c->n_problems > 1)
        dt_fail(err, DT_ECONFIG, "%s (and %d more)", c->problem[0].line, c->n_problems - 1);
    else if (c->n_problems == 1)
        dt_fail(err, DT_ECONFIG, "%s", c->problem[0].line);
    return err->code;
}
