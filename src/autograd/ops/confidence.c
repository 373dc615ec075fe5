/* confidence: what a row of logits says of its own certainty, for policies that decide on it; p = softmax(x)
 *   x [n,k]   y [n,4+top] = entropy -sum p log p, largest p, p1 - p2, log p1 - log p2, then the `top` largest p,
 * falling No gradient: a decision is no differentiable thing. One class: p2 is 0 and its logarithm counts as that of
 * p1. */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <tgmath.h>

struct confidence {
    int top;
};

/* The m largest of x[0..k-1] into `best`, falling. */
static void largest(const dt_real *x, int k, dt_real *best, int m)
{
    for (int i = 0, n = 0; m > 0 && i < k; i++) {
        int at;

        if (n == m && !(x[i] > best[m - 1]))
            continue;
        for (at = n < m ? n++ : m - 1; at > 0 && x[i] > best[at - 1]; at--)
            best[at] = best[at - 1];
        best[at] = x[i];
    }
}

static void look(const dt_real *x, int k, dt_real *y, int top)
{
    dt_real two[2];
    double sum = 0, mean = 0;

    largest(x, k, two, k > 1 ? 2 : 1);
    for (int i = 0; i < k; i++) {
        double e = (double)exp(x[i] - two[0]);

        sum += e;
        mean += e > 0 ? e * (double)(x[i] - two[0]) : 0;
    }
    y[0] = (dt_real)(log(sum) - mean / sum);
    y[1] = (dt_real)(1 / sum);
    y[2] = k > 1 ? (dt_real)((1 - (double)exp(two[1] - two[0])) / sum) : y[1];
    y[3] = k > 1 ? two[0] - two[1] : 0;
    largest(x, k, y + 4, top);
    for (int i = 0; i < top; i++)
        y[4 + i] = (dt_real)((double)exp(y[4 + i] - two[0]) / sum);
}

static void value(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end)
{
    const struct confidence *c = n->attr;
    int k = n->in[0]->shape.d[1], wide = n->out->shape.d[1];

    for (int64_t r = begin; r < end; r++)
        look(n->in[0]->data + r * k, k, to.g + r * wide, c->top);
}

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct confidence *c = n->attr;
    const struct dt_shape *x = &n->in[0]->shape;

    if (!dt_infer_rank(x, 2, "[n,k]", err))
        return false;
    if (x->d[1] < 1 || c->top < 0 || c->top > x->d[1])
        return dt_fail(err, DT_ESHAPE, "the %d largest of %d classes", c->top, x->d[1]);
    *out = dt_shape2(x->d[0], 4 + c->top);
    return true;
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), n->out->shape.d[0], n->in[0]->shape.d[1], value);
}

const struct dt_op dt_op_confidence = {
    .name = "confidence",
    .n_in = 1,
    .flags = DT_OP_NONDIFF,
    .attr_size = sizeof(struct confidence),
    .infer = infer,
    .forward = forward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_confidence(struct dt_tape *t, struct dt_tensor *logits, int top)
{
    return dt_tape_apply(t, &dt_op_confidence, 1, &logits, &(struct confidence){ top });
}
