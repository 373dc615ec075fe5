/* A data set as the loader sees it. */
#ifndef DT_DATA_DATASET_H
#define DT_DATA_DATASET_H

#include "data/source.h"

struct dt_dataset {
    struct dt_data_info info;
    struct dt_source src;
    const int *index[3];   /* a split, item i -> image of its half of the source; NULL: the same */
    dt_real table[4][256]; /* a byte of a channel, normalised */
};

/* Image i of a split as stored, or in `scratch`; NULL and err on failure. Any thread may call it. */
const uint8_t *dt_dataset_pixels(const struct dt_dataset *d, enum dt_split split, int i, uint8_t *scratch,
                                 struct dt_err *err);
int dt_dataset_label(const struct dt_dataset *d, enum dt_split split, int i);

/* Mean and deviation of each channel over the training split (its first 100,000 images), and the table from them. */
bool dt_dataset_normalise(struct dt_dataset *d, struct dt_err *err);
/* The table from what info says. */
void dt_dataset_tabulate(struct dt_dataset *d);

#endif
