/* Random changes to training images. */
#ifndef DT_DATA_AUGMENT_H
#define DT_DATA_AUGMENT_H

#include <dyntrain/data.h>

struct dt_augment { /* what happens to one image */
    int dy, dx;     /* offset of the crop, -pad .. pad */
    bool flip;
    int cut_y, cut_x, cut; /* centre and side of the square, which may stick out */
};

struct dt_augment dt_augment_draw(const struct dt_augment_cfg *cfg, int h, int w, struct dt_rng *rng);
/* `in` [h][w][c] to `out`, normalised by `table`; what comes from outside the image and the square are 0, the mean. */
void dt_augment_apply(const struct dt_augment *a, const dt_real table[4][256], int h, int w, int c, const uint8_t *in,
                      dt_real *out);

#endif
