/* A config from its sources: the file, the files below its `base:`, the overrides of the command line. */
#include "io/yaml/config.h"

#include <string.h>
#include <sys/stat.h>

#include "io/file.h"

enum { MAX_BYTES = 1 << 20, MAX_BASES = 16, MAX_SOURCES = 64 };

/* The files being read, innermost first. */
struct chain {
    const struct chain *up;
    const char *name;
    dev_t dev;
    ino_t ino;
    int depth;
};

static const struct dt_source *new_source(struct dt_config *c, const char *name, bool is_base, bool is_override)
{
    struct dt_source *s = dt_config_alloc(c, sizeof *s);
    char *copy = dt_config_copy(c, name, strlen(name));

    if (!s || !copy)
        return NULL;
    *s = (struct dt_source){ .name = copy, .order = c->n_sources++, .is_base = is_base, .is_override = is_override };
    return s;
}

static void unreadable(struct dt_config *c, struct dt_place at, const char *path, const char *what)
{
    c->unreadable = true;
    if (at.source->name == path)
        dt_config_problem(c, at, "%s", what);
    else
        dt_config_problem(c, at, "base file '%s' %s", path, what);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static struct dt_ynode *load_file(struct dt_config *c, const char *path, const struct dt_place *named_at,
                                  const struct chain *up);

/* Relative to the folder of the file that names it. */
static char *base_path(struct dt_config *c, const char *naming, const char *name)
{
    const char *slash = strrchr(naming, '/');
    char *path;

    if (*name == '/' || !slash)
        return dt_config_copy(c, name, strlen(name));
    path = dt_arena_printf(c->arena, "%.*s/%s", (int)(slash - naming), naming, name);
    if (!path)
        c->no_memory = true;
    return path;
}

static void load_base(struct dt_config *c, const struct dt_ynode *name, const struct chain *here, struct dt_ynode *into)
{
    struct dt_ynode *root;
    char *path;

    if (name->kind != DT_NODE_SCALAR || !*name->text) {
        c->unreadable = true;
        dt_config_problem(c, name->at, "base: expected a file name or a list of file names");
        return;
    }
    path = base_path(c, here->name, name->text);
    root = path ? load_file(c, path, &name->at, here) : NULL;
    if (root)
        dt_ynode_merge(into, root);
}

/* Below the entries of the file itself come those of its bases, left to right. */
static struct dt_ynode *with_bases(struct dt_config *c, struct dt_ynode *own, const struct chain *here)
{
    struct dt_ynode *base = dt_ynode_take(own, "base"), *all;

    if (!base)
        return own;
    all = dt_ynode_new(c, DT_NODE_MAP, own->at);
    if (!all)
        return NULL;
    if (base->kind == DT_NODE_LIST)
        for (const struct dt_ynode *item = base->first; item; item = item->next)
            load_base(c, item, here, all);
    else
        load_base(c, base, here, all);
    dt_ynode_merge(all, own);
    return all;
}

static bool is_cycle(struct dt_config *c, const struct chain *here, struct dt_place at)
{
    for (const struct chain *k = here->up; k; k = k->up)
        if (k->dev == here->dev && k->ino == here->ino) {
            unreadable(c, at, here->name, "is being read already: the files name each other");
            return true;
        }
    return false;
}

static struct dt_ynode *parse_file(struct dt_config *c, const struct dt_source *source, struct dt_place at)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ynode *root;
    size_t size;
    char *text = dt_file_read(source->name, MAX_BYTES, &size, DT_ECONFIG, &err);

    if (!text) {
        c->no_memory = c->no_memory || err.code == DT_ENOMEM;
        unreadable(c, at, source->name, err.msg);
        return NULL;
    }
    root = dt_yaml_parse(c, source, text, size, false);
    dt_free(text);
    return root;
}

