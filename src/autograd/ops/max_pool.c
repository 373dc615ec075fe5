/* max_pool: y = the largest of each window, channel by channel; padding never wins, the first of equals does, NaN wins
 *   x [n,h,w,c]   y [n,oh,ow,c]        dx[where the largest was] += dy, for each window */
#include "autograd/ops/each.h"
#include "autograd/ops/pool.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { BLOCK = 256 }; /* channels of bfloat16 that are compared at a time, as dt_real */

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

/* Channels of a pixel as dt_real: themselves, or copied to `room`. */
static const dt_real *reals(const struct dt_tensor *x, int64_t i, int c, dt_real *restrict room)
{
    if (x->dtype != DT_BF16)
        return x->data + i;
    for (int k = 0; k < c; k++)
        room[k] = dt_real_of(x->half[i + k]);
    return room;
}

/* c channels of a window; x: the first of them in the first pixel of the sample; y, at: where they go. */
static void window(const struct dt_node *n, int64_t x, struct dt_window in, int c, struct dt_grad to, int64_t y,
                   int32_t *at)
{
    const struct dt_tensor *image = n->in[0];
    int32_t w = image->shape.d[2], first = in.y0 * w + in.x0;
    dt_real most[BLOCK], room[BLOCK], *best = to.half ? most : to.g + y;
    int64_t step = image->shape.d[3];

    memcpy(best, reals(image, x + first * step, c, room), (size_t)c * sizeof *best);
    for (int k = 0; at && k < c; k++)
        at[k] = first;
    for (int32_t iy = in.y0; iy < in.y1; iy++)
        for (int32_t ix = in.x0; ix < in.x1; ix++) {
            int32_t pixel = iy * w + ix;
            const dt_real *next = reals(image, x + pixel * step, c, room);

            if (at)
                larger_at(best, at, next, pixel, c);
            else
                larger(best, next, c);
        }
    for (int k = 0; to.half && k < c; k++)
        to.half[y + k] = dt_bf16_cut(best[k]);
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const struct dt_shape *out = &n->out->shape;
    int64_t sample = dt_shape_sample(&n->in[0]->shape), row = (int64_t)out->d[2] * out->d[3];
    int block = y.half ? BLOCK : out->d[3];
    int32_t *at = n->save;

    for (int64_t r = begin; r < end; r++)
        for (int ox = 0; ox < out->d[2]; ox++) {
            struct dt_window in = dt_pool_window(n, (int)(r % out->d[1]), ox);
            int64_t i = r * row + (int64_t)ox * out->d[3];

            for (int k = 0; k < out->d[3]; k += block)
                window(n, r / out->d[1] * sample + k, in, out->d[3] - k < block ? out->d[3] - k : block, y, i + k,
                       at ? at + i + k : NULL);
        }
}

/* g[at] += dy, for the pixels of one sample. */
static void spread(const dt_real *dy, const int32_t *at, int64_t seen, int c, dt_real *g)
{
    for (int64_t p = 0; p < seen; p += c)
        for (int k = 0; k < c; k++)
            g[(int64_t)at[p + k] * c + k] += dy[p + k];
}

/* add false: windows are apart and nothing is there yet. */
static void spread_half(const dt_bf16 *dy, const int32_t *at, int64_t seen, int c, bool add, dt_bf16 *g)
{
    for (int64_t p = 0; p < seen; p += c)
        for (int k = 0; k < c; k++) {
            dt_bf16 *to = g + (int64_t)at[p + k] * c + k;

            *to = add ? dt_bf16_of(dt_real_of(*to) + dt_real_of(dy[p + k])) : dy[p + k];
        }
}

/* One sample: windows may overlap, so it stays with one thread. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct dt_pool *p = n->attr;
    int64_t sample = dt_shape_sample(&n->in[0]->shape), seen = dt_shape_sample(&n->out->shape);
    int c = n->out->shape.d[3];

    for (int64_t i = begin; i < end; i++) {
        const int32_t *at = (const int32_t *)n->save + i * seen;

        if (!dx.add)
            memset(dt_to(dx, i * sample), 0, (size_t)sample * dt_dtype_size(n->out->dtype));
        if (dx.half)
            spread_half(n->out->half_grad + i * seen, at, seen, c, dx.add || p->stride < p->size, dx.half + i * sample);
        else
            spread(n->out->grad + i * seen, at, seen, c, dx.g + i * sample);
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
    .half = 1,
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
