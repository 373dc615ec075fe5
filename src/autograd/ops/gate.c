/* gate: y[n,...,c] = g x, g [n] for whole samples or [n,c] for channels
 *   dx = g dy        dg = sum of x dy over what g multiplies */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

enum { X, G, BLOCK = 256 }; /* channels summed at a time, in double */

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[X]->shape, *g = &n->in[G]->shape;

    *out = *x;
    if (x->rank == 0 || g->rank < 1 || g->rank > 2 || g->d[0] != x->d[0])
        return dt_fail_shapes(err, g, x, "a gate is [n], one number a sample, or [n,c]");
    if (g->rank == 2 && (x->rank < 2 || g->d[1] != dt_shape_last(x)))
        return dt_fail_shapes(err, g, x, "a gate [n,c] needs as many channels as its input");
    return true;
}

/* Pixels a sample and channels a pixel, as the gate sees them: all of a sample is one pixel to a gate [n]. */
struct view {
    int64_t pixels, c;
    bool channels;
};

static struct view view_of(const struct dt_node *n)
{
    int64_t sample = dt_shape_sample(&n->in[X]->shape), c = dt_shape_last(&n->in[X]->shape);

    if (n->in[G]->shape.rank == 1)
        return (struct view){ 1, sample, false };
    return (struct view){ c ? sample / c : 0, c, true };
}

/* to = g from, over one pixel; `channels`: each with its own. */
static void scale_pixel(const dt_real *restrict from, const dt_real *restrict g, struct view v, struct dt_grad to)
{
    dt_real *restrict y = to.g;

    if (v.channels)
        for (int64_t k = 0; k < v.c; k++)
            y[k] = (to.add ? y[k] : 0) + g[k] * from[k];
    else
        for (int64_t k = 0; k < v.c; k++)
            y[k] = (to.add ? y[k] : 0) + g[0] * from[k];
}

/* Samples [begin, end): the forward pass and, from dy, dx. */
static void scale(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end, const dt_real *from)
{
    struct view v = view_of(n);

    for (int64_t i = begin; i < end; i++)
        for (int64_t p = i * v.pixels; p < (i + 1) * v.pixels; p++)
            scale_pixel(from + p * v.c, n->in[G]->data + (v.channels ? i * v.c : i), v,
                        (struct dt_grad){ .g = to.g + p * v.c, .add = to.add });
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    scale(n, y, begin, end, n->in[X]->data);
}

static void slope_x(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    scale(n, dx, begin, end, n->out->grad);
}

/* One sample, channel by channel. */
static void dot_channels(struct view v, const dt_real *x, const dt_real *dy, struct dt_grad dg)
{
    for (int64_t from = 0; from < v.c; from += BLOCK) {
        int m = (int)(v.c - from < BLOCK ? v.c - from : BLOCK);
        double sum[BLOCK] = { 0 };

        for (int64_t i = from; i < v.pixels * v.c; i += v.c)
            for (int k = 0; k < m; k++)
                sum[k] += (double)x[i + k] * (double)dy[i + k];
        for (int k = 0; k < m; k++)
            dg.g[from + k] = (dg.add ? dg.g[from + k] : 0) + (dt_real)sum[k];
    }
}

static void slope_g(struct dt_node *n, struct dt_grad dg, int64_t begin, int64_t end)
{
    struct view v = view_of(n);
    int64_t sample = v.pixels * v.c;

    for (int64_t i = begin; i < end; i++) {
        const dt_real *x = n->in[X]->data + i * sample, *dy = n->out->grad + i * sample;

        if (v.channels)
            dot_channels(v, x, dy, (struct dt_grad){ .g = dg.g + i * v.c, .add = dg.add });
        else
            dg.g[i] = (dg.add ? dg.g[i] : 0) + (dt_real)dt_run_dot(x, dy, sample);
    }
}

static void forward(struct dt_node *n)
{
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
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_gate(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *g)
{
    return dt_tape_apply(t, &dt_op_gate, 2, (struct dt_tensor *[]){ x, g }, NULL);
}
