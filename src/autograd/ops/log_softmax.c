/* log_softmax: y = x - max - log sum exp(x - max), over the last dimension        dx = dy - exp(y) sum dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <tgmath.h>

static void value(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end)
{
    int c = dt_shape_last(&n->out->shape);

    for (int64_t r = begin; r < end; r++) {
        const dt_real *x = n->in[0]->data + r * c;
        dt_real *y = to.g + r * c, top = x[0];
        double sum = 0, shift;

        for (int k = 1; k < c; k++)
            top = x[k] > top ? x[k] : top;
        for (int k = 0; k < c; k++)
            sum += (double)exp(x[k] - top);
        shift = log(sum);
        for (int k = 0; k < c; k++)
            y[k] = (dt_real)((double)(x[k] - top) - shift);
    }
}

static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int c = dt_shape_last(&n->out->shape);

    for (int64_t r = begin; r < end; r++) {
        const dt_real *y = n->out->data + r * c, *dy = n->out->grad + r * c;
        dt_real *g = dx.g + r * c, sum = (dt_real)dt_run_sum(dy, c);

        for (int k = 0; k < c; k++)
            g[k] = (dx.add ? g[k] : 0) + dy[k] - exp(y[k]) * sum;
    }
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), dt_shape_rows(&n->out->shape), dt_shape_last(&n->out->shape), value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), dt_shape_rows(&n->out->shape), dt_shape_last(&n->out->shape), slope);
}

const struct dt_op dt_op_log_softmax = {
    .name = "log_softmax",
    .n_in = 1,
    .infer = dt_infer_rows,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_log_softmax(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_log_softmax, 1, &x, NULL);
}
