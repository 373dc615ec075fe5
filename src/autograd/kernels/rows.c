/* rows: which of the compiled kernels this processor runs. The plain one is compiled here, and in rows_half.c. */
#include "autograd/kernels/rows_isa.c"

#if !DT_KERNELS_PLAIN_ONLY
extern const struct dt_rows_kernel dt_rows_avx2, dt_rows_avx512, dt_rows_avx2_half, dt_rows_avx512_half;
#endif
#ifdef DT_F64 /* the twin knows dt_real only */
#define dt_rows_plain_half dt_rows_plain
#else
extern const struct dt_rows_kernel dt_rows_plain_half;
#endif

int dt_rows_kernels(enum dt_dtype dtype, const struct dt_rows_kernel *out[4])
{
    bool half = dtype == DT_BF16;
    int n = 0;

#if !DT_KERNELS_PLAIN_ONLY
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        out[n++] = half ? &dt_rows_avx512_half : &dt_rows_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        out[n++] = half ? &dt_rows_avx2_half : &dt_rows_avx2;
#endif
    out[n++] = half ? &dt_rows_plain_half : &dt_rows_plain;
    return n;
}

const struct dt_rows_kernel *dt_rows_kernel(enum dt_dtype dtype)
{
    const struct dt_rows_kernel *all[4];

    dt_rows_kernels(dtype, all);
    return all[0];
}
