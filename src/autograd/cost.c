/* cost: what a tape recorded, in numbers. Works on dry tapes, so a cost never drifts from the code that runs. Sizes are
 * those of the product (4 bytes a number), in the double-precision twin too. */
#include "autograd/tape.h"

enum { DT_COST_BYTES = 4 };

int dt_tape_n_nodes(const struct dt_tape *t)
{
    return t->n_nodes;
}

static bool seen_before(const struct dt_tape *t, int i, int j)
{
    const struct dt_tensor *p = t->node[i]->in[j];

    for (int m = 0; m <= i; m++)
        for (int k = 0; k < (m < i ? t->node[m]->n_in : j); k++)
            if (t->node[m]->in[k] == p)
                return true;
    return false;
}

struct dt_op_stat dt_tape_node_stat(const struct dt_tape *t, int i)
{
    const struct dt_node *n = t->node[i];
    struct dt_op_stat s = { .op = n->op->name,
                            .scope = n->scope,
                            .out = n->out->shape,
                            .macs = n->op->macs(n),
                            .reorders = n->reorders,
                            .reorder_bytes = n->reorder_bytes };

    s.out_bytes = dt_numel(&n->out->shape) * DT_COST_BYTES;
    for (int j = 0; j < n->n_in; j++) {
        if (!n->in[j])
            continue;
        if (n->in[j]->node)
            s.in_bytes += dt_numel(&n->in[j]->shape) * DT_COST_BYTES;
        else if (n->in[j]->param && !seen_before(t, i, j))
            s.params += dt_numel(&n->in[j]->shape);
    }
    return s;
}

static int64_t bytes_of(const struct dt_tensor *x)
{
    return dt_numel(&x->shape) * DT_COST_BYTES;
}

/* The image: the first leaf that is data; and the last node that reads it. NULL: none. */
static const struct dt_tensor *image_of(const struct dt_tape *t, int *last)
{
    const struct dt_tensor *image = NULL;

    for (int i = 0; i < t->n_nodes; i++)
        for (int j = 0; j < t->node[i]->n_in; j++) {
            const struct dt_tensor *x = t->node[i]->in[j] ? dt_tensor_owner(t->node[i]->in[j]) : NULL;

            if (x && !image && !x->node && !x->param && x->shape.rank > 1)
                image = x;
            if (x && x == image)
                *last = i;
        }
    return image;
}

/* The memory operand j of the node reads, when the node is its last reader; NULL: it stays, or an earlier operand has
 * named it. */
static const struct dt_tensor *released(const struct dt_node *n, int j, const struct dt_tensor *image, int image_last)
{
    const struct dt_tensor *x = n->in[j] ? dt_tensor_owner(n->in[j]) : NULL;

    if (!x || (x->node ? x->node->last_use : x == image ? image_last : -1) != n->index)
        return NULL;
    for (int k = 0; k < j; k++)
        if (n->in[k] && dt_tensor_owner(n->in[k]) == x)
            return NULL;
    return x;
}

int64_t dt_tape_act_bytes(const struct dt_tape *t)
{
    int image_last = -1;
    const struct dt_tensor *image = image_of(t, &image_last);
    int64_t live = image ? bytes_of(image) : 0, peak = live;

    for (int i = 0; i < t->n_nodes; i++) {
        const struct dt_node *n = t->node[i];

        if (!(n->op->flags & DT_OP_ALIAS))
            live += bytes_of(n->out);
        peak = live > peak ? live : peak;
        for (int j = 0; j < n->n_in; j++) {
            const struct dt_tensor *x = released(n, j, image, image_last);

            live -= x ? bytes_of(x) : 0;
        }
    }
    return peak;
}
