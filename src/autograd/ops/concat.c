/* concat: y = x_1 | x_2 | ... along the last dimension        dx_i = its part of dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <limits.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    int64_t width = 0;

    if (n->n_in < 1 || n->in[0]->shape.rank == 0)
        return dt_fail(err, DT_ESHAPE, "nothing to join, or scalars");
    *out = n->in[0]->shape;
    for (int i = 0; i < n->n_in; i++) {
        struct dt_shape x = n->in[i]->shape;

        width += dt_shape_last(&x);
        if (x.rank == out->rank)
            x.d[x.rank - 1] = dt_shape_last(out);
        if (!dt_shape_equal(&x, out) || width > INT_MAX)
            return dt_fail_shapes(err, &n->in[i]->shape, out, "all but the last dimension must agree");
    }
    out->d[out->rank - 1] = (int)width;
    return true;
}

static void forward(struct dt_node *n)
{
    int64_t rows = dt_shape_rows(&n->out->shape);
    int width = dt_shape_last(&n->out->shape), at = 0;

    for (int i = 0; i < n->n_in; i++) {
        int c = dt_shape_last(&n->in[i]->shape);

        dt_each_run(rows, c, n->in[i]->data, c, (struct dt_grad){ .g = n->out->data + at, .add = false }, width);
        at += c;
    }
}

static void backward(struct dt_node *n)
{
    int64_t rows = dt_shape_rows(&n->out->shape);
    int width = dt_shape_last(&n->out->shape), at = 0;

    for (int i = 0; i < n->n_in; i++) {
        int c = dt_shape_last(&n->in[i]->shape);

        dt_each_run(rows, c, n->out->grad + at, width, dt_grad_in(n, i), c);
        at += c;
    }
}

const struct dt_op dt_op_concat = {
    .name = "concat",
    .n_in = 0,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_concat(struct dt_tape *t, struct dt_tensor *const *x, int n)
{
    return dt_tape_apply(t, &dt_op_concat, n, x, NULL);
}
