/* Mean and deviation of the training split, and what the loader makes of them. */
#include "data/dataset.h"
#include "files.h"
#include "suites.h"

#include <math.h>
#include <string.h>

/* By hand, in floating point, over the training split only. */
START_TEST(test_values)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);
    struct dt_dataset *d;
    const struct dt_data_info *info;
    struct dt_err err = { 0 };
    uint8_t p[12 * 12 * 3];
    double sum[3] = { 0 }, squares[3] = { 0 }, n;

    cfg.synth.train = 1000; /* several chunks */
    cfg.val_split = 0.3;
    d = test_open(&cfg, 2);
    info = dt_dataset_info(d);
    n = 700.0 * 144;
    for (int i = 0; i < 700; i++) {
        dt_dataset_get(d, DT_TRAIN, i, p, &err);
        for (int k = 0; k < 12 * 12 * 3; k++) {
            sum[k % 3] += p[k] / 255.0;
            squares[k % 3] += p[k] / 255.0 * (p[k] / 255.0);
        }
    }
    for (int c = 0; c < 3; c++) {
        double mean = sum[c] / n, std = sqrt(squares[c] / n - mean * mean);

        ck_assert_double_eq_tol(info->mean[c], mean, 1e-6);
        ck_assert_double_eq_tol(info->std[c], std, 1e-6);
        for (int v = 0; v < 256; v += 51)
            ck_assert_double_eq_tol(d->table[c][v], (v / 255.0 - mean) / std, 1e-5);
    }
    dt_dataset_free(d);
}
END_TEST

START_TEST(test_same_bits_for_any_threads)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);
    struct dt_dataset *a, *b;

    cfg.synth.train = 1000;
    dt_par_set_threads(1);
    a = test_open(&cfg, 2);
    dt_par_set_threads(4);
    b = test_open(&cfg, 2);
    ck_assert_mem_eq(a->info.mean, b->info.mean, sizeof(a->info.mean));
    ck_assert_mem_eq(a->info.std, b->info.std, sizeof(a->info.std));
    ck_assert_mem_eq(a->table, b->table, sizeof(a->table));
    dt_dataset_free(a);
    dt_dataset_free(b);
}
END_TEST

/* A channel without variation is only centred. */
START_TEST(test_constant)
{
    struct dt_data_cfg cfg;
    struct dt_dataset *d;
    char dir[256];
    uint8_t file[64], body[24], label[4] = { 0, 1, 0, 1 };
    size_t size;
    int n = 4;

    dt_test_mkdir(dir);
    memset(body, 77, sizeof(body));
    size = test_idx(file, 3, (int[]){ 4, 2, 3 }, body, sizeof(body));
    test_write(test_path(dir, "train-images-idx3-ubyte"), file, size);
    test_write(test_path(dir, "t10k-images-idx3-ubyte"), file, size);
    size = test_idx(file, 1, &n, label, 4);
    test_write(test_path(dir, "train-labels-idx1-ubyte"), file, size);
    test_write(test_path(dir, "t10k-labels-idx1-ubyte"), file, size);
    cfg = test_cfg(DT_IDX, dir);
    d = test_open(&cfg, 1);
    ck_assert_double_eq_tol(d->info.mean[0], 77 / 255.0, 1e-7);
    ck_assert_double_eq_tol(d->info.std[0], 1 / 255.0, 1e-7);
    ck_assert(d->table[0][77] == 0);
    ck_assert_double_eq_tol(d->table[0][78], 1, 1e-6);
    dt_dataset_free(d);
    dt_test_rmdir(dir);
}
END_TEST

Suite *suite_normalise(void)
{
    Suite *s = suite_create("normalise");
    TCase *t = tcase_create("normalise");

    tcase_add_test(t, test_values);
    tcase_add_test(t, test_same_bits_for_any_threads);
    tcase_add_test(t, test_constant);
    suite_add_tcase(s, t);
    return s;
}