static struct dt_ynode *load_file(struct dt_config *c, const char *path, const struct dt_place *named_at,
                                  const struct chain *up)
{
    const struct dt_source *source = new_source(c, path, named_at != NULL, false);
    struct chain here = { .up = up, .depth = up ? up->depth + 1 : 0 };
    struct dt_ynode *own;
    struct dt_place at;
    struct stat st;

    if (!source)
        return NULL;
    if (!named_at)
        c->main = source;
    at = named_at ? *named_at : (struct dt_place){ .source = source };
    here.name = source->name;
    if (here.depth > MAX_BASES || c->n_sources > MAX_SOURCES) {
        unreadable(c, at, source->name, "is one too many: at most 64 files, 16 deep, make a config");
        return NULL;
    }
    if (stat(path, &st) == 0) {
        here.dev = st.st_dev;
        here.ino = st.st_ino;
        if (is_cycle(c, &here, at))
            return NULL;
    }
    own = parse_file(c, source, at);
    return own ? with_bases(c, own, &here) : NULL;
}

/* ---- overrides ------------------------------------------------------------------------------------------------- */

/* "key.path" to a chain of maps around the value. NULL: malformed, or out of memory. */
static struct dt_ynode *wrap(struct dt_config *c, const char *dotted, size_t len, struct dt_ynode *value,
                             struct dt_place at)
{
    while (len > 0) {
        size_t begin = len;
        struct dt_ynode *map = dt_ynode_new(c, DT_NODE_MAP, at);

        while (begin > 0 && dotted[begin - 1] != '.')
            begin--;
        value->key = dt_config_copy(c, dotted + begin, len - begin);
        if (!map || !value->key || begin == len || begin == 1)
            return NULL;
        value->key_at = at;
        dt_ynode_append(map, value);
        value = map;
        len = begin ? begin - 1 : 0;
    }
    return value;
}

static void override(struct dt_config *c, int number, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : 0;
    struct dt_place at = { .source = NULL };
    struct dt_ynode *value, *map;
    char name[64];

    snprintf(name, sizeof name, "command line: override %d", number);
    at.source = new_source(c, name, false, true);
    if (!at.source)
        return;
    if (len == 0 || text[0] == '.' || text[len - 1] == '.' || memchr(text, ' ', len)) {
        dt_config_problem(c, at, "'%s' does not have the form key.path=value", text);
        return;
    }
    if (!strncmp(text, "base=", 5)) {
        dt_config_problem(c, at, "'base' is for files; name the other file in place of this one");
        return;
    }
    value = dt_yaml_parse(c, at.source, equals + 1, strlen(equals + 1), true);
    if (!value)
        return;
    map = wrap(c, text, len, value, at);
    if (map)
        dt_ynode_merge(c->root, map);
    else if (!c->no_memory)
        dt_config_problem(c, at, "'%s' does not have the form key.path=value", text);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

struct dt_config *dt_config_load(const char *path, int n_overrides, const char *const *overrides, struct dt_err *err)
{
    struct dt_arena *arena = dt_arena_new(1 << 18, err);
    struct dt_config *c = arena ? dt_arena_calloc(arena, 1, sizeof *c) : NULL;

    if (!c)
        goto no_memory;
    c->arena = arena;
    c->root = load_file(c, path, NULL, NULL);
    if (!c->root)
        c->root = dt_ynode_new(c, DT_NODE_MAP, (struct dt_place){ .source = c->main });
    for (int i = 0; i < n_overrides && !c->no_memory; i++)
        override(c, i + 1, overrides[i]);
    if (!c->no_memory)
        return c;
no_memory:
    dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
    dt_arena_free(arena);
    return NULL;
}

void dt_config_free(struct dt_config *c)
{
    if (c)
        dt_arena_free(c->arena);
}

const char *dt_config_peek(const struct dt_config *c, const char *dotted)
{
    const struct dt_ynode *n = dt_ynode_walk(c->root, dotted);

    return n && n->kind == DT_NODE_SCALAR ? n->text : NULL;
}
