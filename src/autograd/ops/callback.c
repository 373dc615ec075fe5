/* callback: y = what a function writes. Numbers from outside the network, such as a budget or what was answered before:
 * an op, not a leaf, so that a dry trace sees it and a plan can ask anew for every image. No input, hence no gradient.
 */
#include "autograd/op.h"

#include <dyntrain/ops.h>

static void forward(struct dt_node *n)
{
    const struct dt_callback *c = n->attr;

    c->fill(c, c->run, n->out->data);
}

const struct dt_op dt_op_callback = {
    .name = "callback",
    .flags = DT_OP_NONDIFF,
    .attr_size = sizeof(struct dt_callback),
    .infer = dt_infer_given,
    .forward = forward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_callback(struct dt_tape *t, const struct dt_callback *c)
{
    return dt_tape_apply(t, &dt_op_callback, 0, NULL, c);
}
