/* peak of AVX512-BF16: vdpbf16ps, two products and their sum on each of 16 lanes. AMX, where a processor has it, is
 * faster still. */
#include <immintrin.h>

#include "autograd/kernels/peak.h"

enum { CHAINS = 12, FLOPS = 16 * 2 * 2 };

float dt_peak_bf16(int64_t rounds, int64_t *flops);

float dt_peak_bf16(int64_t rounds, int64_t *flops)
{
    const __m512i bits = _mm512_set1_epi32(0x3c003c00); /* 2^-7 twice: no sum overflows */
    const __m512bh x = (__m512bh)bits;
    const __m512 d = _mm512_set1_ps(1);
    __m512 v0 = d, v1 = v0 + d, v2 = v1 + d, v3 = v2 + d, v4 = v3 + d, v5 = v4 + d, v6 = v5 + d, v7 = v6 + d,
           v8 = v7 + d, v9 = v8 + d, v10 = v9 + d,
           v11 = v10 + d; /* of its own each, since a compiler computes equal chains once */

    for (int64_t i = 0; i < rounds; i++) {
        v0 = _mm512_dpbf16_ps(v0, x, x), v1 = _mm512_dpbf16_ps(v1, x, x), v2 = _mm512_dpbf16_ps(v2, x, x);
        v3 = _mm512_dpbf16_ps(v3, x, x), v4 = _mm512_dpbf16_ps(v4, x, x), v5 = _mm512_dpbf16_ps(v5, x, x);
        v6 = _mm512_dpbf16_ps(v6, x, x), v7 = _mm512_dpbf16_ps(v7, x, x), v8 = _mm512_dpbf16_ps(v8, x, x);
        v9 = _mm512_dpbf16_ps(v9, x, x), v10 = _mm512_dpbf16_ps(v10, x, x), v11 = _mm512_dpbf16_ps(v11, x, x);
    }
    *flops = rounds * CHAINS * FLOPS;
    v0 += v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11;
    return v0[0];
}
