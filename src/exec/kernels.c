/* kernels: the steps that are no op of the tape, on activations in blocks. Padding channels take part where that is
 * simpler: they are finite and nobody reads them. */
#include "exec/plan.h"

#include "autograd/kernels/rows.h"
#include "autograd/ops/pad_shortcut.h"

#include <string.h>

void dt_kernel_copy(size_t n, enum dt_act act, const dt_real *x, dt_real *y)
{
    if (act == DT_LINEAR && x != y)
        memcpy(y, x, n * sizeof *y);
    for (size_t i = 0; i < n && act != DT_LINEAR; i++)
        y[i] = x[i] < 0 ? 0 : act == DT_RELU6 && x[i] > 6 ? 6 : x[i];
}

void dt_kernel_add(size_t n, enum dt_act act, const dt_real *a, const dt_real *b, dt_real *y)
{
    dt_rows_kernel(DT_REAL_DTYPE)->add_relu(a, b, (int64_t)n, act != DT_LINEAR, y);
    if (act == DT_RELU6)
        dt_kernel_copy(n, act, y, y);
}

void dt_kernel_norm(const struct dt_step *s, const struct dt_value *v, const dt_real *x, dt_real *y)
{
    int64_t pixels = dt_value_pixels(v);
    int block = dt_value_block(v);

    for (int b = 0; b < dt_value_blocks(v); b++) {
        ptrdiff_t at = (ptrdiff_t)(b * pixels * block), c = (ptrdiff_t)b * block;

        dt_rows_kernel(DT_REAL_DTYPE)->scale(x + at, NULL, pixels, block, s->a + c, s->b + c, s->act, y + at);
    }
}

/* Channel c of pixel 0. */
static ptrdiff_t channel_at(const struct dt_value *v, int c)
{
    int block = dt_value_block(v);

    return (ptrdiff_t)(c / block * dt_value_pixels(v) * block + c % block);
}

void dt_kernel_layout(const struct dt_value *from, const struct dt_value *to, const dt_real *x, dt_real *y)
{
    int c = dt_value_channels(to), all = dt_value_blocks(to) * dt_value_block(to);
    ptrdiff_t x_step = dt_value_block(from), y_step = dt_value_block(to), pixels = (ptrdiff_t)dt_value_pixels(to);

    for (int k = 0; k < all; k++) {
        const dt_real *in = x + (k < c ? channel_at(from, k) : 0);
        dt_real *out = y + channel_at(to, k);

        for (ptrdiff_t i = 0; i < pixels; i++)
            out[i * y_step] = k < c ? in[i * x_step] : 0;
    }
}

/* Channels [c, c + n) of x to [c + before, ...) of y: neighbours on both sides. */
struct run {
    int c, n, before, stride;
};

static void pad_run(struct run r, const struct dt_value *from, const struct dt_value *to, const dt_real *x, dt_real *y)
{
    const int *in = from->shape.d, *out = to->shape.d;
    ptrdiff_t x_step = dt_value_block(from), y_step = dt_value_block(to);

    x += channel_at(from, r.c);
    y += channel_at(to, r.c + r.before);
    for (int oy = 0; oy < out[1]; oy++)
        for (int ox = 0; ox < out[2]; ox++)
            memcpy(y + ((ptrdiff_t)oy * out[2] + ox) * y_step,
                   x + ((ptrdiff_t)oy * r.stride * in[2] + (ptrdiff_t)ox * r.stride) * x_step, (size_t)r.n * sizeof *y);
}

void dt_kernel_pad(const struct dt_node *n, const struct dt_value *from, const struct dt_value *to, const dt_real *x,
                   dt_real *y)
{
    const struct dt_pad_shortcut *pad = n->attr;
    int c = dt_value_channels(from), x_block = dt_value_block(from), y_block = dt_value_block(to);
    struct run r = { 0, 0, pad->before, pad->stride };

    memset(y, 0, dt_value_size(to) * sizeof *y);
    for (; r.c < c; r.c += r.n) {
        int x_left = x_block - r.c % x_block, y_left = y_block - (r.c + r.before) % y_block;

        r.n = c - r.c < x_left ? c - r.c : x_left;
        r.n = r.n < y_left ? r.n : y_left;
        pad_run(r, from, to, x, y);
    }
}
