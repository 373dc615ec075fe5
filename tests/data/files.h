/* Small data files for the tests, written in a temporary folder. Every function fails the test on an error. */
#ifndef DT_TESTS_DATA_FILES_H
#define DT_TESTS_DATA_FILES_H

#include "support.h"

#include <dyntrain/data.h>

/* DIR/NAME, in a buffer that holds until the eighth call from now. */
const char *test_path(const char *dir, const char *name);
void test_mkdir(const char *path);
void test_write(const char *path, const void *data, size_t size);
void test_gz(const char *path, const void *data, size_t size);
size_t test_read(const char *path, void *out, size_t max);          /* the whole file */
void test_copy_head(const char *from, const char *to, size_t size); /* its first bytes */

/* An IDX file's bytes into `out`: rank dimensions, then `body`. Returns their number. */
size_t test_idx(uint8_t *out, int rank, const int *dim, const uint8_t *body, size_t n_body);
/* Four MNIST files: images of 2 x 3 whose pixel p of image i is 10 i + p; labels i % classes. */
void test_mnist(const char *dir, int n_train, int n_test, int classes, bool gz);
/* A CIFAR file of n records, first .. first + n - 1; see test_cifar_pixel. */
void test_cifar(const char *path, int label_bytes, int classes, int first, int n);
uint8_t test_cifar_pixel(int record, int plane, int p);
/* The whole set, 2 records a training file and 3 test records. */
void test_cifar10(const char *dir);

void test_png(const char *path, const uint8_t *pixels, int h, int w, int c);
void test_jpeg(const char *path, const uint8_t *pixels, int h, int w, int c);
/* One PNG of a single grey value. */
void test_grey_png(const char *path, int h, int w, uint8_t value);
/* A class folder below dir with n PNGs of 8 x 8, grey values first, first + 1, ... */
void test_class(const char *dir, const char *name, int n, int first);

/* No augmentation, no validation split, everything else small. */
struct dt_data_cfg test_cfg(int dataset, const char *dir);
/* Opens; the test fails if that fails. */
struct dt_dataset *test_open(const struct dt_data_cfg *cfg, uint64_t seed);
/* Opens; the test fails unless that fails with DT_EDATA and a message that contains `text`. */
void test_refused(const struct dt_data_cfg *cfg, const char *text);

#endif
