/* straight_through: y = 1 where p > threshold, else 0        dp = dy   (the straight-through estimator; Bengio, Leonard
 * & Courville 2013) */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static void value(const void *attr, int64_t n, const dt_real *restrict p, const dt_real *restrict none,
                  dt_real *restrict y)
{
    double threshold = *(const double *)attr;

    (void)none;
    for (int64_t i = 0; i < n; i++)
        y[i] = (double)p[i] > threshold ? 1 : 0;
}

static void forward(struct dt_node *n)
{
    dt_each_forward(n, value);
}

static void backward(struct dt_node *n)
{
    dt_each_pass(n, 0);
}

const struct dt_op dt_op_straight_through = {
    .name = "straight_through",
    .n_in = 1,
    .attr_size = sizeof(double),
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_straight_through(struct dt_tape *t, struct dt_tensor *p, double threshold)
{
    return dt_tape_apply(t, &dt_op_straight_through, 1, &p, &threshold);
}
