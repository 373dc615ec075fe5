/* gate: y[n,...,c] = g x, g [n] for whole samples, or [n,k] for k groups of neighbouring channels (k = c: each its own)
 *   dx = g dy        dg = sum of x dy over what g multiplies */
#include "autograd/kernels/rows.h"
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { X, G };

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[X]->shape, *g = &n->in[G]->shape;

    *out = *x;
    if (x->rank == 0 || g->rank < 1 || g->rank > 2 || g->d[0] != x->d[0])
        return dt_fail_shapes(err, g, x, "a gate is [n], one number a sample, or [n,k]");
    if (g->rank == 2 && (x->rank < 2 || g->d[1] < 1 || dt_shape_last(x) % g->d[1]))
        return dt_fail_shapes(err, g, x, "a gate [n,k] is for k equal groups of channels");
    return true;
}

/* A sample is `rows` rows of c channels; a number of the gate is for `per` of them. */
struct view {
    int64_t rows;
    int c, groups, per;
};

static struct view view_of(const struct dt_node *n)
{
    const struct dt_shape *x = &n->in[X]->shape, *g = &n->in[G]->shape;
    struct view v = { .c = x->rank > 1 ? dt_shape_last(x) : 1, .groups = g->rank == 2 ? g->d[1] : 1 };

    v.rows = v.c ? dt_shape_sample(x) / v.c : 0;
    v.per = v.c / v.groups;
    return v;
}

/* The gate of sample i, a number a channel. */
static void spread(const struct dt_node *n, struct view v, int64_t i, dt_real *a)
{
    for (int k = 0; k < v.c; k++)
        a[k] = n->in[G]->data[i * v.groups + k / v.per];
}

/* n->save: for each sample a gate a channel, zeros, and room for sums. */
enum { GATE, ZERO, SUM, UNUSED, N_SAVED };

static dt_real *saved(const struct dt_node *n, struct view v, int64_t i, int what)
{
    return (dt_real *)n->save + (i * N_SAVED + what) * v.c;
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const struct dt_rows_kernel *k = dt_rows_kernel(n->out->dtype);
    struct view v = view_of(n);

    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * v.rows * v.c;

        memset(saved(n, v, i, ZERO), 0, (size_t)v.c * sizeof(dt_real));
        spread(n, v, i, saved(n, v, i, GATE));
        k->scale(dt_at(n->in[X], at), NULL, v.rows, v.c, saved(n, v, i, GATE), saved(n, v, i, ZERO), DT_LINEAR,
                 dt_to(y, at), NULL);
    }
}

static void slope_x(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct dt_rows_kernel *k = dt_rows_kernel(n->out->dtype);
    struct view v = view_of(n);

    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * v.rows * v.c;
        const dt_real *zero = saved(n, v, i, ZERO);

        k->grad_input(dt_at(n->in[X], at), dt_grad_at(n->out, at), NULL, v.rows, v.c, v.c, zero, saved(n, v, i, GATE),
                      zero, zero, dx.add, dt_to(dx, at));
    }
}

static void slope_g(struct dt_node *n, struct dt_grad dg, int64_t begin, int64_t end)
{
    const struct dt_rows_kernel *k = dt_rows_kernel(n->out->dtype);
    struct view v = view_of(n);

    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * v.rows * v.c;
        dt_real *sum = saved(n, v, i, SUM);

        memset(sum, 0, 2 * (size_t)v.c * sizeof *sum);
        k->grad_stats(dt_at(n->in[X], at), dt_grad_at(n->out, at), NULL, NULL, v.rows, v.c, v.c, saved(n, v, i, ZERO),
                      sum, saved(n, v, i, UNUSED));
        for (int j = 0; j < v.groups; j++) {
            double dot = dg.add ? (double)dg.g[i * v.groups + j] : 0;

            for (int c = j * v.per; c < (j + 1) * v.per; c++)
                dot += (double)sum[c];
            dg.g[i * v.groups + j] = (dt_real)dot;
        }
    }
}

static void forward(struct dt_node *n)
{
    struct view v = view_of(n);

    n->save = dt_node_alloc(n, (size_t)n->out->shape.d[0] * N_SAVED * (size_t)v.c * sizeof(dt_real));
    if (n->save)
        dt_each_row(n, dt_each_out(n), n->out->shape.d[0], dt_shape_sample(&n->out->shape), value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, X), n->out->shape.d[0], dt_shape_sample(&n->out->shape), slope_x);
    dt_each_row(n, dt_grad_in(n, G), n->out->shape.d[0], dt_shape_sample(&n->out->shape), slope_g);
}

const struct dt_op dt_op_gate = {
    .name = "gate",
    .n_in = 2,
    .half = 1 << X,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_gate(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *g)
{
    return dt_tape_apply(t, &dt_op_gate, 2, (struct dt_tensor *[]){ x, g }, NULL);
}
