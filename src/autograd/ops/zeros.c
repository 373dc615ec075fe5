/* zeros: y = 0. An op, not a leaf, so that the dry trace sees it; it has no input, hence no gradient. On a tape it is
 * dt_real; a plan may want it in bfloat16. */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static void forward(struct dt_node *n)
{
    if (n->out->dtype == DT_BF16)
        memset(n->out->half, 0, (size_t)dt_numel(&n->out->shape) * sizeof(dt_bf16));
    else
        dt_each_fill(dt_numel(&n->out->shape), 0, dt_each_out(n));
}

const struct dt_op dt_op_zeros = {
    .name = "zeros",
    .flags = DT_OP_NONDIFF,
    .attr_size = sizeof(struct dt_shape),
    .infer = dt_infer_given,
    .forward = forward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_zeros(struct dt_tape *t, struct dt_shape shape)
{
    return dt_tape_apply(t, &dt_op_zeros, 0, NULL, &shape);
}
