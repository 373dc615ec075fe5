/* max_pool: y = the largest of each window, channel by channel; padding never wins, the first of equals does, NaN wins
 *   x [n,h,w,c]   y [n,oh,ow,c]        dx[where the largest was] += dy, for each window */
#include "autograd/ops/each.h"
#include "autograd/ops/pool.h"

#include <dyntrain/ops.h>
#include <string.h>

static void larger(dt_real *restrict y, const dt_real *restrict x, int c)
{
    for (int k = 0; k < c; k++)
        y[k] = x[k] > y[k] || x[k] != x[k] ? x[k] : y[k];
}

/* The same, keeping in `at` the pixel each one came from. */
static void larger_at(dt_real *restrict y, int32_t *restrict at, const dt_real *restrict x, int32_t pixel, int c)
{
    for (int k = 0; k < c; k++) {
        bool wins = x[k] > y[k] || x[k] != x[k];

        y[k] = wins ? x[k] : y[k];
        at[k] = wins ? pixel : at[k];
    }
}

static void window(const struct dt_node *n, const dt_real *x, struct dt_window in, dt_real *y, int32_t *at)
{
    int32_t w = n->in[0]->shape.d[2], first = in.y0 * w + in.x0;
    int c = n->out->shape.d[3];

    memcpy(y, x + (int64_t)first * c, (size_t)c * sizeof *y);
    for (int k = 0; at && k < c; k++)
        at[k] = first;
    for (int32_t iy = in.y0; iy < in.y1; iy++)
        for (int32_t ix = in.x0; ix < in.x1; ix++) {
            int32_t pixel = iy * w + ix;

            if (at)
                larger_at(y, at, x + (int64_t)pixel * c, pixel, c);
            else
                larger(y, x + (int64_t)pixel * c, c);
        }
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const struct dt_shape *out = &n->out->shape;
    int64_t sample = dt_shape_sample(&n->in[0]->shape), row = (int64_t)out->d[2] * out->d[3];
    int32_t *at = n->save;

    for (int64_t r = begin; r < end; r++)
        for (int ox = 0; ox < out->d[2]; ox++) {
            int64_t i = r * row + (int64_t)ox * out->d[3];

            window(n, n->in[0]->data + r / out->d[1] * sample, dt_pool_window(n, (int)(r % out->d[1]), ox), y.g + i,
                   at ? at + i : NULL);
        }
}

/* One sample: windows may overlap, so it stays with one thread. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int64_t sample = dt_shape_sample(&n->in[0]->shape), seen = dt_shape_sample(&n->out->shape);
    int c = n->out->shape.d[3];

    for (int64_t i = begin; i < end; i++) {
        const dt_real *dy = n->out->grad + i * seen;
        const int32_t *at = (const int32_t *)n->save + i * seen;
        dt_real *g = dx.g + i * sample;

        if (!dx.add)
            memset(g, 0, (size_t)sample * sizeof *g);
        for (int64_t p = 0; p < seen; p += c)
            for (int k = 0; k < c; k++)
                g[(int64_t)at[p + k] * c + k] += dy[p + k];
    }
}

static void forward(struct dt_node *n)
{
    const struct dt_shape *out = &n->out->shape;

    if (n->out->wants_grad) {
        n->save = dt_node_alloc(n, (size_t)dt_numel(out) * sizeof(int32_t));
        if (!n->save)
            return;
    }
    dt_each_row(n, dt_each_out(n), (int64_t)out->d[0] * out->d[1], (int64_t)out->d[2] * out->d[3], value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), slope);
}

const struct dt_op dt_op_max_pool = {
    .name = "max_pool",
    .n_in = 1,
    .attr_size = sizeof(struct dt_pool),
    .infer = dt_pool_infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_max_pool(struct dt_tape *t, struct dt_tensor *x, int size, int stride, int pad)
{
    return dt_tape_apply(t, &dt_op_max_pool, 1, &x, &(struct dt_pool){ size, stride, pad, false });
}

struct dt_tensor *dt_max_pool_ceil(struct dt_tape *t, struct dt_tensor *x, int size, int stride)
{
    return dt_tape_apply(t, &dt_op_max_pool, 1, &x, &(struct dt_pool){ size, stride, 0, true });
}
