/* prefix_conv: a direct convolution on channels-last images that uses the first i input and the first o output
 * channels, both counts known at run time only, at a cost proportional to i x o in steps of 16 (input in bf16: 32). The
 * weights are packed once for all prefixes. fp32 or bf16 images and weights; sums, weight gradients and all that is per
 * channel are fp32.
 *
 * An image is copied into a padded buffer in lines of 16 words (prefix_isa.h); on the way it may be normalised and
 * rectified, so that the layer before needs no pass of its own. Tiles of pixels x output channels are then summed in
 * registers over input channels and taps; batch norm's sums are taken as they leave. The cuts depend on the geometry
 * only: no number depends on the thread count. */
#ifndef DT_AUTOGRAD_KERNELS_PREFIX_CONV_H
#define DT_AUTOGRAD_KERNELS_PREFIX_CONV_H

#include "autograd/kernels/prefix_isa.h"

enum { DT_PREFIX_MAX_KERNEL = 3 };

enum dt_prefix_dir { DT_PREFIX_FORWARD, DT_PREFIX_DATA, DT_PREFIX_WEIGHTS };

struct dt_prefix_geom {
    int n, h, w, oh, ow;     /* images; x is [n,h,w,ldx], y is [n,oh,ow,ldy] */
    int kernel, stride, pad; /* kernel 1 to 3, stride 1 or 2, pad below the kernel */
    int i, o;                /* channels in use: the first ones */
    int ldx, ldy;            /* channels there are: numbers from one pixel to the next */
    int w_i, w_o;            /* the weight is [groups w_o,w_i,kernel,kernel] */
    int groups;              /* 0: one; more: of i and o channels each side by side, none left over */
    int type;                /* DT_PREFIX_F32 or DT_PREFIX_BF16: x, y, dx, dy and packed weights */
};

/* What comes before a convolution, per channel over all groups: x stands for max(0, scale[i] x + shift[i]), without the
 * max unless relu. NULL scale: nothing. */
struct dt_prefix_before {
    const float *scale, *shift;
    bool relu;
};
/* What comes after it, likewise; all may be NULL. y = act(conv + bias[o] + add), add laid out like y; sum[o] and sq[o]
 * become the sums of y - about[o] and its square, of y before it is rounded to bf16. */
struct dt_prefix_after {
    const float *bias;
    const void *add;
    bool relu;
    const float *about;
    float *sum, *sq;
};

/* Weights OIHW to the forward pass's layout or, with `data`, to that of the gradient for the input. Of any geometry
 * only kernel, w_i, w_o, groups and type matter, so one pack serves all prefixes. */
size_t dt_prefix_pack_bytes(const struct dt_prefix_geom *g, bool data);
void dt_prefix_pack(const struct dt_prefix_geom *g, bool data, const float *w, void *packed);

/* Bytes of scratch memory a call needs with the threads there are now; 64-byte aligned. */
size_t dt_prefix_scratch(const struct dt_prefix_geom *g, enum dt_prefix_dir dir);

/* before and after may be NULL. Channels of y beyond o are left alone. */
void dt_prefix_forward(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *x,
                       const struct dt_prefix_before *before, const void *packed, const struct dt_prefix_after *after,
                       void *y, void *scratch);
/* dx = (add ? dx : 0) + dy * w', for what the convolution itself sees; channels beyond i are left alone. */
void dt_prefix_backward_data(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *dy,
                             const void *packed, void *dx, bool add, void *scratch);
/* dw[o,i,:,:] = (add ? dw : 0) + x' * dy for the first i and o; the rest of dw [w_o,w_i,kernel,kernel] is left alone.
 */
void dt_prefix_backward_weights(const struct dt_prefix_isa *isa, const struct dt_prefix_geom *g, const void *x,
                                const struct dt_prefix_before *before, const void *dy, float *dw, bool add,
                                void *scratch);

#endif
