/* CIFAR-10 and CIFAR-100, from small files of the right format. */
#include "files.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static char dir[256], set[512];
static struct dt_data_cfg cfg;

static void setup(void)
{
    unsetenv("DYNTRAIN_DATA");
    dt_test_mkdir(dir);
    cfg = test_cfg(DT_CIFAR10, dir);
    snprintf(set, sizeof(set), "%s/cifar-10-batches-bin", dir);
    test_mkdir(set);
    test_cifar10(set);
}

static void teardown(void)
{
    dt_test_rmdir(dir);
}

static void check_image(struct dt_dataset *d, enum dt_split split, int i, int record, int label)
{
    struct dt_err err = { 0 };
    uint8_t p[3072];

    ck_assert_int_eq(dt_dataset_get(d, split, i, p, &err), label);
    for (int k = 0; k < 3072; k++)
        ck_assert_int_eq(p[k], test_cifar_pixel(record, k % 3, k / 3));
}

static void check_cifar10(void)
{
    struct dt_dataset *d = test_open(&cfg, 1);
    const struct dt_data_info *info = dt_dataset_info(d);

    ck_assert_str_eq(info->name, "cifar10");
    ck_assert_int_eq(info->n[DT_TRAIN], 10);
    ck_assert_int_eq(info->n[DT_TEST], 3);
    ck_assert_int_eq(info->h, 32);
    ck_assert_int_eq(info->w, 32);
    ck_assert_int_eq(info->c, 3);
    ck_assert_str_eq(info->class_names[0], "airplane");
    ck_assert_str_eq(info->class_names[9], "truck");
    for (int i = 0; i < 10; i++)
        check_image(d, DT_TRAIN, i, i, i);
    for (int i = 0; i < 3; i++)
        check_image(d, DT_TEST, i, 100 + i, i);
    dt_dataset_free(d);
}

START_TEST(test_cifar10_found)
{
    check_cifar10();
    cfg.dir = set; /* the set's own folder */
    check_cifar10();
    cfg.dir = NULL;
    setenv("DYNTRAIN_DATA", dir, 1);
    check_cifar10();
    unsetenv("DYNTRAIN_DATA");
    test_refused(&cfg, "data.dir: not set; download the binary version of CIFAR-10 and set data.dir or DYNTRAIN_DATA");
}
END_TEST

START_TEST(test_cifar100_fine_labels)
{
    struct dt_dataset *d;
    char path[512];

    snprintf(path, sizeof(path), "%s/cifar-100-binary", dir);
    test_mkdir(path);
    test_cifar(test_path(path, "train.bin"), 2, 100, 95, 8);
    test_cifar(test_path(path, "test.bin"), 2, 100, 42, 2);
    cfg.dataset = DT_CIFAR100;
    d = test_open(&cfg, 1);
    ck_assert_int_eq(dt_dataset_info(d)->classes, 100);
    ck_assert_str_eq(dt_dataset_info(d)->class_names[99], "worm");
    ck_assert_str_eq(dt_dataset_info(d)->class_names[58], "pickup_truck");
    check_image(d, DT_TRAIN, 0, 95, 95);
    check_image(d, DT_TRAIN, 7, 102, 2);
    check_image(d, DT_TEST, 1, 43, 43);
    dt_dataset_free(d);
}
END_TEST

START_TEST(test_names_file)
{
    static const char names[] = "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
    struct dt_dataset *d;

    test_write(test_path(set, "batches.meta.txt"), names, sizeof(names) - 1);
    d = test_open(&cfg, 1);
    ck_assert_str_eq(dt_dataset_info(d)->class_names[1], "b");
    ck_assert_str_eq(dt_dataset_info(d)->class_names[9], "j");
    dt_dataset_free(d);
    test_write(test_path(set, "batches.meta.txt"), names, 8); /* too few: the known names */
    check_cifar10();
}
END_TEST

START_TEST(test_missing)
{
    char text[800];

    ck_assert_int_eq(remove(test_path(set, "data_batch_3.bin")), 0);
    snprintf(
        text, sizeof(text),
        "data.dir: %s/data_batch_3.bin: No such file or directory; download the binary version of CIFAR-10 and set "
        "data.dir or DYNTRAIN_DATA to the folder that holds cifar-10-batches-bin",
        set);
    test_refused(&cfg, text);
    cfg.dir = "/nonexistent";
    test_refused(&cfg, "data.dir: /nonexistent/cifar-10-batches-bin/data_batch_1.bin: No such file or directory");
    cfg.dataset = DT_CIFAR100;
    test_refused(&cfg,
                 "data.dir: /nonexistent/cifar-100-binary/train.bin: No such file or directory; download the binary "
                 "version of CIFAR-100");
}
END_TEST

START_TEST(test_wrong_size)
{
    static const size_t size[] = { 0, 1, 3072, 3074, 6145 };
    char whole[600], text[800];

    snprintf(whole, sizeof(whole), "%s/whole", set);
    test_cifar(whole, 1, 10, 0, 3);
    for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++) {
        test_copy_head(whole, test_path(set, "test_batch.bin"), size[i]);
        snprintf(text, sizeof(text), "%s/test_batch.bin: %zu bytes, expected a multiple of 3073 (a record): truncated",
                 set, size[i]);
        test_refused(&cfg, text);
    }
}
END_TEST

START_TEST(test_wrong_label)
{
    char text[800];

    test_cifar(test_path(set, "data_batch_2.bin"), 1, 12, 9, 3);
    snprintf(text, sizeof(text), "%s/data_batch_2.bin: record 1: label 10, expected 0 to 9; download it again", set);
    test_refused(&cfg, text);
}
END_TEST

Suite *suite_cifar(void)
{
    Suite *s = suite_create("cifar");
    TCase *t = tcase_create("files");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_cifar10_found);
    tcase_add_test(t, test_cifar100_fine_labels);
    tcase_add_test(t, test_names_file);
    tcase_add_test(t, test_missing);
    tcase_add_test(t, test_wrong_size);
    tcase_add_test(t, test_wrong_label);
    suite_add_tcase(s, t);
    return s;
}
