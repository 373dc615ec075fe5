/* peak for one instruction set: DT_PEAK_ISA names it, the compiler flags choose it. */
#include "autograd/kernels/peak.h"

#include <string.h>

#ifndef DT_PEAK_ISA
#define DT_PEAK_ISA plain
#endif
#define DT_PASTE_(a, b) a##b
#define DT_PASTE(a, b) DT_PASTE_(a, b)
#define DT_QUOTE_(a) #a
#define DT_QUOTE(a) DT_QUOTE_(a)

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));

enum { CHAINS = 12 }; /* a latency of 4 or 5 cycles on two ports, and still 16 registers are enough */

/* Names in place of an array, since only so are they sure to stay in registers; values of their own, since a compiler
 * computes equal chains once. */
static float multiply_add(int64_t rounds, int64_t *flops)
{
    const vec m = (vec){ 0 } + 0.999f, d = (vec){ 0 } + 0.001f;
    vec v0 = d, v1 = v0 + d, v2 = v1 + d, v3 = v2 + d, v4 = v3 + d, v5 = v4 + d, v6 = v5 + d, v7 = v6 + d, v8 = v7 + d,
        v9 = v8 + d, v10 = v9 + d, v11 = v10 + d;

    for (int64_t i = 0; i < rounds; i++) {
        v0 = v0 * m + d, v1 = v1 * m + d, v2 = v2 * m + d, v3 = v3 * m + d;
        v4 = v4 * m + d, v5 = v5 * m + d, v6 = v6 * m + d, v7 = v7 * m + d;
        v8 = v8 * m + d, v9 = v9 * m + d, v10 = v10 * m + d, v11 = v11 * m + d;
    }
    v0 += v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11;
    *flops = rounds * CHAINS * LANES * 2;
    return v0[0];
}

static void triad(float *a, const float *b, const float *c, float s, int64_t n)
{
    int64_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        vec x, y;

        memcpy(&x, b + i, sizeof x);
        memcpy(&y, c + i, sizeof y);
        x += s * y;
        memcpy(a + i, &x, sizeof x);
    }
    for (; i < n; i++)
        a[i] = b[i] + s * c[i];
}

const struct dt_peak_kernel DT_PASTE(dt_peak_, DT_PEAK_ISA);
const struct dt_peak_kernel DT_PASTE(dt_peak_, DT_PEAK_ISA) = {
    .isa = DT_QUOTE(DT_PEAK_ISA),
    .multiply_add = multiply_add,
    .triad = triad,
};
