/* module: the tree. Every module has a name that is unique among its siblings, hence a path ("net/stage1/block0"). */
#include "nn/net.h"

#include <string.h>

enum { DUMMY_BYTES = 1024 }; /* room for an instance of any class */

static bool failed(const struct dt_net *net)
{
    return net->err.code != DT_OK;
}

static void out_of_memory(struct dt_net *net)
{
    dt_fail(&net->err, DT_ENOMEM, "out of memory while building the net");
}

struct dt_net *dt_net_new(uint64_t seed, struct dt_err *err)
{
    struct dt_net *net = dt_calloc(1, sizeof *net);

    if (net)
        net->arena = dt_arena_new(0, err);
    if (net && net->arena)
        net->dummy = dt_arena_calloc(net->arena, 1, DUMMY_BYTES);
    if (!net || !net->dummy) {
        dt_fail(err, DT_ENOMEM, "out of memory for a new net");
        dt_net_free(net);
        return NULL;
    }
    net->seed = seed;
    net->dummy->net = net;
    net->dummy->name = net->dummy->path = "";
    for (int i = 0; i < DT_N_CHOICE_KINDS; i++)
        net->dummy->choice[i] = -1;
    net->dummy_param.name = net->dummy_param.path = "";
    net->dummy_param.owner = net->dummy;
    return net;
}

/* Links a new module behind its last sibling, or as a root. */
static bool attach(struct dt_net *net, struct dt_module *m)
{
    struct dt_module **at;

    if (!m->parent) {
        at = &net->root[strcmp(m->name, "policy") == 0 ? DT_TREE_POLICY : DT_TREE_NET];
        DT_ASSERT(strcmp(m->name, "net") == 0 || strcmp(m->name, "policy") == 0);
    } else {
        at = &m->parent->child;
    }
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, m->name) == 0)
            return dt_fail(&net->err, DT_ESHAPE, "%s: two modules have this name", m->path);
    *at = m;
    return true;
}

struct dt_module *dt_module_new(struct dt_net *net, struct dt_module *parent, const struct dt_module_class *cls,
                                const char *name_fmt, ...)
{
    struct dt_module *m;
    char name[64];
    va_list ap;
    int len;

    DT_ASSERT(cls->size >= sizeof *m && cls->size <= DUMMY_BYTES && !net->finished);
    if (failed(net))
        return net->dummy;
    va_start(ap, name_fmt);
    len = vsnprintf(name, sizeof name, name_fmt, ap);
    va_end(ap);
    DT_ASSERT(len > 0 && (size_t)len < sizeof name && !strchr(name, '/'));
    m = dt_arena_calloc(net->arena, 1, cls->size);
    if (m) {
        m->path =
            parent ? dt_arena_printf(net->arena, "%s/%s", parent->path, name) : dt_arena_printf(net->arena, "%s", name);
        m->name = m->path ? m->path + strlen(m->path) - (size_t)len : NULL;
    }
    if (!m || !m->path) {
        out_of_memory(net);
        return net->dummy;
    }
    m->class_ = cls;
    m->net = net;
    m->parent = parent;
    for (int i = 0; i < DT_N_CHOICE_KINDS; i++)
        m->choice[i] = -1;
    return attach(net, m) ? m : net->dummy;
}

static struct dt_param *param_new(struct dt_module *m, const char *name, struct dt_shape shape)
{
    struct dt_net *net = m->net;
    struct dt_param *p, **at = &m->param;

    DT_ASSERT(!net->finished);
    if (failed(net))
        return &net->dummy_param;
    p = dt_arena_calloc(net->arena, 1, sizeof *p);
    if (p)
        p->path = dt_arena_printf(net->arena, "%s/%s", m->path, name);
    if (!p || !p->path) {
        out_of_memory(net);
        return &net->dummy_param;
    }
    for (; *at; at = &(*at)->next)
        DT_ASSERT(strcmp((*at)->name, name) != 0);
    *at = p;
    for (int i = 0; i < shape.rank; i++)
        if (shape.d[i] < 1) {
            char text[64];

            dt_fail(&net->err, DT_ESHAPE, "%s: a parameter cannot have the shape %s", p->path,
                    dt_shape_str(&shape, text));
            return &net->dummy_param;
        }
    p->name = p->path + strlen(m->path) + 1;
    p->owner = m;
    p->tensor.shape = shape;
    return p;
}

struct dt_param *dt_param_new(struct dt_module *m, const char *name, struct dt_shape shape, enum dt_init init,
                              double value, bool decay)
{
    struct dt_param *p = param_new(m, name, shape);

    p->init = init;
    p->value = value;
    p->decay = decay;
    p->tensor.wants_grad = true;
    return p;
}

struct dt_param *dt_buffer_new(struct dt_module *m, const char *name, struct dt_shape shape, double value)
{
    struct dt_param *p = param_new(m, name, shape);

    p->init = DT_INIT_VALUE;
    p->value = value;
    p->buffer = true;
    return p;
}

void dt_choice_new(struct dt_module *m, enum dt_choice_kind kind, int max)
{
    struct dt_net *net = m->net;
    struct dt_choice_made *c;

    if (failed(net))
        return;
    DT_ASSERT(!net->finished && max > 0 && m->choice[kind] < 0);
    c = dt_arena_calloc(net->arena, 1, sizeof *c);
    if (!c) {
        out_of_memory(net);
        return;
    }
    c->owner = m;
    c->kind = kind;
    c->max = max;
    c->next = net->made;
    net->made = c;
    m->choice[kind] = net->space.n++; /* until dt_net_finish counts in walk order */
}

void dt_choice_tie(struct dt_module *m, struct dt_module *with, enum dt_choice_kind kind)
{
    struct dt_choice_made *c;

    if (failed(m->net))
        return;
    for (c = m->net->made; c && (c->owner != m || c->kind != kind); c = c->next)
        ;
    DT_ASSERT(c && with->choice[kind] >= 0 && !m->net->finished);
    c->with = with;
}

static bool freeze_module(void *ctx, struct dt_module *m, int depth)
{
    (void)depth;
    m->frozen = *(const bool *)ctx;
    return true;
}

static bool freeze_param(void *ctx, struct dt_param *p)
{
    p->tensor.wants_grad = !p->buffer && !*(const bool *)ctx;
    return true;
}

void dt_module_freeze(struct dt_module *m, bool frozen)
{
    dt_module_walk(m, &(struct dt_visitor){ &frozen, freeze_module, freeze_param });
}
