/* slice: y = x[..., begin .. begin + count - 1]        dx = dy there, zero elsewhere */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

struct attr {
    int begin, count;
};

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct attr *a = n->attr;
    char s[64];

    *out = n->in[0]->shape;
    if (out->rank == 0 || a->begin < 0 || a->count < 1 || a->begin > dt_shape_last(out) - a->count)
        return dt_fail(err, DT_ESHAPE, "%d channels from %d on are not in %s", a->count, a->begin,
                       dt_shape_str(out, s));
    out->d[out->rank - 1] = a->count;
    return true;
}

static void forward(struct dt_node *n)
{
    const struct attr *a = n->attr;

    dt_each_run(dt_shape_rows(&n->out->shape), a->count, n->in[0]->data + a->begin, dt_shape_last(&n->in[0]->shape),
                dt_each_out(n), a->count);
}

static void backward(struct dt_node *n)
{
    const struct attr *a = n->attr;
    struct dt_grad dx = dt_grad_in(n, 0);

    if (!dx.g)
        return;
    if (!dx.add)
        dt_each_fill(dt_numel(&n->in[0]->shape), 0, dx);
    dt_each_run(dt_shape_rows(&n->out->shape), a->count, n->out->grad, a->count,
                (struct dt_grad){ .g = dx.g + a->begin, .add = true }, dt_shape_last(&n->in[0]->shape));
}

const struct dt_op dt_op_slice = {
    .name = "slice",
    .n_in = 1,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_slice(struct dt_tape *t, struct dt_tensor *x, int begin, int count)
{
    return dt_tape_apply(t, &dt_op_slice, 1, &x, &(struct attr){ begin, count });
}

void dt_split(struct dt_tape *t, struct dt_tensor *x, const int *count, int k, struct dt_tensor **out)
{
    int64_t sum = 0;
    char s[64];

    for (int i = 0; i < k; i++)
        sum += count[i];
    if (!dt_tape_err(t)->code && sum != dt_shape_last(&x->shape))
        dt_tape_fail(t, DT_ESHAPE, "slice: the parts of a split add up to %lld, not to the channels of %s",
                     (long long)sum, dt_shape_str(&x->shape, s));
    for (int i = 0, begin = 0; i < k; begin += count[i++])
        out[i] = dt_slice(t, x, begin, count[i]);
}
