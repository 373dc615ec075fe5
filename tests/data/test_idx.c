/* IDX files: what is read, and every way a file can be wrong. */
#include "files.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#define TRAIN_IMAGES "train-images-idx3-ubyte"
#define TRAIN_LABELS "train-labels-idx1-ubyte"
#define TEST_IMAGES "t10k-images-idx3-ubyte"
#define TEST_LABELS "t10k-labels-idx1-ubyte"

static char dir[256];
static struct dt_data_cfg cfg;

static void setup(void)
{
    unsetenv("DYNTRAIN_DATA");
    dt_test_mkdir(dir);
    cfg = test_cfg(DT_IDX, dir);
}

static void teardown(void)
{
    dt_test_rmdir(dir);
}

static void check_small(void)
{
    struct dt_dataset *d = test_open(&cfg, 1);
    const struct dt_data_info *info = dt_dataset_info(d);
    struct dt_err err = { 0 };
    uint8_t p[6];

    ck_assert_str_eq(info->name, "idx");
    ck_assert_int_eq(info->n[DT_TRAIN], 9);
    ck_assert_int_eq(info->n[DT_VAL], 0);
    ck_assert_int_eq(info->n[DT_TEST], 5);
    ck_assert_int_eq(info->h, 2);
    ck_assert_int_eq(info->w, 3);
    ck_assert_int_eq(info->c, 1);
    ck_assert_int_eq(info->classes, 3);
    ck_assert_str_eq(info->class_names[2], "2");
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(dt_dataset_get(d, DT_TEST, i, p, &err), i % 3);
        for (int k = 0; k < 6; k++)
            ck_assert_int_eq(p[k], 10 * i + k);
    }
    ck_assert_int_eq(dt_dataset_get(d, DT_TRAIN, 8, p, &err), 2);
    ck_assert_int_eq(p[5], 85);
    dt_dataset_free(d);
}

START_TEST(test_plain)
{
    test_mnist(dir, 9, 5, 3, false);
    check_small();
}
END_TEST

START_TEST(test_compressed)
{
    test_mnist(dir, 9, 5, 3, true);
    check_small();
}
END_TEST

START_TEST(test_data_dir_from_environment)
{
    test_mnist(dir, 9, 5, 3, true);
    setenv("DYNTRAIN_DATA", dir, 1);
    cfg.dir = "";
    check_small();
    unsetenv("DYNTRAIN_DATA");
    test_refused(&cfg, "data.dir: not set; set it to the folder that holds train-images-idx3-ubyte");
}
END_TEST

START_TEST(test_limit)
{
    struct dt_dataset *d;

    test_mnist(dir, 9, 5, 3, false);
    cfg.limit = 4;
    d = test_open(&cfg, 1);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_TRAIN], 4);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_TEST], 4);
    dt_dataset_free(d);
}
END_TEST

START_TEST(test_missing)
{
    char text[600];

    test_mnist(dir, 9, 5, 3, false);
    snprintf(text, sizeof(text),
             "data.dir: %s.gz: No such file or directory; set data.dir to the folder that holds the",
             test_path(dir, TEST_LABELS));
    ck_assert_int_eq(remove(test_path(dir, TEST_LABELS)), 0);
    test_refused(&cfg, text);
}
END_TEST

/* Cut anywhere, the file and both byte counts are named; the whole file has 70 bytes. */
START_TEST(test_truncated)
{
    static const size_t cut[] = { 0, 3, 15, 16, 17, 69 };
    char whole[512], text[600];

    test_mnist(dir, 9, 5, 3, false);
    snprintf(whole, sizeof(whole), "%s", test_path(dir, "whole"));
    ck_assert_int_eq(rename(test_path(dir, TRAIN_IMAGES), whole), 0);
    for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
        test_copy_head(whole, test_path(dir, TRAIN_IMAGES), cut[i]);
        if (cut[i] < 16)
            snprintf(text, sizeof(text), "%s: truncated: %zu bytes, an IDX header has 16", test_path(dir, TRAIN_IMAGES),
                     cut[i]);
        else
            snprintf(text, sizeof(text), "%s: the header promises 70 bytes, the file has %zu; get the file again",
                     test_path(dir, TRAIN_IMAGES), cut[i]);
        test_refused(&cfg, text);
    }
}
END_TEST

