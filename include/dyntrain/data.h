/* data: labelled images. A source reads one format; the loader shuffles, augments and normalises in worker threads.
 *
 * Which samples a batch holds and how they are augmented is a pure function of (seed, epoch, index): any number of
 * workers gives the same bits, and a resumed run needs two counters. */
#ifndef DYNTRAIN_DATA_H
#define DYNTRAIN_DATA_H

#include <dyntrain/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dt_split { DT_TRAIN, DT_VAL, DT_TEST };
enum { DT_FASHION_MNIST, DT_CIFAR10, DT_CIFAR100, DT_SYNTH, DT_FOLDER, DT_IDX }; /* data.dataset */

struct dt_augment_cfg {
    int64_t crop_pad; /* pixels of zero padding before the random crop */
    bool hflip;
    int64_t cutout; /* side of the square set to the mean, 0: none (DeVries & Taylor 2017) */
};
struct dt_synth_cfg { /* a learnable, not trivial set: see src/data/synth.c */
    int64_t train, test, classes, size, channels;
    double noise;
};
struct dt_data_cfg {
    int dataset;
    const char *dir;               /* NULL or "": DYNTRAIN_DATA, or the Debian package's folder for fashion_mnist */
    double val_split;              /* share of the training set held out, a pure function of the seed */
    int64_t batch, workers, limit; /* limit: use only the first so many training and test images, 0: all */
    int64_t size;                  /* folder: images are scaled and centre-cropped to size x size */
    struct dt_augment_cfg augment;
    struct dt_synth_cfg synth;
};
extern const struct dt_opt dt_data_opts[];

struct dt_data_info {
    const char *name;
    int n[3]; /* images in DT_TRAIN, DT_VAL, DT_TEST */
    int h, w, c, classes;
    const char *const *class_names; /* [classes] */
    double mean[4], std[4];         /* a channel, of the training images in 0..1 */
};
/* Name, h, w, c and classes of what a config names, without opening anything. folder, idx: classes 0, not known before.
 */
void dt_data_shape(const struct dt_data_cfg *cfg, struct dt_data_info *out);
struct dt_dataset;
/* Opens and checks: a missing, truncated or malformed file gives DT_EDATA naming file, place and remedy. */
struct dt_dataset *dt_dataset_open(const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err);
/* A data set without its images: shape, classes and normalisation alone, for nets that are exported or shown single
 * images. `info->class_names` must outlive it. */
struct dt_dataset *dt_dataset_described(const struct dt_data_info *info, struct dt_err *err);
void dt_dataset_free(struct dt_dataset *d);
const struct dt_data_info *dt_dataset_info(const struct dt_dataset *d);
/* Image i of a split, as stored: pixels [h][w][c] into out, its label returned; -1 and err on failure (folder only). */
int dt_dataset_get(struct dt_dataset *d, enum dt_split split, int i, uint8_t *out, struct dt_err *err);
/* One PNG or JPEG, scaled and cropped to the data set's shape, normalised, into out [h][w][c] (for `predict`). */
bool dt_dataset_read_image(struct dt_dataset *d, const char *path, dt_real *out, struct dt_err *err);

struct dt_batch {
    int n;                 /* samples here: cfg.batch, or fewer at the end of an epoch without drop_last */
    int64_t index;         /* of the batch in its epoch */
    const dt_real *x;      /* [n,h,w,c], normalised */
    const int *label, *id; /* [n]; id: index in the split */
};
struct dt_loader_cfg {
    enum dt_split split;
    int batch, workers; /* workers 0: none, in the caller's thread */
    bool shuffle, drop_last;
    const struct dt_augment_cfg *augment; /* NULL: none */
    uint64_t seed;
};
struct dt_loader;
struct dt_loader *dt_loader_new(struct dt_dataset *d, const struct dt_loader_cfg *cfg, struct dt_err *err);
void dt_loader_free(struct dt_loader *l);
int64_t dt_loader_batches(const struct dt_loader *l); /* an epoch */
/* Begins an epoch at batch `first`; may be called at any time. */
void dt_loader_start(struct dt_loader *l, uint32_t epoch, int64_t first);
/* The next batch, valid until the following call. False at the end of the epoch, or with err set on failure. */
bool dt_loader_next(struct dt_loader *l, struct dt_batch *out, struct dt_err *err);
double dt_loader_wait(const struct dt_loader *l); /* seconds the caller has waited for batches so far */

#ifdef __cplusplus
}
#endif
#endif
