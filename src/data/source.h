/* A source reads one file format: labelled images, training and test, all of one shape. To add one: a file with a
 * dt_source_open function, and a row in dataset.c. */
#ifndef DT_DATA_SOURCE_H
#define DT_DATA_SOURCE_H

#include <dyntrain/data.h>

struct dt_images {
    int n;
    int *label;            /* [n] */
    const uint8_t *pixels; /* [n][h][w][c]; NULL: `read` has them */
};

struct dt_source {
    int h, w, c, classes;
    const char *const *class_names; /* [classes] */
    struct dt_images train, test;
    /* Image i of a half, as a pointer to keep or into `scratch` [h][w][c]; NULL and err on failure. Any thread may
     * call it. NULL: everything is in `pixels`. */
    const uint8_t *(*read)(const struct dt_source *s, const struct dt_images *half, int i, uint8_t *scratch,
                           struct dt_err *err);
    void *state;            /* of `read` */
    struct dt_arena *arena; /* owns all memory of the source, so there is nothing to close */
};

/* Fills `s`, whose arena is there already. False and err on failure; the caller frees the arena in any case. */
typedef bool dt_source_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err);
dt_source_open dt_fashion_mnist_open, dt_idx_open, dt_cifar10_open, dt_cifar100_open, dt_synth_open, dt_folder_open;

/* data.dir, else DYNTRAIN_DATA, else NULL. */
const char *dt_source_dir(const struct dt_data_cfg *cfg);
/* Labels and pixels for n images of the source's shape; the pixels are returned for filling, NULL: out of memory. */
uint8_t *dt_source_alloc(struct dt_source *s, struct dt_images *half, int n, struct dt_err *err);
/* Class names "0", "1", ... for sources that have none. */
bool dt_source_number_classes(struct dt_source *s, struct dt_err *err);

#endif
