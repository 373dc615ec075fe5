/* avg_pool: y = mean of the m pixels of the window that lie inside x (padding is not counted)
 *   x [n,h,w,c]   y [n,oh,ow,c]        dx += dy / m, for each window */
#include "autograd/ops/each.h"
#include "autograd/ops/pool.h"

#include <dyntrain/ops.h>
#include <string.h>

static void add_scaled(dt_real *restrict y, const dt_real *restrict x, dt_real scale, int c)
{
    for (int k = 0; k < c; k++)
        y[k] += scale * x[k];
}

/* One row of output pixels of one sample. */
static void value_row(const struct dt_node *n, const dt_real *x, int oy, dt_real *y)
{
    int w = n->in[0]->shape.d[2], ow = n->out->shape.d[2], c = n->out->shape.d[3];

    for (int ox = 0; ox < ow; ox++, y += c) {
        struct dt_window at = dt_pool_window(n, oy, ox);
        dt_real scale = (dt_real)(1.0 / ((at.y1 - at.y0) * (at.x1 - at.x0)));

        memset(y, 0, (size_t)c * sizeof *y);
        for (int iy = at.y0; iy < at.y1; iy++)
            for (int ix = at.x0; ix < at.x1; ix++)
                add_scaled(y, x + ((int64_t)iy * w + ix) * c, scale, c);
    }
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const struct dt_shape *out = &n->out->shape;
    int64_t sample = dt_shape_sample(&n->in[0]->shape), row = (int64_t)out->d[2] * out->d[3];

    for (int64_t r = begin; r < end; r++)
        value_row(n, n->in[0]->data + r / out->d[1] * sample, (int)(r % out->d[1]), y.g + r * row);
}

/* One sample: windows may overlap, so it stays with one thread. */
static void slope_sample(const struct dt_node *n, const dt_real *dy, dt_real *dx)
{
    const struct dt_shape *out = &n->out->shape;
    int w = n->in[0]->shape.d[2], c = out->d[3];

    for (int oy = 0; oy < out->d[1]; oy++)
        for (int ox = 0; ox < out->d[2]; ox++, dy += c) {
            struct dt_window at = dt_pool_window(n, oy, ox);
            dt_real scale = (dt_real)(1.0 / ((at.y1 - at.y0) * (at.x1 - at.x0)));

            for (int iy = at.y0; iy < at.y1; iy++)
                for (int ix = at.x0; ix < at.x1; ix++)
                    add_scaled(dx + ((int64_t)iy * w + ix) * c, dy, scale, c);
        }
}

static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int64_t sample = dt_shape_sample(&n->in[0]->shape), seen = dt_shape_sample(&n->out->shape);

    for (int64_t i = begin; i < end; i++) {
        if (!dx.add)
            memset(dx.g + i * sample, 0, (size_t)sample * sizeof(dt_real));
        slope_sample(n, n->out->grad + i * seen, dx.g + i * sample);
    }
}

static void forward(struct dt_node *n)
{
    const struct dt_shape *out = &n->out->shape;

    dt_each_row(n, dt_each_out(n), (int64_t)out->d[0] * out->d[1], (int64_t)out->d[2] * out->d[3], value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), slope);
}

const struct dt_op dt_op_avg_pool = {
    .name = "avg_pool",
    .n_in = 1,
    .attr_size = sizeof(struct dt_pool),
    .infer = dt_pool_infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_avg_pool(struct dt_tape *t, struct dt_tensor *x, int size, int stride, int pad)
{
    return dt_tape_apply(t, &dt_op_avg_pool, 1, &x, &(struct dt_pool){ size, stride, pad, false });
}
