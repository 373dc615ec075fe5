/* depthwise convolution: y[c] = sum over taps of x[c] w[tap][c]. Nothing to multiply matrices with, so plain loops with
 * the channels innermost. */
#include "autograd/ref/ref.h"

#include <string.h>

/* What one tap touches in one output row: pixels [lo, hi) of the output, and the input under pixel lo; hi <= lo:
 * nothing. */
struct reach {
    int lo, hi;
    ptrdiff_t x;
};

static struct reach reach_of(const struct dt_conv_geom *g, int64_t row, int tap)
{
    int iy = (int)(row % g->oh) * g->stride - g->pad + tap / g->kw, kx = tap % g->kw - g->pad;
    struct reach r = { 0, 0, 0 };

    if (iy < 0 || iy >= g->h)
        return r;
    r.lo = kx < 0 ? (-kx - 1) / g->stride + 1 : 0;
    r.hi = kx >= g->w ? 0 : (g->w - 1 - kx) / g->stride + 1;
    if (r.hi > g->ow)
        r.hi = g->ow;
    r.x = ((ptrdiff_t)(row / g->oh * g->h + iy) * g->w + (ptrdiff_t)r.lo * g->stride + kx) * g->i;
    return r;
}

static void multiply_add(int c, const dt_real *restrict a, const dt_real *restrict b, dt_real *restrict out)
{
    for (int k = 0; k < c; k++)
        out[k] += a[k] * b[k];
}

void dt_depthwise_forward(void *work, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = work;
    const struct dt_conv_geom *g = w->g;
    ptrdiff_t c = g->i;

    (void)chunk;
    for (int64_t row = begin; row < end; row++) {
        dt_real *y = w->y + row * g->ow * c;

        for (int ox = 0; ox < g->ow; ox++)
            if (w->b)
                memcpy(y + ox * c, w->b, (size_t)c * sizeof *y);
            else
                memset(y + ox * c, 0, (size_t)c * sizeof *y);
        for (int tap = 0; tap < w->taps; tap++) {
            struct reach r = reach_of(g, row, tap);

            for (int ox = r.lo; ox < r.hi; ox++)
                multiply_add(g->i, w->x + r.x + (ox - r.lo) * g->stride * c, w->w + tap * c, y + ox * c);
        }
    }
}

void dt_depthwise_data(void *work, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = work;
    const struct dt_conv_geom *g = w->g;
    ptrdiff_t c = g->i;

    (void)chunk;
    for (int64_t row = begin; row < end; row++)
        for (int tap = 0; tap < w->taps; tap++) {
            struct reach r = reach_of(g, row, tap);

            for (int ox = r.lo; ox < r.hi; ox++)
                multiply_add(g->i, w->dy + (row * g->ow + ox) * c, w->w + tap * c,
                             w->dx + r.x + (ox - r.lo) * g->stride * c);
        }
}

/* Summed by row first: a sum of sums loses fewer digits than one long sum. */
void dt_depthwise_weights(void *work, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_ref_work *w = work;
    const struct dt_conv_geom *g = w->g;
    ptrdiff_t c = g->i;
    dt_real *part = w->partial + chunk * w->taps * c, *sum = w->columns + chunk * c;

    memset(part, 0, (size_t)w->taps * (size_t)c * sizeof *part);
    for (int64_t row = begin; row < end; row++)
        for (int tap = 0; tap < w->taps; tap++) {
            struct reach r = reach_of(g, row, tap);

            memset(sum, 0, (size_t)c * sizeof *sum);
            for (int ox = r.lo; ox < r.hi; ox++)
                multiply_add(g->i, w->dy + (row * g->ow + ox) * c, w->x + r.x + (ox - r.lo) * g->stride * c, sum);
            for (int k = 0; k < c; k++)
                part[tap * c + k] += sum[k];
        }
}
