/* kernels: the steps that are no op of the tape, on activations in blocks. Padding channels take part where that is
 * simpler: they are finite and nobody reads them. */
#include "exec/plan.h"

#include "autograd/kernels/rows.h"
#include "autograd/ops/pad_shortcut.h"

#include <string.h>

static size_t size_of(const struct dt_value *v)
{
    return dt_dtype_size(v->dtype);
}

static dt_real acted(dt_real v, enum dt_act act)
{
    return v < 0 ? 0 : act == DT_RELU6 && v > 6 ? 6 : v;
}

void dt_kernel_copy(const struct dt_value *v, enum dt_act act, const void *x, void *y)
{
    size_t n = dt_value_size(v);

    if (act == DT_LINEAR && x != y)
        memcpy(y, x, n * size_of(v));
    for (size_t i = 0; i < n && act != DT_LINEAR && v->dtype != DT_BF16; i++)
        ((dt_real *)y)[i] = acted(((const dt_real *)x)[i], act);
    for (size_t i = 0; i < n && act != DT_LINEAR && v->dtype == DT_BF16; i++)
        ((dt_bf16 *)y)[i] = dt_bf16_of(acted(dt_real_of(((const dt_bf16 *)x)[i]), act));
}

void dt_kernel_add(const struct dt_value *v, enum dt_act act, const void *a, const void *b, void *y)
{
    dt_rows_kernel(v->dtype)->add_relu(a, b, (int64_t)dt_value_size(v), act != DT_LINEAR, y);
    if (act == DT_RELU6)
        dt_kernel_copy(v, act, y, y);
}

void dt_kernel_norm(const struct dt_step *s, const struct dt_value *v, const void *x, void *y)
{
    int64_t pixels = dt_value_pixels(v);
    int block = dt_value_block(v);

    for (int b = 0; b < dt_value_blocks(v); b++) {
        size_t at = (size_t)(b * pixels * block) * size_of(v), c = (size_t)(b * block);

        dt_rows_kernel(v->dtype)->scale((const char *)x + at, NULL, pixels, block, s->a + c, s->b + c, s->act,
                                        (char *)y + at, NULL);
    }
}

/* Channel c of pixel 0. */
static ptrdiff_t channel_at(const struct dt_value *v, int c)
{
    int block = dt_value_block(v);

    return (ptrdiff_t)(c / block * dt_value_pixels(v) * block + c % block);
}

static dt_real get(const struct dt_value *v, const void *x, ptrdiff_t i)
{
    return v->dtype == DT_BF16 ? dt_real_of(((const dt_bf16 *)x)[i]) : ((const dt_real *)x)[i];
}

static void put(const struct dt_value *v, void *y, ptrdiff_t i, dt_real value)
{
    if (v->dtype == DT_BF16)
        ((dt_bf16 *)y)[i] = dt_bf16_of(value);
    else
        ((dt_real *)y)[i] = value;
}

void dt_kernel_layout(const struct dt_value *from, const struct dt_value *to, const void *x, void *y)
{
    int c = dt_value_channels(to), all = dt_value_blocks(to) * dt_value_block(to);
    ptrdiff_t x_step = dt_value_block(from), y_step = dt_value_block(to), pixels = (ptrdiff_t)dt_value_pixels(to);

    for (int k = 0; k < all; k++) {
        ptrdiff_t in = k < c ? channel_at(from, k) : 0, out = channel_at(to, k);

        for (ptrdiff_t i = 0; i < pixels; i++)
            put(to, y, out + i * y_step, k < c ? get(from, x, in + i * x_step) : 0);
    }
}

/* Channels [c, c + n) of x to [c + before, ...) of y: neighbours on both sides. */
struct run {
    int c, n, before, stride;
};

static void pad_run(struct run r, const struct dt_value *from, const struct dt_value *to, const char *x, char *y)
{
    const int *in = from->shape.d, *out = to->shape.d;
    ptrdiff_t size = (ptrdiff_t)size_of(to), x_step = dt_value_block(from) * size, y_step = dt_value_block(to) * size;

    x += channel_at(from, r.c) * size;
    y += channel_at(to, r.c + r.before) * size;
    for (int oy = 0; oy < out[1]; oy++)
        for (int ox = 0; ox < out[2]; ox++)
            memcpy(y + ((ptrdiff_t)oy * out[2] + ox) * y_step,
                   x + ((ptrdiff_t)oy * r.stride * in[2] + (ptrdiff_t)ox * r.stride) * x_step, (size_t)(r.n * size));
}

void dt_kernel_pad(const struct dt_node *n, const struct dt_value *from, const struct dt_value *to, const void *x,
                   void *y)
{
    const struct dt_pad_shortcut *pad = n->attr;
    int c = dt_value_channels(from), x_block = dt_value_block(from), y_block = dt_value_block(to);
    struct run r = { 0, 0, pad->before, pad->stride };

    memset(y, 0, dt_value_size(to) * size_of(to));
    for (; r.c < c; r.c += r.n) {
        int x_left = x_block - r.c % x_block, y_left = y_block - (r.c + r.before) % y_block;

        r.n = c - r.c < x_left ? c - r.c : x_left;
        r.n = r.n < y_left ? r.n : y_left;
        pad_run(r, from, to, x, y);
    }
}
