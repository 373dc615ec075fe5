/* Data sets as a whole: splits, single images, and running out of memory. */
#include "files.h"
#include "suites.h"

#include <string.h>

static char dir[256];

static void setup(void)
{
    dt_test_mkdir(dir);
}

static void teardown(void)
{
    dt_test_rmdir(dir);
}

static uint64_t fingerprint(struct dt_dataset *d, enum dt_split split, int i)
{
    struct dt_err err = { 0 };
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    uint8_t p[12 * 12 * 3];

    ck_assert_int_ge(dt_dataset_get(d, split, i, p, &err), 0);
    for (size_t k = 0; k < sizeof(p); k++)
        hash = (hash ^ p[k]) * 1099511628211u;
    return hash;
}

/* Training and validation images are disjoint and together the whole; the same for the same seed. */
START_TEST(test_validation_split)
{
    enum { N = 60, VAL = 15 };
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);
    struct dt_dataset *d, *twin;
    uint64_t seen[N];

    cfg.synth.train = N;
    cfg.val_split = 0.25;
    d = test_open(&cfg, 4);
    twin = test_open(&cfg, 4);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_TRAIN], N - VAL);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_VAL], VAL);
    for (int i = 0; i < N; i++) {
        bool val = i >= N - VAL;

        seen[i] = fingerprint(d, val ? DT_VAL : DT_TRAIN, val ? i - (N - VAL) : i);
        ck_assert(seen[i] == fingerprint(twin, val ? DT_VAL : DT_TRAIN, val ? i - (N - VAL) : i));
        for (int k = 0; k < i; k++)
            ck_assert(seen[i] != seen[k]);
    }
    dt_dataset_free(d);
    dt_dataset_free(twin);
}
END_TEST

START_TEST(test_nothing_to_train_on)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);

    cfg.val_split = 0.9;
    cfg.limit = 3;
    test_refused(&cfg, "data.val_split: 0.9 leaves none of 3 images to train on");
}
END_TEST

START_TEST(test_read_image)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);
    struct dt_dataset *d = test_open(&cfg, 1);
    const struct dt_data_info *info = dt_dataset_info(d);
    const char *path = test_path(dir, "a.png");
    struct dt_err err = { 0 };
    dt_real x[12 * 12 * 3];

    test_grey_png(path, 20, 31, 51);
    ck_assert(dt_dataset_read_image(d, path, x, &err));
    for (int i = 0; i < 12 * 12 * 3; i++)
        ck_assert_double_eq_tol(x[i], (0.2 - info->mean[i % 3]) / info->std[i % 3], 1e-5);
    ck_assert(!dt_dataset_read_image(d, test_path(dir, "b.png"), x, &err));
    dt_test_fails(&err, DT_EDATA, "/b.png: No such file or directory");
    dt_dataset_free(d);
}
END_TEST

/* The k-th allocation and all later ones fail, for every k: a clean refusal, nothing left behind, until it works. */
static void starve(const struct dt_data_cfg *cfg)
{
    struct dt_loader_cfg lc = { .split = DT_TRAIN, .batch = 2, .workers = 1 };
    int64_t live = dt_alloc_stats().live;
    bool done = false;

    for (int64_t k = 0; !done; k++) {
        struct dt_err err = { 0 };
        struct dt_loader *l = NULL;
        struct dt_dataset *d;
        struct dt_batch b;

        ck_assert_int_lt(k, 2000);
        dt_alloc_fail_at(k);
        d = dt_dataset_open(cfg, 1, &err);
        if (d)
            l = dt_loader_new(d, &lc, &err);
        if (l) {
            dt_loader_start(l, 0, 0);
            while (dt_loader_next(l, &b, &err))
                continue;
            done = err.code == DT_OK;
        }
        dt_loader_free(l);
        dt_dataset_free(d);
        dt_alloc_fail_at(-1);
        if (!done)
            dt_test_fails(&err, DT_ENOMEM, "memory");
        ck_assert_int_eq(dt_alloc_stats().live, live);
    }
}

START_TEST(test_out_of_memory)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);

    dt_par_set_threads(1);
    starve(&cfg);
    test_mnist(dir, 9, 5, 3, true);
    cfg = test_cfg(DT_IDX, dir);
    starve(&cfg);
    test_cifar10(dir);
    cfg = test_cfg(DT_CIFAR10, dir);
    starve(&cfg);
}
END_TEST

START_TEST(test_out_of_memory_folder)
{
    struct dt_data_cfg cfg = test_cfg(DT_FOLDER, dir);

    dt_par_set_threads(1);
    test_class(dir, "a", 3, 0);
    test_class(dir, "b", 70, 100);
    starve(&cfg);
}
END_TEST

Suite *suite_dataset(void)
{
    Suite *s = suite_create("dataset");
    TCase *t = tcase_create("dataset");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_validation_split);
    tcase_add_test(t, test_nothing_to_train_on);
    tcase_add_test(t, test_read_image);
    tcase_add_test(t, test_out_of_memory);
    tcase_add_test(t, test_out_of_memory_folder);
    suite_add_tcase(s, t);
    return s;
}