START_TEST(test_truncated_gz)
{
    char name[] = TRAIN_IMAGES ".gz", whole[512];
    uint8_t data[512];
    size_t size;

    test_mnist(dir, 9, 5, 3, true);
    snprintf(whole, sizeof(whole), "%s", test_path(dir, "whole"));
    ck_assert_int_eq(rename(test_path(dir, name), whole), 0);
    size = test_read(whole, data, sizeof(data));
    for (size_t cut = 0; cut < size; cut++) {
        test_copy_head(whole, test_path(dir, name), cut);
        /* Below the two magic bytes zlib takes the file for a plain one. */
        test_refused(&cfg, cut < 2 ? "an IDX header has 16" : name);
    }
    test_copy_head(whole, test_path(dir, name), size - 8);
    test_refused(&cfg, "truncated: 70 bytes promised, 70 found");
    test_copy_head(whole, test_path(dir, name), size - 12);
    test_refused(&cfg, "truncated: 70 bytes promised, ");
}
END_TEST

START_TEST(test_damaged_gz)
{
    char path[512];
    uint8_t data[512];
    size_t size;

    test_mnist(dir, 9, 5, 3, true);
    snprintf(path, sizeof(path), "%s", test_path(dir, TRAIN_IMAGES ".gz"));
    size = test_read(path, data, sizeof(data));
    data[size - 8] ^= 1; /* the checksum */
    test_write(path, data, size);
    test_refused(&cfg, "damaged: incorrect data check; get the file again");
}
END_TEST

START_TEST(test_longer)
{
    uint8_t data[512] = { 0 };
    size_t size;

    test_mnist(dir, 9, 5, 3, false);
    size = test_read(test_path(dir, TEST_IMAGES), data, sizeof(data));
    test_write(test_path(dir, TEST_IMAGES), data, size + 1);
    test_refused(&cfg, "the header promises 46 bytes, the file has 47");
    ck_assert_int_eq(remove(test_path(dir, TEST_IMAGES)), 0);
    test_gz(test_path(dir, TEST_IMAGES ".gz"), data, size + 1);
    test_refused(&cfg, "the header promises 46 bytes, the file has more");
}
END_TEST

START_TEST(test_magic)
{
    uint8_t data[512];
    size_t size;

    test_mnist(dir, 9, 5, 3, false);
    size = test_read(test_path(dir, TRAIN_LABELS), data, sizeof(data));
    test_write(test_path(dir, TRAIN_IMAGES), data, size);
    test_refused(&cfg, "magic number 00000801, expected 00000803: not an IDX file of images");
    data[2] = 13; /* floats */
    test_mnist(dir, 9, 5, 3, false);
    test_write(test_path(dir, TRAIN_LABELS), data, size);
    test_refused(&cfg, "magic number 00000d01, expected 00000801: not an IDX file of labels");
}
END_TEST

/* Headers that claim much are refused before memory is asked for. */
START_TEST(test_huge_claims)
{
    static const struct {
        int dim[3];
        const char *text;
    } claims[] = {
        { { 40000, 160, 160 }, "the header promises 1024000016 bytes, the file has 16" },
        { { 0, 28, 28 }, "the header's dimension 0 is 0, out of range" },
        { { 10, 28, 5000 }, "the header's dimension 2 is 5000, out of range" },
        { { -1, 28, 28 }, "the header's dimension 0 is 4294967295, out of range" },
        { { 2000000, 4000, 4000 }, "the header's dimension 1 is 4000, out of range" },
    };
    uint8_t data[64];

    for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
        test_write(test_path(dir, TRAIN_IMAGES), data, test_idx(data, 3, claims[i].dim, NULL, 0));
        test_refused(&cfg, claims[i].text);
    }
    ck_assert_int_eq(remove(test_path(dir, TRAIN_IMAGES)), 0);
    test_gz(test_path(dir, TRAIN_IMAGES ".gz"), data, test_idx(data, 3, claims[0].dim, NULL, 0));
    test_refused(&cfg, "the header promises 1024000016 bytes, the file has");
}
END_TEST

