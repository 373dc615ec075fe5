/* paths: the paths of a ResNeXt block run as one grouped network (form C of Xie et al. 2017, which equals form A).
 * Their weights are joined for the step; batch norm takes a weight a sample and path; and since the last convolution is
 * linear, a path that a sample does not take is gated in front of it. So paths cost what groups do, masked or not. */
#include "nn/layers/layer.h"
#include "nn/models/model.h"

#include <string.h>

/* Layers of a path, as models/resnext.c builds it. */
enum { CONV1, CONV2, CONV3 };

struct together {
    struct dt_run *run;
    struct dt_module *first; /* of the paths, neighbours in the list of children */
    int n;
    struct dt_tensor *weight; /* for batch norm: [samples], [samples][n] or NULL */
    struct dt_tensor *gate;   /* [samples][n], or NULL */
};

/* The convolution or the norm of a layer of a path. */
static struct dt_module *part(struct dt_module *path, int layer, bool norm)
{
    struct dt_module *m = path->child;

    while (layer-- > 0)
        m = m->next;
    if (!m->child) /* the last is a convolution alone */
        return m;
    return norm ? m->child->next : m->child;
}

static struct dt_param *param(struct dt_module *m, const char *name)
{
    struct dt_param *p = m->param;

    while (strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

/* The parameter of all paths. */
static struct dt_tensor *joined(struct together *t, int layer, bool norm, const char *name, int dim)
{
    struct dt_tensor **in = dt_tape_alloc(t->run->tape, (size_t)t->n * sizeof(struct dt_tensor *));
    struct dt_module *path = t->first;

    if (!in)
        return dt_tape_fail(t->run->tape, DT_ENOMEM, "out of memory");
    for (int i = 0; i < t->n; i++, path = path->next)
        in[i] = &param(part(path, layer, norm), name)->tensor;
    return dt_weight_join(t->run->tape, in, t->n, dim);
}

/* Running statistics that the joined norm has renewed go back to the paths'. */
static void put_back(struct together *t, int layer, const char *name, const struct dt_tensor *from)
{
    struct dt_module *path = t->first;

    for (int i = 0; i < t->n && !dt_tape_err(t->run->tape)->code; i++, path = path->next) {
        struct dt_tensor *to = &param(part(path, layer, true), name)->tensor;
        size_t c = (size_t)to->shape.d[0];

        memcpy(to->data, from->data + (size_t)i * c, c * sizeof(dt_real));
    }
}

static struct dt_tensor *norm(struct together *t, int layer, struct dt_tensor *x)
{
    struct dt_norm_cfg cfg = dt_norm_cfg_of(part(t->first, layer, true), t->run);
    struct dt_norm_in in = { .gamma = joined(t, layer, true, "gamma", 0),
                             .beta = joined(t, layer, true, "beta", 0),
                             .mean = joined(t, layer, true, "mean", 0),
                             .var = joined(t, layer, true, "var", 0),
                             .weight = t->weight };
    struct dt_tensor *y = dt_batch_norm(t->run->tape, x, &in, &cfg);

    if (cfg.training && !cfg.frozen) {
        put_back(t, layer, "mean", in.mean);
        put_back(t, layer, "var", in.var);
    }
    return y;
}

/* Column i of [samples][n]: who takes the path. */
static bool who(struct together *t, struct dt_module *path, int i, dt_real *table, bool *all)
{
    struct dt_part p;
    int choice = path->choice[DT_KEEP];

    if (!dt_run_pick(t->run, t->run->arch.n ? choice : -1, 0, &p))
        return false;
    *all &= p.n == p.of;
    for (int k = 0; k < p.n; k++)
        table[p.at[k] * t->n + i] = 1;
    return true;
}

/* The arch's own gates, where gradients flow through them; columns without one are those of the table. */
static struct dt_tensor *learned_gate(struct together *t, struct dt_tensor *table)
{
    struct dt_tensor **column = dt_tape_alloc(t->run->tape, (size_t)t->n * sizeof(struct dt_tensor *));
    struct dt_module *path = t->first;
    bool any = false;

    for (int i = 0; i < t->n && column; i++, path = path->next) {
        struct dt_tensor *g = path->choice[DT_KEEP] < 0 ? NULL : dt_run_gate(t->run, path->choice[DT_KEEP]);

        any |= g != NULL;
        column[i] = g ? dt_reshape(t->run->tape, g, dt_shape2(t->run->n, 1)) : dt_slice(t->run->tape, table, i, 1);
    }
    return any && column ? dt_concat(t->run->tape, column, t->n) : NULL;
}

/* False: out of memory, or it is for the paths one by one (SKIP, and not everybody takes all of them). */
static bool decide(struct together *t)
{
    struct dt_run *run = t->run;
    size_t size = (size_t)run->n * (size_t)t->n;
    dt_real *table = dt_tape_alloc(run->tape, size * sizeof *table);
    struct dt_module *path = t->first;
    struct dt_tensor *leaf;
    bool all = true;

    if (!table)
        return false;
    memset(table, 0, size * sizeof *table);
    for (int i = 0; i < t->n; i++, path = path->next)
        if (!who(t, path, i, table, &all))
            return false;
    t->weight = run->weight;
    leaf = dt_tape_leaf(run->tape, dt_shape2(run->n, t->n), table);
    t->gate = run->exec == DT_MASK && run->arch.gate ? learned_gate(t, leaf) : NULL;
    if (all)
        return true;
    if (run->exec == DT_SKIP)
        return false;
    t->weight = leaf;
    t->gate = t->gate ? t->gate : leaf;
    return true;
}

/* Freezing some paths and not others is rare: then they run one by one. */
static bool alike(struct dt_module *path, int n)
{
    bool frozen = part(path, CONV1, true)->frozen;

    for (int i = 0; i < n; i++, path = path->next)
        if (part(path, CONV1, true)->frozen != frozen || part(path, CONV2, true)->frozen != frozen)
            return false;
    return true;
}

struct dt_tensor *dt_paths_together(struct dt_module *m, int n, int stride, struct dt_run *run, struct dt_tensor *x)
{
    struct together t = { .run = run, .first = m->child, .n = n };
    struct dt_tape *tape = run->tape;
    struct dt_tensor *y;

    /* a dry tape shows every path with its choice */
    if (dt_tape_dry(tape) || dt_tape_err(tape)->code || n == 1 || !alike(t.first, n) || !decide(&t))
        return NULL;
    y = norm(&t, CONV1, dt_conv2d(tape, x, joined(&t, CONV1, false, "weight", 0), NULL, NULL));
    y = norm(&t, CONV2,
             dt_conv2d(tape, y, joined(&t, CONV2, false, "weight", 0), NULL,
                       &(struct dt_conv_cfg){ .stride = stride, .pad = 1, .groups = n }));
    if (t.gate)
        y = dt_gate(tape, y, t.gate);
    return dt_conv2d(tape, y, joined(&t, CONV3, false, "weight", 1), NULL, NULL);
}
