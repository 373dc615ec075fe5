/* rows for one instruction set and type of activations: DT_ROWS_ISA names the set, the compiler flags choose it;
 * DT_ROWS_HALF: activations are bfloat16. Vectors are written with the vector
 * extension of gcc and clang, so one text serves all of them; 16, 8 and 1 lanes share the bodies in rows_lanes.h. */
#include "autograd/kernels/rows.h"

#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#ifndef DT_ROWS_ISA
#define DT_ROWS_ISA plain
#endif
#ifndef DT_ROWS_HALF
#define DT_ROWS_HALF 0
#endif
#define DT_PASTE_(a, b) a##b
#define DT_PASTE(a, b) DT_PASTE_(a, b)
#define DT_QUOTE_(a) #a
#define DT_QUOTE(a) DT_QUOTE_(a)

#ifdef DT_F64
typedef int64_t dt_mask;
#else
typedef int32_t dt_mask;
#endif

#if DT_ROWS_HALF
#define TABLE DT_PASTE(DT_PASTE(dt_rows_, DT_ROWS_ISA), _half)
typedef dt_bf16 elem;
#else
#define TABLE DT_PASTE(dt_rows_, DT_ROWS_ISA)
typedef dt_real elem;
#endif

#define LANES 16
#include "autograd/kernels/rows_lanes.h"
#undef LANES
#define LANES 8
#include "autograd/kernels/rows_lanes.h"
#undef LANES
#define LANES 1
#include "autograd/kernels/rows_lanes.h"
#undef LANES

enum { BAND = 4 }; /* rows */

/* Runs call(lanes, row, rows, channel) band by band and within one over the channels: in blocks of 16 lanes, at most
 * one of 8, then one by one. A band lies in one piece where the channels are all there are; walking down all rows for
 * one block of channels and then for the next takes twice as long, as it loses the processor's prefetching. */
#define OVER_ROWS(call)                                                                                                \
    do {                                                                                                               \
        int64_t r = 0;                                                                                                 \
        for (; r + BAND <= rows; r += BAND)                                                                            \
            OVER_CHANNELS(call, r, BAND);                                                                              \
        for (; r < rows; r++)                                                                                          \
            OVER_CHANNELS(call, r, 1);                                                                                 \
    } while (0)
#define OVER_CHANNELS(call, r, n)                                                                                      \
    do {                                                                                                               \
        int k = 0;                                                                                                     \
        for (; k + 16 <= c; k += 16)                                                                                   \
            call(16, r, n, k);                                                                                         \
        for (; k + 8 <= c; k += 8)                                                                                     \
            call(8, r, n, k);                                                                                          \
        for (; k < c; k++)                                                                                             \
            call(1, r, n, k);                                                                                          \
    } while (0)

static void stats(const void *vx, int64_t rows, int c, int step, const dt_real *shift, dt_real *sum, dt_real *sq)
{
    const elem *x = vx;

#define CALL(l, r, n, k) stats##l(x + r * step + k, n, step, shift + k, sum + k, sq + k)
    OVER_ROWS(CALL);
#undef CALL
}

static void scale(const void *vx, const void *vbase, int64_t rows, int c, const dt_real *a, const dt_real *b,
                  enum dt_act act, void *vy, uint16_t *bits)
{
    const elem *x = vx, *base = vbase;
    int64_t words = dt_slope_words(c);
    elem *y = vy;

#define CALL(l, r, n, k)                                                                                               \
    scale##l(x + r * c + k, base ? base + r * c + k : NULL, n, c, a + k, b + k, act, y + r * c + k,                    \
             bits ? bits + r * words + k / 16 : NULL, k % 16, words)
    OVER_ROWS(CALL);
#undef CALL
}

static void grad_stats(const void *vx, const void *vdy, const struct dt_slope *s, void *vmasked, int64_t rows, int c,
                       int step, const dt_real *mean, dt_real *dg, dt_real *db)
{
    const elem *x = vx, *dy = vdy, *y = s ? s->y : NULL;
    const uint16_t *bits = s ? s->bits : NULL;
    enum dt_act act = s ? s->act : DT_LINEAR;
    int64_t words = dt_slope_words(step);
    elem *masked = vmasked;

#define CALL(l, r, n, k)                                                                                               \
    grad_stats##l(x + r * step + k, dy + r * step + k, y ? y + r * step + k : NULL,                                    \
                  bits ? bits + r * words + k / 16 : NULL, k % 16, words, act, masked ? masked + r * step + k : NULL,  \
                  n, step, mean + k, dg + k, db + k)
    OVER_ROWS(CALL);
#undef CALL
}

static void grad_input(const void *vx, const void *vdy, const struct dt_slope *s, int64_t rows, int c, int step,
                       const dt_real *mean, const dt_real *a, const dt_real *p, const dt_real *q, bool add, void *vdx)
{
    const elem *x = vx, *dy = vdy, *y = s ? s->y : NULL;
    const uint16_t *bits = s ? s->bits : NULL;
    enum dt_act act = s ? s->act : DT_LINEAR;
    int64_t words = dt_slope_words(step);
    elem *dx = vdx;

#define CALL(l, r, n, k)                                                                                               \
    grad_input##l(x + r * step + k, dy + r * step + k, y ? y + r * step + k : NULL,                                    \
                  bits ? bits + r * words + k / 16 : NULL, k % 16, words, act, n, step, mean + k, a + k, p + k, q + k, \
                  add, dx + r * step + k)
    OVER_ROWS(CALL);
#undef CALL
}

static void add_relu(const void *va, const void *vb, int64_t n, bool relu, void *vy)
{
    const elem *a = va, *b = vb;
    elem *y = vy;
    int64_t i = 0;

    for (; i + 16 <= n; i += 16)
        add_relu16(a + i, b + i, relu, y + i);
    for (; i < n; i++)
        add_relu1(a + i, b + i, relu, y + i);
}

static void act_grad(const void *vdy, const void *vy, int64_t n, enum dt_act act, bool add, void *vdx)
{
    const elem *dy = vdy, *y = vy;
    elem *dx = vdx;
    int64_t i = 0;

    for (; i + 16 <= n; i += 16)
        act_grad16(dy + i, y + i, act, add, dx + i);
    for (; i < n; i++)
        act_grad1(dy + i, y + i, act, add, dx + i);
}

const struct dt_rows_kernel TABLE;
const struct dt_rows_kernel TABLE = {
    .isa = DT_QUOTE(DT_ROWS_ISA),
    .stats = stats,
    .scale = scale,
    .grad_stats = grad_stats,
    .grad_input = grad_input,
    .add_relu = add_relu,
    .act_grad = act_grad,
};
