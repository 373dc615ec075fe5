/* prefix_choose: which of the compiled prefix_isa this processor runs. The plain one is compiled here. */
#include "autograd/kernels/prefix_isa.c"

#if !DT_KERNELS_PLAIN_ONLY
extern const struct dt_prefix_isa dt_prefix_avx2, dt_prefix_avx512, dt_prefix_avx512_bf16;
#endif

int dt_prefix_isas(const struct dt_prefix_isa *out[4])
{
    int n = 0;

#if !DT_KERNELS_PLAIN_ONLY
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw")) {
        if (__builtin_cpu_supports("avx512bf16"))
            out[n++] = &dt_prefix_avx512_bf16;
        out[n++] = &dt_prefix_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        out[n++] = &dt_prefix_avx2;
#endif
    out[n++] = &dt_prefix_plain;
    return n;
}

const struct dt_prefix_isa *dt_prefix_isa(void)
{
    const struct dt_prefix_isa *all[4];

    dt_prefix_isas(all);
    return all[0];
}
