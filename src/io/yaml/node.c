/* The tree of a config: every node in the config's arena, so nothing is freed one by one. */
#include "io/yaml/config.h"

#include <string.h>

void *dt_config_alloc(struct dt_config *c, size_t bytes)
{
    void *p = dt_arena_calloc(c->arena, 1, bytes);

    if (!p)
        c->no_memory = true;
    return p;
}

char *dt_config_copy(struct dt_config *c, const char *text, size_t n)
{
    char *copy = dt_config_alloc(c, n + 1);

    return copy ? memcpy(copy, text, n) : NULL;
}

struct dt_ynode *dt_ynode_new(struct dt_config *c, enum dt_node_kind kind, struct dt_place at)
{
    struct dt_ynode *n = dt_config_alloc(c, sizeof *n);

    if (n)
        *n = (struct dt_ynode){ .kind = kind, .text = "", .at = at, .key_at = at };
    return n;
}

void dt_ynode_append(struct dt_ynode *parent, struct dt_ynode *child)
{
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

struct dt_ynode *dt_ynode_find(const struct dt_ynode *map, const char *key)
{
    if (!map || map->kind != DT_NODE_MAP)
        return NULL;
    for (struct dt_ynode *n = map->first; n; n = n->next)
        if (!strcmp(n->key, key))
            return n;
    return NULL;
}

struct dt_ynode *dt_ynode_walk(const struct dt_ynode *map, const char *dotted)
{
    char part[256];

    for (;;) {
        size_t n = strcspn(dotted, ".");
        struct dt_ynode *found;

        if (n >= sizeof part)
            return NULL;
        memcpy(part, dotted, n);
        part[n] = '\0';
        found = dt_ynode_find(map, part);
        if (!found || !dotted[n])
            return found;
        map = found;
        dotted += n + 1;
    }
}

struct dt_ynode *dt_ynode_take(struct dt_ynode *map, const char *key)
{
    struct dt_ynode *before = NULL, *n = map->first;

    for (; n && strcmp(n->key, key) != 0; n = n->next)
        before = n;
    if (!n)
        return NULL;
    if (before)
        before->next = n->next;
    else
        map->first = n->next;
    if (map->last == n)
        map->last = before;
    map->n--;
    n->next = NULL;
    return n;
}

bool dt_ynode_is_empty(const struct dt_ynode *n)
{
    return n->kind == DT_NODE_SCALAR && n->plain && !*n->text;
}

void dt_ynode_merge(struct dt_ynode *into, struct dt_ynode *from)
{
    for (struct dt_ynode *n = from->first, *next; n; n = next) {
        struct dt_ynode *old = dt_ynode_find(into, n->key), *after;

        next = n->next;
        if (!old) {
            dt_ynode_append(into, n);
            continue;
        }
        if (old->kind == DT_NODE_MAP && (n->kind == DT_NODE_MAP || dt_ynode_is_empty(n))) {
            old->key_at = n->key_at;
            old->at = n->at;
            if (n->kind == DT_NODE_MAP)
                dt_ynode_merge(old, n);
            continue;
        }
        after = old->next;
        *old = *n;
        old->next = after;
    }
}
