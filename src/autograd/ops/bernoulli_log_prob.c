/* bernoulli_log_prob: y[i] = sum_k log P(a[i,k]),  P(a = 1) = sigmoid(z)   z [n,k]   y [n]
 *   log P(a) = a z - log(1 + exp(z))        dz = (a - sigmoid(z)) dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <math.h>

struct attr {
    const int *action; /* [n*k] of the tape */
};

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const int *action = ((const struct attr *)n->attr)->action;
    const struct dt_shape *z = &n->in[0]->shape;

    if (!dt_infer_rank(z, 2, "[n,k]", err))
        return false;
    for (int64_t i = 0; action && i < dt_numel(z); i++)
        if (action[i] != 0 && action[i] != 1)
            return dt_fail(err, DT_EDATA, "action %lld of sample %lld is %d, neither 0 nor 1", (long long)(i % z->d[1]),
                           (long long)(i / z->d[1]), action[i]);
    *out = dt_shape1(z->d[0]);
    return true;
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const int *action = ((const struct attr *)n->attr)->action;
    int c = n->in[0]->shape.d[1];

    for (int64_t r = begin; r < end; r++) {
        double sum = 0;

        for (int64_t i = r * c; i < (r + 1) * c; i++) {
            double z = (double)n->in[0]->data[i];

            if (!action[i])
                z = -z;
            sum += (z < 0 ? z : 0) - log1p(exp(-fabs(z))); /* log sigmoid, without overflow */
        }
        y.g[r] = (dt_real)sum;
    }
}

static void slope(struct dt_node *n, struct dt_grad dz, int64_t begin, int64_t end)
{
    const int *action = ((const struct attr *)n->attr)->action;
    int c = n->in[0]->shape.d[1];

    for (int64_t r = begin; r < end; r++)
        for (int64_t i = r * c; i < (r + 1) * c; i++) {
            double p = 1 / (1 + exp(-(double)n->in[0]->data[i]));

            dz.g[i] = (dz.add ? dz.g[i] : 0) + (dt_real)((action[i] - p) * (double)n->out->grad[r]);
        }
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), n->in[0]->shape.d[0], n->in[0]->shape.d[1], value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), n->in[0]->shape.d[0], n->in[0]->shape.d[1], slope);
}

const struct dt_op dt_op_bernoulli_log_prob = {
    .name = "bernoulli_log_prob",
    .n_in = 1,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_bernoulli_log_prob(struct dt_tape *t, struct dt_tensor *z, const int *action)
{
    return dt_tape_apply(t, &dt_op_bernoulli_log_prob, 1, &z,
                         &(struct attr){ dt_tape_ints(t, action, dt_numel(&z->shape)) });
}
