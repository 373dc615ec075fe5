/* prefix_plan: how a convolution is cut up. Forward and data gradient are the same thing: a tensor is copied into
 * padded lines, and another is computed from it, pixel by pixel, from a list of taps. The gradient of a stride of 2
 * computes four classes of pixels (even and odd rows and columns), each with taps of its own. */
#ifndef DT_AUTOGRAD_KERNELS_PREFIX_PLAN_H
#define DT_AUTOGRAD_KERNELS_PREFIX_PLAN_H

#include "autograd/kernels/prefix_conv.h"

static inline int dt_ceil_div(int a, int b) /* a >= 0 */
{
    return (a + b - 1) / b;
}

static inline int dt_prefix_groups(const struct dt_prefix_geom *g)
{
    return g->groups ? g->groups : 1;
}

enum { DT_PREFIX_TAPS = DT_PREFIX_MAX_KERNEL * DT_PREFIX_MAX_KERNEL };

struct dt_prefix_class { /* pixels (row0 + a out_step, col0 + b out_step) of the result */
    int row0, col0, taps;
    struct dt_prefix_tap tap[DT_PREFIX_TAPS];
};

struct dt_prefix_plan {
    int n, groups, type, size; /* size of a number: 4 or 2 */
    int from_h, from_w, from_c, from_ld, to_h, to_w, to_c, to_ld;
    int from_blocks, to_blocks, words; /* blocks of channels there are in use; words of the last `from` block */
    int row0, col0, row_step, col_step, planes, cols; /* the copy (dt_prefix_copy) */
    int advance, span;                                /* copied rows: from one base row to the next; for one */
    int from_step;                                    /* rows and columns of `from` from one base pixel to the next */
    int out_step, base_rows, base_cols, classes;
    struct dt_prefix_class class_[4];
    size_t row_bytes, w_block, w_out; /* a copied row; packed weights from block to block */
    int band, batch;                  /* a unit of work: so many base rows of so many images, group by group */
    int units;
};

/* DT_PREFIX_WEIGHTS: as forward, but in bf16 a line of the copy has 16 channels of two pixels. */
struct dt_prefix_plan dt_prefix_plan(const struct dt_prefix_geom *g, enum dt_prefix_dir dir);
/* What unit u consists of; and the bytes its copy takes */
void dt_prefix_unit(const struct dt_prefix_plan *p, int u, int *image, int *images, int *row, int *rows);
size_t dt_prefix_copy_rows(const struct dt_prefix_plan *p, int rows); /* copied rows for so many base rows */
size_t dt_prefix_copy_block(const struct dt_prefix_plan *p); /* bytes of a block of channels in a unit's copy */

/* Makes the copy of a group's base rows [row, row + rows) once src and dst are set: to the group's first channel of an
 * image, and its place */
struct dt_prefix_copy dt_prefix_plan_copy(const struct dt_prefix_plan *p, const struct dt_prefix_before *before,
                                          int group, int row, int rows);

size_t dt_prefix_scratch_weights(const struct dt_prefix_geom *g); /* dt_prefix_scratch of DT_PREFIX_WEIGHTS */

#endif
