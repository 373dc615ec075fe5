/* rows: which of the compiled kernels this processor runs. The plain one is compiled here. */
#include "autograd/kernels/rows_isa.c"

#if !DT_KERNELS_PLAIN_ONLY
extern const struct dt_rows_kernel dt_rows_avx2, dt_rows_avx512;
#endif

int dt_rows_kernels(const struct dt_rows_kernel *out[4])
{
    int n = 0;

#if !DT_KERNELS_PLAIN_ONLY
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        out[n++] = &dt_rows_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        out[n++] = &dt_rows_avx2;
#endif
    out[n++] = &dt_rows_plain;
    return n;
}

const struct dt_rows_kernel *dt_rows_kernel(void)
{
    const struct dt_rows_kernel *all[4];

    dt_rows_kernels(all);
    return all[0];
}
