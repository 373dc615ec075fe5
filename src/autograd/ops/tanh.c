/* tanh: y = tanh(x)        dx = (1 - y^2) dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <tgmath.h>

static void value(const void *attr, int64_t n, const dt_real *restrict x, const dt_real *restrict none,
                  dt_real *restrict y)
{
    (void)attr;
    (void)none;
    for (int64_t i = 0; i < n; i++)
        y[i] = tanh(x[i]);
}

static void slope(const void *attr, int64_t n, const dt_real *restrict dy, const dt_real *restrict y,
                  dt_real *restrict dx)
{
    (void)attr;
    for (int64_t i = 0; i < n; i++)
        dx[i] = (1 - y[i] * y[i]) * dy[i];
}

static void forward(struct dt_node *n)
{
    dt_each_forward(n, value);
}

static void backward(struct dt_node *n)
{
    dt_each_backward(n, 0, slope, n->out->grad, n->out->data);
}

const struct dt_op dt_op_tanh = {
    .name = "tanh",
    .n_in = 1,
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_tanh(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_tanh, 1, &x, NULL);
}
