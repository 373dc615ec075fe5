/* ref: the plain engine. Convolution is a matrix product over unrolled patches (im2col; Chellapilla et al. 2006), with
 * its own loops where every channel is by itself (depthwise).
 *
 * Work is cut by output rows, counted through the whole batch (row r is line r % oh of image r / oh), into chunks that
 * depend on the shape alone: the same bits for any thread count. */
#ifndef DT_AUTOGRAD_REF_H
#define DT_AUTOGRAD_REF_H

#include "autograd/engine.h"

enum {
    DT_REF_CHUNKS = 8,   /* the most chunks of a call; each has its own columns and partial gradient */
    DT_REF_PIXELS = 256, /* rows of one matrix product, about: many enough to repay packing the weights */
    DT_REF_PARTIAL =
        8 << 20 /* elements of all partial weight gradients together, where DT_REF_CHUNKS would exceed it */
};

struct dt_ref {
    struct dt_engine base;
    struct dt_scratch weights, columns, partial;
    struct dt_scratch wide[2]; /* DT_BF16 operands in dt_real: the image side, the result's side */
};

/* One call, as its chunks see it. */
struct dt_ref_work {
    const struct dt_conv_geom *g;
    const dt_real *x, *w, *b, *dy;
    dt_real *y, *dx, *columns, *partial;
    bool add;
    int taps, ci, co; /* kernel points; channels a group: in, out */
    int band;         /* output rows a matrix product */
    int64_t grain;    /* output rows a chunk */
    int chunks;
};

/* One matrix product on the calling thread. */
void dt_gemm_serial(bool ta, bool tb, int m, int n, int k, const dt_real *a, int lda, const dt_real *b, int ldb,
                    bool add, dt_real *c, int ldc);

/* columns [rows * ow][taps][ci] of one group = the patches under output rows [row, row + rows), zero outside. */
void dt_im2col(const struct dt_ref_work *w, int group, int64_t row, int rows, dt_real *columns);
/* The transpose: adds the columns to where they came from in w->dx. */
void dt_col2im(const struct dt_ref_work *w, int group, int64_t row, int rows, const dt_real *columns);

/* Chunks (dt_par_fn) of a depthwise convolution; weights and partial gradients are [taps][c]. */
void dt_depthwise_forward(void *work, int64_t begin, int64_t end, int64_t chunk);
void dt_depthwise_data(void *work, int64_t begin, int64_t end, int64_t chunk);
void dt_depthwise_weights(void *work, int64_t begin, int64_t end, int64_t chunk);

/* A forward convolution in memory of the caller's: weights packed once (OIHW to [o][tap][i], for depthwise to
 * [tap][o]), so many bytes of columns. */
void dt_ref_pack(const struct dt_conv_geom *g, const dt_real *from, dt_real *to);
size_t dt_ref_columns(const struct dt_conv_geom *g);
void dt_ref_conv(const struct dt_conv_geom *g, const dt_real *x, const dt_real *packed, const dt_real *b,
                 dt_real *columns, dt_real *y);

/* The engine's functions, see engine.h. */
bool dt_ref_conv_forward(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                         const dt_real *b, void *y, struct dt_err *err);
bool dt_ref_conv_backward_data(struct dt_engine *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                               void *dx, bool add, struct dt_err *err);
bool dt_ref_conv_backward_weights(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                  dt_real *dw, bool dw_add, dt_real *db, bool db_add, struct dt_err *err);

/* DT_BF16 operands: widened into scratch `side`, and back. This engine multiplies in dt_real only. (half.c) */
const dt_real *dt_ref_widen(struct dt_ref *e, int side, const struct dt_conv_geom *g, bool result, const void *from,
                            struct dt_err *err);
dt_real *dt_ref_wide(struct dt_ref *e, int side, const struct dt_conv_geom *g, bool result, void *to,
                     struct dt_err *err);
void dt_ref_narrow(const struct dt_conv_geom *g, bool result, const dt_real *wide, bool add, void *to);

#endif
