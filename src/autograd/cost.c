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
    struct dt_op_stat s = { .op = n->op->name, .scope = n->scope, .out = n->out->shape, .macs = n->op->macs(n) };

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

/* The tensor whose memory x lives in: views lead back to their source. */
static const struct dt_tensor *owner(const struct dt_tensor *x)
{
    while (x->node && (x->node->op->flags & DT_OP_ALIAS))
        x = x->node->in[0];
    return x;
}

/* Index of the last node that reads x's memory. */
static int last_use(const struct dt_tape *t, const struct dt_tensor *x)
{
    for (int i = t->n_nodes - 1; i >= 0; i--)
        for (int j = 0; j < t->node[i]->n_in; j++)
            if (t->node[i]->in[j] && owner(t->node[i]->in[j]) == x)
                return i;
    return t->n_nodes; /* a result: lives to the end */
}

static int64_t bytes_of(const struct dt_tensor *x)
{
    return dt_numel(&x->shape) * DT_COST_BYTES;
}

/* The memory operand j of the node reads, when it is an activation; NULL: a parameter, or met in an earlier operand. */
static const struct dt_tensor *activation(const struct dt_node *n, int j, const struct dt_tensor *image)
{
    const struct dt_tensor *x = n->in[j] ? owner(n->in[j]) : NULL;

    if (!x || (!x->node && x != image))
        return NULL;
    for (int k = 0; k < j; k++)
        if (n->in[k] && owner(n->in[k]) == x)
            return NULL;
    return x;
}

int64_t dt_tape_act_bytes(const struct dt_tape *t)
{
    const struct dt_tensor *image = t->n_nodes && t->node[0]->n_in ? t->node[0]->in[0] : NULL;
    int64_t live = image ? bytes_of(image) : 0, peak = live;

    for (int i = 0; i < t->n_nodes; i++) {
        const struct dt_node *n = t->node[i];

        if (!(n->op->flags & DT_OP_ALIAS))
            live += bytes_of(n->out);
        peak = live > peak ? live : peak;
        for (int j = 0; j < n->n_in; j++) {
            const struct dt_tensor *x = activation(n, j, image);

            if (x && last_use(t, x) == i)
                live -= bytes_of(x);
        }
    }
    return peak;
}
