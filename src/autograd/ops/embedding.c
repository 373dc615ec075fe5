/* embedding: y[i] = table[id[i]]   table [v,d]   y [n,d]        dtable[r] = sum of dy[i] over id[i] = r */
#include "autograd/ops/each.h"
#include "autograd/ops/pick.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_pick *p = n->attr;

    if (!dt_infer_rank(&n->in[0]->shape, 2, "a table [v,d]", err))
        return false;
    if (p->n < 0)
        return dt_fail(err, DT_ESHAPE, "%d ids", p->n);
    *out = dt_shape2(p->n, n->in[0]->shape.d[1]);
    return dt_pick_infer(p, n->in[0]->shape.d[0], err);
}

const struct dt_op dt_op_embedding = {
    .name = "embedding",
    .n_in = 1,
    .attr_size = sizeof(struct dt_pick),
    .infer = infer,
    .forward = dt_pick_forward,
    .backward = dt_pick_backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_embedding(struct dt_tape *t, struct dt_tensor *table, const int *id, int n)
{
    return dt_tape_apply(t, &dt_op_embedding, 1, &table, &(struct dt_pick){ n, dt_tape_ints(t, id, n) });
}
