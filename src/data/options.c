/* The `data` section of a config. */
#include <dyntrain/data.h>

#define DATA struct dt_data_cfg
#define AUGMENT struct dt_augment_cfg
#define SYNTH struct dt_synth_cfg

static const char *const datasets[] = { "fashion_mnist", "cifar10", "cifar100", "synth", "folder", "idx", NULL };

static const struct dt_opt augment_opts[] = {
    DT_INT(AUGMENT, crop_pad, "0", 0, 64, "random crop after padding each side by so many pixels"),
    DT_BOOL(AUGMENT, hflip, "false", "mirror half of the images"),
    DT_INT(AUGMENT, cutout, "0", 0, 1024, "side in pixels of a random square set to the mean, 0: none"),
    DT_OPT_END,
};

static const struct dt_opt synth_opts[] = {
    DT_INT(SYNTH, train, "2000", 1, 10000000, "training images, validation included"),
    DT_INT(SYNTH, test, "500", 1, 10000000, "test images"),
    DT_INT(SYNTH, classes, "4", 2, 32, "classes: four shapes, in so many stripe directions as needed"),
    DT_INT(SYNTH, size, "16", 8, 512, "height and width in pixels"),
    DT_INT(SYNTH, channels, "3", 1, 4, "channels"),
    DT_REAL(SYNTH, noise, "0.1", 0, 1, "standard deviation of the pixel noise, in units of the value range"),
    DT_OPT_END,
};

const struct dt_opt dt_data_opts[] = {
    DT_PICK(DATA, dataset, "fashion_mnist", datasets, "which data set"),
    DT_STR(DATA, dir, "", "folder of the data; empty: $DYNTRAIN_DATA, or the Debian package's for fashion_mnist"),
    DT_REAL(DATA, val_split, "0.1", 0, 0.9, "share of the training images held out for validation"),
    DT_INT(DATA, batch, "128", 1, 65536, "images a batch"),
    DT_INT(DATA, workers, "1", 0, 64, "threads that prepare batches, 0: none"),
    DT_INT(DATA, limit, "0", 0, 1000000000, "use only the first so many training and test images, 0: all"),
    DT_INT(DATA, size, "32", 8, 1024, "folder: images are scaled and cropped to so many pixels a side"),
    DT_SECTION(DATA, augment, augment_opts, "random changes to training images"),
    DT_SECTION(DATA, synth, synth_opts, "the synthetic data set"),
    DT_OPT_END,
};
