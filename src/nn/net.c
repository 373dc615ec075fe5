/* net: the owner. dt_net_finish turns a tree into something that runs: the space of its choices, flat arrays of
 * parameters, first values, and a dry run of its largest and smallest arch. */
#include "nn/net.h"

#include <string.h>

enum { ALIGN = 64 / sizeof(dt_real) };

void dt_net_free(struct dt_net *net)
{
    if (!net)
        return;
    for (int i = 0; i < net->n_params; i++)
        dt_pack_free(&net->param[i]->tensor);
    dt_tape_free(net->dry);
    dt_arena_free(net->arena);
    dt_free(net);
}

/* ---- the space ---- */
struct collect {
    struct dt_choice *choice;
    int n;
};

static bool collect_choices(void *ctx, struct dt_module *m, int depth)
{
    struct collect *c = ctx;

    (void)depth;
    for (int kind = 0; kind < DT_N_CHOICE_KINDS; kind++)
        if (m->choice[kind] >= 0) {
            c->choice[c->n] = (struct dt_choice){ .path = m->path, .kind = (enum dt_choice_kind)kind, .tie = -1 };
            m->choice[kind] = c->n++;
        }
    return true;
}

static bool make_space(struct dt_net *net)
{
    struct collect c = { dt_arena_calloc(net->arena, (size_t)net->space.n + 1, sizeof *c.choice), 0 };

    if (!c.choice)
        return dt_fail(&net->err, DT_ENOMEM, "out of memory for the choices of the net");
    dt_net_walk(net, &(struct dt_visitor){ .ctx = &c, .module = collect_choices });
    DT_ASSERT(c.n == net->space.n);
    for (const struct dt_choice_made *d = net->made; d; d = d->next) {
        struct dt_choice *choice = &c.choice[d->owner->choice[d->kind]];

        choice->max = d->max;
        if (d->with)
            choice->tie = d->with->choice[d->kind];
    }
    net->space.choice = c.choice;
    return true;
}

/* ---- flat arrays ---- */
static bool count_param(void *ctx, struct dt_param *p)
{
    struct dt_net *net = ctx;
    size_t *size = p->buffer ? &net->n_buffer : &net->size;
    size_t n = ((size_t)dt_numel(&p->tensor.shape) + ALIGN - 1) / ALIGN * ALIGN;

    p->offset = *size;
    *size += n;
    net->n_params++;
    return *size >= n; /* else it has wrapped */
}

static bool place_param(void *ctx, struct dt_param *p)
{
    struct dt_net *net = ctx;

    p->tensor.data = (p->buffer ? net->b : net->x) + p->offset;
    p->tensor.grad = p->buffer ? NULL : net->g + p->offset;
    p->tensor.version = 1;
    p->tensor.param = !p->buffer;
    dt_param_init(p, net->seed, (uint32_t)net->n_params);
    net->param[net->n_params++] = p;
    return true;
}

static bool place_params(struct dt_net *net)
{
    bool fits = dt_net_walk(net, &(struct dt_visitor){ .ctx = net, .param = count_param });

    if (fits) {
        net->x = dt_arena_calloc(net->arena, net->size + 1, sizeof *net->x);
        net->g = dt_arena_calloc(net->arena, net->size + 1, sizeof *net->g);
        net->b = dt_arena_calloc(net->arena, net->n_buffer + 1, sizeof *net->b);
        net->param = dt_arena_calloc(net->arena, (size_t)net->n_params + 1, sizeof(struct dt_param *));
    }
    net->n_params = 0;
    if (!net->x || !net->g || !net->b || !net->param)
        return dt_fail(&net->err, DT_ENOMEM, "out of memory for %zu parameters", net->size);
    return dt_net_walk(net, &(struct dt_visitor){ .ctx = net, .param = place_param });
}

/* ---- the dry check ---- */
/* Every head is looked at, so that it is checked; the smallest arch keeps nothing and is one channel wide. */
static enum dt_code check(struct dt_net *net, bool largest)
{
    int *row = dt_arena_calloc(net->arena, (size_t)net->space.n + 1, sizeof *row);

    if (!row) {
        dt_fail(&net->err, DT_ENOMEM, "out of memory for a row of choices");
        return DT_ENOMEM;
    }
    for (int i = 0; i < net->space.n; i++) {
        const struct dt_choice *c = &net->space.choice[i];

        row[i] = c->kind == DT_EXIT ? DT_LOOK : largest ? c->max : 0;
    }
    return dt_trace(net, NULL, row, net->dry, &net->err);
}

enum dt_code dt_net_finish(struct dt_net *net, int h, int w, int c, struct dt_err *err)
{
    DT_ASSERT(!net->finished);
    if (!net->err.code && !net->root[DT_TREE_NET])
        dt_fail(&net->err, DT_ESHAPE, "the net has no tree \"net\"");
    net->input = dt_shape4(1, h, w, c);
    if (!net->err.code && make_space(net) && place_params(net)) {
        net->finished = true;
        net->dry = dt_tape_new_dry(&net->err);
        if (net->dry && check(net, true) == DT_OK)
            (void)(net->space.n > 0 && check(net, false) == DT_OK);
    }
    if (net->err.code)
        dt_fail(err, net->err.code, "%s", net->err.msg);
    return net->err.code;
}

/* ---- what it has ---- */
const struct dt_err *dt_net_err(const struct dt_net *net)
{
    return &net->err;
}

struct dt_module *dt_net_root(struct dt_net *net)
{
    return net->root[DT_TREE_NET];
}

struct dt_module *dt_net_policy(struct dt_net *net)
{
    return net->root[DT_TREE_POLICY];
}

const struct dt_space *dt_net_space(const struct dt_net *net)
{
    return &net->space;
}

struct dt_shape dt_net_input(const struct dt_net *net)
{
    return net->input;
}

size_t dt_net_size(const struct dt_net *net)
{
    return net->size;
}

dt_real *dt_net_x(struct dt_net *net)
{
    return net->x;
}

dt_real *dt_net_g(struct dt_net *net)
{
    return net->g;
}

void dt_net_touch(struct dt_net *net)
{
    for (int i = 0; i < net->n_params; i++)
        net->param[i]->tensor.version++;
}

void dt_net_zero_grad(struct dt_net *net)
{
    memset(net->g, 0, net->size * sizeof *net->g);
}
