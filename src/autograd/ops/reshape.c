/* reshape: y = x under another shape, in the same memory        dx = dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[0]->shape;

    *out = *(const struct dt_shape *)n->attr;
    for (int i = 0; i < out->rank; i++)
        if (out->d[i] < 0)
            return dt_fail_shapes(err, out, x, "a side is negative");
    return dt_numel(out) == dt_numel(x) || dt_fail_shapes(err, out, x, "the numbers of elements differ");
}

static void forward(struct dt_node *n)
{
    n->out->data = n->in[0]->data;
}

static void backward(struct dt_node *n)
{
    dt_each_pass(n, 0);
}

const struct dt_op dt_op_reshape = {
    .name = "reshape",
    .n_in = 1,
    .flags = DT_OP_ALIAS,
    .attr_size = sizeof(struct dt_shape),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_reshape(struct dt_tape *t, struct dt_tensor *x, struct dt_shape shape)
{
    return dt_tape_apply(t, &dt_op_reshape, 1, &x, &shape);
}
