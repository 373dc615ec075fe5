/* prefix_isa: the inner loops of prefix_conv, compiled once per instruction set and chosen at run time. They know
 * nothing of images: prefix_conv.c (forward, data) and prefix_weights.c cut the work into tiles.
 *
 * A WORD is 32 bits: one fp32 number or two bf16 numbers. A LINE is 16 words. Operands lie in lines, so that one text
 * serves both precisions; only the product of two words differs. */
#ifndef DT_AUTOGRAD_KERNELS_PREFIX_ISA_H
#define DT_AUTOGRAD_KERNELS_PREFIX_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DT_PREFIX_F32, DT_PREFIX_BF16, DT_PREFIX_TYPES };
enum {
    DT_PREFIX_WORDS = 16, /* of a line; output channels of a block */
    DT_PREFIX_LINE = 64,  /* its bytes */
    DT_PREFIX_STEP = 4,   /* words are summed over in such steps: short loops of fixed length are foreseen best */
    DT_PREFIX_ROWS = 8,   /* of a tile, at most */
    DT_PREFIX_TILE = 16   /* pixels x blocks of output channels of a tile, at most */
};

/* Copies rows of a channels-last image into lines [block of channels][row][plane][column], zero outside of the image
 * and behind the last channel. Copy row r, plane p, column j is the image's row row0 + r row_step and column
 * col0 + p + j col_step. */
struct dt_prefix_copy {
    const char *src; /* the image, at the first channel in use */
    const char *end; /* of it: nothing behind may be read */
    size_t pixel;    /* bytes from one pixel to the next */
    int h, w, channels;
    int row0, row_step, rows, col0, col_step, cols, planes;
    size_t block;       /* bytes from one block of channels to the next, in dst */
    const float *scale; /* NULL, or what is copied is max(0, scale[c] x + shift[c]), without the max unless relu */
    const float *shift;
    bool relu;
    char *dst;
};

enum { DT_PREFIX_ALL, DT_PREFIX_BUT_FIRST, DT_PREFIX_BUT_LAST }; /* columns of a tile a tap has something for */
struct dt_prefix_tap {
    ptrdiff_t x, w; /* bytes from the tile's first line, and from the block's first weights */
    int row, col;   /* for the driver: from a pixel's place to what the tap reads */
    int columns;
};

/* Up to rows x cols pixels by up to 2 blocks of output channels: v = start + sum over input blocks, taps and words. */
struct dt_prefix_tile {
    const char *x[DT_PREFIX_ROWS];  /* rows of lines */
    const char *w;                  /* lines: one a word of the input, 16 output channels wide */
    size_t x_block, w_block, w_out; /* bytes from input block to input block, from output block to output block */
    const struct dt_prefix_tap *tap;
    int taps, blocks, words; /* words: of the last input block, whole steps */
    float *partial;          /* NULL, or sums are carried here from one call to the next over input blocks ... */
    bool first, last;        /* ... of which this is the first, the last */
    /* the rest is used by the last call */
    int rows, cols, channels; /* valid ones */
    char *y[DT_PREFIX_ROWS];
    const char *add[DT_PREFIX_ROWS]; /* NULL in [0], or added: same layout as y */
    size_t y_pixel;
    const float *bias; /* NULL, or one a channel */
    bool relu;
    float *sum, *sq; /* NULL, or += v - about, += (v - about)^2, one a channel */
    const float *about;
};
typedef void dt_prefix_tile_fn(const struct dt_prefix_tile *);
struct dt_prefix_shape {
    int rows, cols, blocks;
    dt_prefix_tile_fn *run[DT_PREFIX_TYPES];
};

/* acc[i][o] += sum over images, rows and columns of x word i times dy word o, for i below n. */
struct dt_prefix_outer {
    const char *x, *dy;                             /* lines; those of dy are neighbours */
    size_t x_image, x_row, x_col, dy_image, dy_row; /* bytes from one to the next */
    int images, rows, cols, n;
    float *acc; /* [16][16] */
};

struct dt_prefix_isa {
    const char *name;
    struct dt_prefix_shape shape[8]; /* ends with rows 0 */
    void (*copy[DT_PREFIX_TYPES])(const struct dt_prefix_copy *);
    /* The same for bf16 with a word for two neighbouring columns of one channel: (j, j + 1) for each j, or with
     * `halves` for each even j only, into [block of 16 channels][row][plane][column or half of it]. */
    void (*copy_pairs)(const struct dt_prefix_copy *, bool halves);
    void (*outer[DT_PREFIX_TYPES])(const struct dt_prefix_outer *);
};

const struct dt_prefix_isa *dt_prefix_isa(void);        /* the best this processor runs */
int dt_prefix_isas(const struct dt_prefix_isa *out[4]); /* all it runs, plain C last */

#endif
