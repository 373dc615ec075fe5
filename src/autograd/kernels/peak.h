/* peak: loops that do nothing but multiply and add, or read and write, so that a kernel's rate can be held against what
 * the processor has to give. Compiled once per instruction set, chosen at run time; never on the path of a computation.
 */
#ifndef DT_AUTOGRAD_KERNELS_PEAK_H
#define DT_AUTOGRAD_KERNELS_PEAK_H

#include <stdint.h>

struct dt_peak_kernel {
    const char *isa;
    /* `rounds` times a fixed number of fused multiply-adds (multiply and add where there are none) in independent
     * chains; *flops: how many operations that was. The result depends on all of them. */
    float (*multiply_add)(int64_t rounds, int64_t *flops);
    /* the same on pairs of bfloat16 with single-precision sums; NULL: the processor has no such instruction */
    float (*multiply_add_bf16)(int64_t rounds, int64_t *flops);
    /* a = b + s c: three streams of n floats, 12 n bytes */
    void (*triad)(float *a, const float *b, const float *c, float s, int64_t n);
};

/* What this processor runs best. */
struct dt_peak_kernel dt_peak_kernel(void);

#endif
