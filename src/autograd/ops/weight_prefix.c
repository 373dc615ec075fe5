/* weight_prefix: the leading block of a weight, y = w[:d0, :d1, ...]        dw[:d0, :d1, ...] = dy
 *
 * What a layer of fewer channels multiplies with, so that its convolution sees, and the trace counts, the smaller
 * shapes. It counts as a view of the weight (DT_OP_ALIAS): it is no activation. */
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <string.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *w = &n->in[0]->shape;

    *out = *(const struct dt_shape *)n->attr;
    if (out->rank != w->rank || w->rank == 0)
        return dt_fail_shapes(err, w, out, "ranks differ");
    for (int i = 0; i < w->rank; i++)
        if (out->d[i] < 1 || out->d[i] > w->d[i])
            return dt_fail_shapes(err, w, out, "not a leading block");
    return true;
}

/* Calls for every contiguous run of the block: a row of the last dimension. */
struct block {
    int64_t rows;    /* of the block */
    int64_t d[3];    /* its leading dimensions, 1 where there are none */
    int64_t step[3]; /* of the whole, in elements */
    int64_t len;
};

static struct block block_of(const struct dt_shape *w, const struct dt_shape *y)
{
    struct block b = { .rows = 1, .d = { 1, 1, 1 }, .len = y->d[y->rank - 1] };
    int64_t step = w->d[w->rank - 1];

    for (int i = w->rank - 2, k = 2; i >= 0; i--, k--) {
        b.d[k] = y->d[i];
        b.step[k] = step;
        b.rows *= y->d[i];
        step *= w->d[i];
    }
    return b;
}

/* Where row r of the block begins in the whole. */
static int64_t row_at(const struct block *b, int64_t r)
{
    int64_t k2 = r % b->d[2], k1 = r / b->d[2] % b->d[1], k0 = r / b->d[2] / b->d[1];

    return k0 * b->step[0] + k1 * b->step[1] + k2 * b->step[2];
}

static void forward(struct dt_node *n)
{
    const struct dt_tensor *w = n->in[0];
    struct block b = block_of(&w->shape, &n->out->shape);

    n->out->data = dt_node_alloc(n, (size_t)dt_numel(&n->out->shape) * sizeof(dt_real));
    for (int64_t r = 0; r < b.rows && n->out->data; r++)
        memcpy(n->out->data + r * b.len, w->data + row_at(&b, r), (size_t)b.len * sizeof(dt_real));
}

static void backward(struct dt_node *n)
{
    const struct dt_shape *w = &n->in[0]->shape;
    struct block b = block_of(w, &n->out->shape);
    struct dt_grad dw = dt_grad_in(n, 0);

    if (!dw.g)
        return;
    if (!dw.add)
        memset(dw.g, 0, (size_t)dt_numel(w) * sizeof(dt_real));
    for (int64_t r = 0; r < b.rows; r++)
        for (int64_t i = 0, at = row_at(&b, r); i < b.len; i++)
            dw.g[at + i] += n->out->grad[r * b.len + i];
}

const struct dt_op dt_op_weight_prefix = {
    .name = "weight_prefix",
    .n_in = 1,
    .flags = DT_OP_ALIAS,
    .attr_size = sizeof(struct dt_shape),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_weight_prefix(struct dt_tape *t, struct dt_tensor *w, struct dt_shape shape)
{
    return dt_tape_apply(t, &dt_op_weight_prefix, 1, &w, &shape);
}
