/* What the files of yaml/ share: a config's sources, its tree, and the list of what is wrong with it. */
#ifndef DT_IO_YAML_CONFIG_H
#define DT_IO_YAML_CONFIG_H

#include <dyntrain/io.h>

/* A file, or one override of the command line. */
struct dt_source {
    const char *name;
    int order;        /* the config file 0, then in the order of reading */
    bool is_base;     /* a file that another one names */
    bool is_override; /* of the command line */
};
struct dt_place {
    const struct dt_source *source;
    int line, col; /* from 1; line 0: the source as a whole */
};

enum dt_node_kind { DT_NODE_SCALAR, DT_NODE_LIST, DT_NODE_MAP };
struct dt_ynode {
    enum dt_node_kind kind;
    bool plain;       /* a scalar without quotes */
    const char *text; /* of a scalar */
    const char *key;  /* within a map */
    struct dt_place key_at, at;
    struct dt_ynode *first, *last, *next; /* children, next sibling */
    int n;                                /* children */
};

enum { DT_MAX_PROBLEMS = 20 };
struct dt_problem {
    struct dt_place at;
    const char *line; /* as it is shown */
};
struct dt_config {
    struct dt_arena *arena;
    struct dt_ynode *root; /* all sources merged */
    const struct dt_source *main;
    int n_sources;
    bool unreadable; /* a source could not be understood: what the rest means would be guesswork */
    bool no_memory;
    int n_problems;                                 /* found */
    struct dt_problem problem[DT_MAX_PROBLEMS + 1]; /* the first by place; one row more says how many are left out */
};

/* ---- tree (node.c); NULL: out of memory, noted in the config ---- */
void *dt_config_alloc(struct dt_config *c, size_t bytes); /* cleared */
char *dt_config_copy(struct dt_config *c, const char *text, size_t n);
struct dt_ynode *dt_ynode_new(struct dt_config *c, enum dt_node_kind kind, struct dt_place at);
void dt_ynode_append(struct dt_ynode *parent, struct dt_ynode *child);
struct dt_ynode *dt_ynode_find(const struct dt_ynode *map, const char *key); /* NULL map: NULL */
struct dt_ynode *dt_ynode_walk(const struct dt_ynode *map, const char *dotted);
/* Takes the entry out of the map; NULL: it has none. */
struct dt_ynode *dt_ynode_take(struct dt_ynode *map, const char *key);
/* The entries of `from` go into `into`: maps are merged, all else is replaced. `from` is used up. */
void dt_ynode_merge(struct dt_ynode *into, struct dt_ynode *from);
bool dt_ynode_is_empty(const struct dt_ynode *n); /* "key:" with nothing behind it */

/* ---- problems (problem.c) ---- */
void dt_config_problem(struct dt_config *c, struct dt_place at, const char *fmt, ...) DT_PRINTF(3, 4);

/* ---- reading ---- */
/* One document (parse.c). NULL: the problem is noted. Nothing at all is an empty map. is_value: any value will do, not
 * only a map. */
struct dt_ynode *dt_yaml_parse(struct dt_config *c, const struct dt_source *source, const char *text, size_t size,
                               bool is_value);

/* of libyaml */
const char *dt_yaml_version(void);

#endif