START_TEST(test_wrong_labels)
{
    uint8_t data[64], label[9] = { 0, 1, 2, 0, 1, 2, 0, 7, 2 };
    char text[600];
    int n = 8;

    test_mnist(dir, 9, 5, 3, false);
    test_write(test_path(dir, TRAIN_LABELS), data, test_idx(data, 1, &n, label, 8));
    test_refused(&cfg, "8 labels for 9 images");
    test_mnist(dir, 9, 5, 3, false);
    label[1] = 3; /* not among the training labels */
    n = 5;
    test_write(test_path(dir, TEST_LABELS), data, test_idx(data, 1, &n, label, 5));
    snprintf(text, sizeof(text), "%s: record 1: label 3, expected 0 to 2", test_path(dir, TEST_LABELS));
    test_refused(&cfg, text);
}
END_TEST

START_TEST(test_shapes_differ)
{
    uint8_t data[64], body[20] = { 0 };

    test_mnist(dir, 9, 5, 3, false);
    test_write(test_path(dir, TEST_IMAGES), data, test_idx(data, 3, (int[]){ 5, 2, 2 }, body, 20));
    test_refused(&cfg, "images of 2 x 2, the training images are 2 x 3");
}
END_TEST

START_TEST(test_fashion_mnist)
{
    struct dt_err err = { 0 };
    struct dt_dataset *d;
    const struct dt_data_info *info;
    uint8_t p[784];

    cfg = test_cfg(DT_FASHION_MNIST, NULL);
    d = test_open(&cfg, 1);
    info = dt_dataset_info(d);
    ck_assert_int_eq(info->n[DT_TRAIN], 60000);
    ck_assert_int_eq(info->n[DT_TEST], 10000);
    ck_assert_int_eq(info->h, 28);
    ck_assert_int_eq(info->classes, 10);
    ck_assert_str_eq(info->class_names[9], "Ankle boot");
    ck_assert_int_eq(dt_dataset_get(d, DT_TRAIN, 0, p, &err), 9);
    ck_assert_int_eq(dt_dataset_get(d, DT_TRAIN, 1, p, &err), 0);
    ck_assert_int_eq(dt_dataset_get(d, DT_TEST, 0, p, &err), 9);
    /* the values everybody uses */
    ck_assert_double_eq_tol(info->mean[0], 0.2860, 5e-5);
    ck_assert_double_eq_tol(info->std[0], 0.3530, 5e-5);
    dt_dataset_free(d);
}
END_TEST

START_TEST(test_fashion_mnist_elsewhere)
{
    cfg.dataset = DT_FASHION_MNIST;
    test_refused(&cfg, "No such file or directory; install the Debian package dataset-fashion-mnist, or set data.dir");
    test_mnist(dir, 12, 5, 10, true);
    dt_dataset_free(test_open(&cfg, 1));
    test_mnist(dir, 12, 5, 11, true);
    test_refused(&cfg, "record 10: label 10, expected 0 to 9");
}
END_TEST

Suite *suite_idx(void)
{
    Suite *s = suite_create("idx");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_plain);
    tcase_add_test(t, test_compressed);
    tcase_add_test(t, test_data_dir_from_environment);
    tcase_add_test(t, test_limit);
    tcase_add_test(t, test_missing);
    tcase_add_test(t, test_truncated);
    tcase_add_test(t, test_truncated_gz);
    tcase_add_test(t, test_damaged_gz);
    tcase_add_test(t, test_longer);
    tcase_add_test(t, test_magic);
    tcase_add_test(t, test_huge_claims);
    tcase_add_test(t, test_wrong_labels);
    tcase_add_test(t, test_shapes_differ);
    tcase_add_test(t, test_fashion_mnist);
    tcase_add_test(t, test_fashion_mnist_elsewhere);
    suite_add_tcase(s, t);
    return s;
}
