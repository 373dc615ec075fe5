/* affine: y = scale x + shift        dx = scale dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

struct attr {
    double scale, shift;
};

static void value(const void *attr, int64_t n, const dt_real *restrict x, const dt_real *restrict none,
                  dt_real *restrict y)
{
    const struct attr *a = attr;
    dt_real scale = (dt_real)a->scale, shift = (dt_real)a->shift;

    (void)none;
    for (int64_t i = 0; i < n; i++)
        y[i] = scale * x[i] + shift;
}

static void slope(const void *attr, int64_t n, const dt_real *restrict dy, const dt_real *restrict none,
                  dt_real *restrict dx)
{
    dt_real scale = (dt_real)((const struct attr *)attr)->scale;

    (void)none;
    for (int64_t i = 0; i < n; i++)
        dx[i] = scale * dy[i];
}

static void forward(struct dt_node *n)
{
    dt_each_forward(n, value);
}

static void backward(struct dt_node *n)
{
    if (((const struct attr *)n->attr)->scale == 1)
        dt_each_pass(n, 0);
    else
        dt_each_backward(n, 0, slope, n->out->grad, NULL);
}

const struct dt_op dt_op_affine = {
    .name = "affine",
    .n_in = 1,
    .attr_size = sizeof(struct attr),
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_affine(struct dt_tape *t, struct dt_tensor *x, double scale, double shift)
{
    return dt_tape_apply(t, &dt_op_affine, 1, &x, &(struct attr){ scale, shift });
}
