/* gather: y[i,...] = x[row[i],...]        dx[r,...] = sum of dy[i,...] over row[i] = r */
#include "autograd/ops/each.h"
#include "autograd/ops/pick.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_pick *p = n->attr;

    *out = n->in[0]->shape;
    if (out->rank == 0 || p->n < 0)
        return dt_fail(err, DT_ESHAPE, "%d samples of a tensor of rank %d", p->n, out->rank);
    out->d[0] = p->n;
    return dt_pick_infer(p, n->in[0]->shape.d[0], err);
}

const struct dt_op dt_op_gather = {
    .name = "gather",
    .n_in = 1,
    .half = 1,
    .attr_size = sizeof(struct dt_pick),
    .infer = infer,
    .forward = dt_pick_forward,
    .backward = dt_pick_backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_gather(struct dt_tape *t, struct dt_tensor *x, const int *row, int n)
{
    return dt_tape_apply(t, &dt_op_gather, 1, &x, &(struct dt_pick){ n, dt_tape_ints(t, row, n) });
}
