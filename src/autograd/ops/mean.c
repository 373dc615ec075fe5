/* mean: y = sum of all m elements of x / m        dx = dy / m, everywhere */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    char s[64];

    *out = dt_shape0();
    return dt_numel(&n->in[0]->shape) > 0 ||
           dt_fail(err, DT_ESHAPE, "%s has no elements", dt_shape_str(&n->in[0]->shape, s));
}

static void forward(struct dt_node *n)
{
    int64_t m = dt_numel(&n->in[0]->shape);

    n->out->data[0] = (dt_real)(dt_each_sum(n->in[0]->data, m) / (double)m);
}

static void backward(struct dt_node *n)
{
    int64_t m = dt_numel(&n->in[0]->shape);

    dt_each_fill(m, (double)n->out->grad[0] / (double)m, dt_grad_in(n, 0));
}

const struct dt_op dt_op_mean = {
    .name = "mean",
    .n_in = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_mean(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_mean, 1, &x, NULL);
}
