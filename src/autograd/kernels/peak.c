/* peak: which of the compiled loops this processor runs. The plain one is compiled here. */
#include "autograd/kernels/peak_isa.c"

#if !DT_KERNELS_PLAIN_ONLY
extern const struct dt_peak_kernel dt_peak_avx2, dt_peak_avx512;
float dt_peak_bf16(int64_t rounds, int64_t *flops);
#endif

struct dt_peak_kernel dt_peak_kernel(void)
{
    struct dt_peak_kernel best = dt_peak_plain;

#if !DT_KERNELS_PLAIN_ONLY
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        best = dt_peak_avx512;
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        best = dt_peak_avx2;
    if (__builtin_cpu_supports("avx512bf16"))
        best.multiply_add_bf16 = dt_peak_bf16;
#endif
    return best;
}
