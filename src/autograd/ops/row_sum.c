/* row_sum: y[i] = sum of x[i,...]        dx[i,...] = dy[i] */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[0]->shape;

    if (x->rank == 0)
        return dt_fail(err, DT_ESHAPE, "a scalar has no rows");
    *out = dt_shape1(x->d[0]);
    return true;
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    int64_t width = dt_shape_sample(&n->in[0]->shape);

    for (int64_t i = begin; i < end; i++)
        y.g[i] = (dt_real)dt_run_sum(n->in[0]->data + i * width, width);
}

static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int64_t width = dt_shape_sample(&n->in[0]->shape);

    for (int64_t i = begin; i < end; i++) {
        dt_real dy = n->out->grad[i], *g = dx.g + i * width;

        for (int64_t k = 0; k < width; k++)
            g[k] = dx.add ? g[k] + dy : dy;
    }
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), slope);
}

const struct dt_op dt_op_row_sum = {
    .name = "row_sum",
    .n_in = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_row_sum(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_row_sum, 1, &x, NULL);
}
