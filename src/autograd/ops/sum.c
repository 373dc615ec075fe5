/* sum: y = sum of all x        dx = dy, everywhere */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    (void)n;
    (void)err;
    *out = dt_shape0();
    return true;
}

static void forward(struct dt_node *n)
{
    n->out->data[0] = (dt_real)dt_each_sum(n->in[0]->data, dt_numel(&n->in[0]->shape));
}

static void backward(struct dt_node *n)
{
    dt_each_fill(dt_numel(&n->in[0]->shape), (double)n->out->grad[0], dt_grad_in(n, 0));
}

const struct dt_op dt_op_sum = {
    .name = "sum",
    .n_in = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_sum(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_sum, 1, &x, NULL);
}
