/* cross_entropy: y[i] = - w[i] sum_k q[i,k] log softmax(z[i])_k        dz = w dy (Q softmax(z) - q),  Q = sum_k q
 *   z [n,K]   y [n]   w [n] or none
 * q = (1 - s) p + s / K, where p is one-hot at the label, or soft [n,K] (which need not add up to 1); s: label
 * smoothing (Szegedy et al. 2016; the semantics of PyTorch). Neither soft nor w has a gradient. */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <tgmath.h>

enum { LOGITS, SOFT, WEIGHT, N_IN };

struct attr {
    const int *label;
    double smoothing;
};

static bool infer_labels(const int *label, int n, int classes, struct dt_err *err)
{
    for (int i = 0; label && i < n; i++)
        if (label[i] < 0 || label[i] >= classes)
            return dt_fail(err, DT_EDATA, "label %d of sample %d is not in 0..%d", label[i], i, classes - 1);
    return true;
}

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct attr *a = n->attr;
    const struct dt_shape *z = &n->in[LOGITS]->shape;

    if (!dt_infer_rank(z, 2, "logits [n,K]", err))
        return false;
    if (z->d[1] < 1)
        return dt_fail(err, DT_ESHAPE, "logits of 0 classes");
    if (n->in[SOFT] && !dt_shape_equal(&n->in[SOFT]->shape, z))
        return dt_fail_shapes(err, &n->in[SOFT]->shape, z, "soft targets are shaped as the logits");
    *out = dt_shape1(z->d[0]);
    if (n->in[WEIGHT] && !dt_shape_equal(&n->in[WEIGHT]->shape, out))
        return dt_fail_shapes(err, &n->in[WEIGHT]->shape, z, "one weight a sample");
    if (!(a->smoothing >= 0 && a->smoothing <= 1))
        return dt_fail(err, DT_ESHAPE, "label smoothing %g is not in [0, 1]", a->smoothing);
    return infer_labels(a->label, z->d[0], z->d[1], err);
}

/* q, with the sum of p (1 for a label). */
struct target {
    const dt_real *soft;
    int label;
    double share, rest, sum; /* q = share p + rest */
};

static struct target target_of(const struct dt_node *n, int64_t r)
{
    const struct attr *a = n->attr;
    int c = n->in[LOGITS]->shape.d[1];
    struct target q = { .share = 1 - a->smoothing, .rest = a->smoothing / c, .sum = 1 };

    if (n->in[SOFT]) {
        q.soft = n->in[SOFT]->data + r * c;
        q.label = -1;
        q.sum = dt_run_sum(q.soft, c);
    } else {
        q.label = a->label[r];
    }
    return q;
}

static double target_at(const struct target *q, int k)
{
    return q->share * (q->soft ? (double)q->soft[k] : k == q->label) + q->rest;
}

static double weight_of(const struct dt_node *n, int64_t r)
{
    return n->in[WEIGHT] ? (double)n->in[WEIGHT]->data[r] : 1;
}

/* sum_k q_k (log sum exp z - z_k); the softmax to p unless that is NULL. */
static double loss_row(const struct target *q, const dt_real *z, int c, dt_real *p)
{
    dt_real top = z[0];
    double sum = 0, rest = 0, loss = 0, norm;

    for (int k = 1; k < c; k++)
        top = z[k] > top ? z[k] : top;
    for (int k = 0; k < c; k++) {
        dt_real e = exp(z[k] - top);

        sum += (double)e;
        rest += (double)(z[k] - top);
        if (p)
            p[k] = e;
    }
    norm = log(sum);
    for (int k = 0; p && k < c; k++)
        p[k] = (dt_real)((double)p[k] / sum);
    if (!q->soft)
        return q->share * (norm - (double)(z[q->label] - top)) + (q->rest > 0 ? q->rest * (c * norm - rest) : 0);
    for (int k = 0; k < c; k++) {
        double t = target_at(q, k);

        loss += t != 0 ? t * (norm - (double)(z[k] - top)) : 0;
    }
    return loss;
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    int c = n->in[LOGITS]->shape.d[1];
    dt_real *p = n->save;

    for (int64_t r = begin; r < end; r++) {
        struct target q = target_of(n, r);

        y.g[r] = (dt_real)(weight_of(n, r) * loss_row(&q, n->in[LOGITS]->data + r * c, c, p ? p + r * c : NULL));
    }
}

static void slope(struct dt_node *n, struct dt_grad dz, int64_t begin, int64_t end)
{
    int c = n->in[LOGITS]->shape.d[1];

    for (int64_t r = begin; r < end; r++) {
        const dt_real *p = (const dt_real *)n->save + r * c;
        struct target q = target_of(n, r);
        double scale = weight_of(n, r) * (double)n->out->grad[r], sum = q.share * q.sum + q.rest * c;
        dt_real *g = dz.g + r * c;

        for (int k = 0; k < c; k++)
            g[k] = (dz.add ? g[k] : 0) + (dt_real)(scale * (sum * (double)p[k] - target_at(&q, k)));
    }
}

static void forward(struct dt_node *n)
{
    const struct dt_shape *z = &n->in[LOGITS]->shape;

    if (n->in[LOGITS]->wants_grad && n->out->wants_grad) {
        n->save = dt_node_alloc(n, (size_t)dt_numel(z) * sizeof(dt_real));
        if (!n->save)
            return;
    }
    dt_each_row(n, dt_each_out(n), z->d[0], z->d[1], value);
}

static void backward(struct dt_node *n)
{
    const struct dt_shape *z = &n->in[LOGITS]->shape;

    dt_each_row(n, dt_grad_in(n, LOGITS), z->d[0], z->d[1], slope);
}

const struct dt_op dt_op_cross_entropy = {
    .name = "cross_entropy",
    .n_in = N_IN,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_cross_entropy(struct dt_tape *t, struct dt_tensor *logits, const int *label,
                                   struct dt_tensor *soft, struct dt_tensor *weight, double smoothing)
{
    int n = logits->shape.rank ? logits->shape.d[0] : 0;
    const int *kept = soft ? NULL : dt_tape_ints(t, label, n);

    return dt_tape_apply(t, &dt_op_cross_entropy, N_IN, (struct dt_tensor *[]){ logits, soft, weight },
                         &(struct attr){ kept, smoothing });
}
