/* rows: our own kernels over channels-last rows (a row: the c channels of one pixel): batch norm's statistics,
 * normalising with or without a residual and an activation, and their gradients, each in one pass. Compiled once per
 * instruction set and type of activations, chosen at run time. Activations and their gradients (void) are of the
 * kernel's type, all statistics dt_real.
 *
 * `c` channels of rows that are `step` numbers apart: a group of channels may have samples of its own.
 *
 * A statistic is reduced over fixed chunks of rows in chunk order, so its bits do not depend on the thread count. */
#ifndef DT_AUTOGRAD_KERNELS_ROWS_H
#define DT_AUTOGRAD_KERNELS_ROWS_H

#include <dyntrain/ops.h>

/* Where an activation has a slope (ReLU: y > 0, ReLU6 below 6 as well): from its results or, with a sixteenth of the
 * traffic or less, from bits. Pointers as those of dy, with bits at a channel that is a multiple of 16. */
struct dt_slope {
    enum dt_act act; /* DT_LINEAR: everywhere, y and bits are NULL */
    const void *y;
    const uint16_t *bits; /* [rows][dt_slope_words(step)], bit c % 16 of word c / 16; in place of y */
};
static inline int64_t dt_slope_words(int channels)
{
    return (channels + 15) / 16;
}

struct dt_rows_kernel {
    const char *isa;
    /* over rows [begin,end) of one chunk: sum[c], sq[c] (about shift[c]: sums of x - shift and its square) */
    void (*stats)(const void *x, int64_t rows, int c, int step, const dt_real *shift, dt_real *sum, dt_real *sq);
    /* y = act(a[c] x + b[c] + base), base NULL: 0; bits NULL, or the slopes of act as in dt_slope */
    void (*scale)(const void *x, const void *base, int64_t rows, int c, const dt_real *a, const dt_real *b,
                  enum dt_act act, void *y, uint16_t *bits);
    /* with g = dy where the slope is, NULL: everywhere:
     * dg[c] += sum g (x - mean), db[c] += sum g; masked = g unless NULL, which may be dy itself */
    void (*grad_stats)(const void *x, const void *dy, const struct dt_slope *s, void *masked, int64_t rows, int c,
                       int step, const dt_real *mean, dt_real *dg, dt_real *db);
    /* dx = (add ? dx : 0) + a[c] g + p[c] (x - mean[c]) + q[c]; g as above */
    void (*grad_input)(const void *x, const void *dy, const struct dt_slope *s, int64_t rows, int c, int step,
                       const dt_real *mean, const dt_real *a, const dt_real *p, const dt_real *q, bool add, void *dx);
    /* y = a + b, then ReLU if relu; and for any activation dx = (add ? dx : 0) + g, by y */
    void (*add_relu)(const void *a, const void *b, int64_t n, bool relu, void *y);
    void (*act_grad)(const void *dy, const void *y, int64_t n, enum dt_act act, bool add, void *dx);
};

const struct dt_rows_kernel *dt_rows_kernel(enum dt_dtype dtype); /* the best this processor runs */
/* All that were built and this processor runs, plain C last; for the test that holds them to the plain one. */
int dt_rows_kernels(enum dt_dtype dtype, const struct dt_rows_kernel *out[4]);

#endif
