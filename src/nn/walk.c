/* walk: the only enumeration of modules, parameters and buffers. A module comes before its parameters, these before its
 * children, everything in order of creation; tree "net" before tree "policy". */
#include "nn/net.h"

#include <string.h>

static bool walk(struct dt_module *m, const struct dt_visitor *v, int depth)
{
    if (v->module && !v->module(v->ctx, m, depth))
        return false;
    for (struct dt_param *p = m->param; p && v->param; p = p->next)
        if (!v->param(v->ctx, p))
            return false;
    for (struct dt_module *c = m->child; c; c = c->next)
        if (!walk(c, v, depth + 1))
            return false;
    return true;
}

bool dt_module_walk(struct dt_module *m, const struct dt_visitor *v)
{
    return walk(m, v, 0);
}

bool dt_net_walk(struct dt_net *net, const struct dt_visitor *v)
{
    for (int i = 0; i < DT_N_TREES; i++)
        if (net->root[i] && !walk(net->root[i], v, 0))
            return false;
    return true;
}

struct find {
    const char *path;
    struct dt_module *found;
};

static bool find_module(void *ctx, struct dt_module *m, int depth)
{
    struct find *f = ctx;

    (void)depth;
    if (strcmp(m->path, f->path) == 0)
        f->found = m;
    return !f->found;
}

struct dt_module *dt_net_find(struct dt_net *net, const char *path)
{
    struct find f = { path, NULL };

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &f, .module = find_module });
    return f.found;
}
