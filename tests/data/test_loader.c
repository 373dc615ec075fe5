/* The loader: the same batches whatever the threads, from any place, and failures reported. */
#include "files.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

enum { N = 50, BATCH = 8, H = 12, NUMEL = H * H * 3 };

static const struct dt_augment_cfg augment = { 2, true, 4 };
static struct dt_dataset *set;

struct epoch { /* all that a loader hands out, sample by sample */
    int n, batches, label[N], id[N];
    dt_real x[N][NUMEL];
};

static void setup(void)
{
    struct dt_data_cfg cfg = test_cfg(DT_SYNTH, NULL);

    cfg.synth.train = N;
    set = test_open(&cfg, 1);
}

static void teardown(void)
{
    dt_dataset_free(set);
}

static struct dt_loader_cfg config(int workers)
{
    return (struct dt_loader_cfg){
        .split = DT_TRAIN, .batch = BATCH, .workers = workers, .shuffle = true, .augment = &augment, .seed = 9
    };
}

static struct dt_loader *open_loader(struct dt_dataset *d, const struct dt_loader_cfg *cfg)
{
    struct dt_err err = { 0 };
    struct dt_loader *l = dt_loader_new(d, cfg, &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(l);
    return l;
}

static void take(struct dt_loader *l, struct epoch *e, int64_t first)
{
    struct dt_err err = { 0 };
    struct dt_batch b;

    e->n = e->batches = 0;
    while (dt_loader_next(l, &b, &err)) {
        ck_assert_int_eq(b.index, first + e->batches++);
        ck_assert_uint_eq((uintptr_t)b.x % 64, 0);
        ck_assert_int_le(e->n + b.n, N);
        memcpy(e->x[e->n], b.x, (size_t)b.n * sizeof(e->x[0]));
        memcpy(e->label + e->n, b.label, (size_t)b.n * sizeof(int));
        memcpy(e->id + e->n, b.id, (size_t)b.n * sizeof(int));
        e->n += b.n;
    }
    dt_test_ok(&err);
}

static struct epoch *run(const struct dt_loader_cfg *cfg, uint32_t epoch, int64_t first)
{
    struct dt_loader *l = open_loader(set, cfg);
    struct epoch *e = calloc(1, sizeof(*e));

    ck_assert_ptr_nonnull(e);
    dt_loader_start(l, epoch, first);
    take(l, e, first);
    dt_loader_free(l);
    return e;
}

START_TEST(test_workers_change_nothing)
{
    struct dt_loader_cfg cfg = config(0);
    struct epoch *plain = run(&cfg, 3, 0), *e;

    ck_assert_int_eq(plain->n, N);
    ck_assert_int_eq(plain->batches, 7);
    for (int workers = 1; workers <= 5; workers++) {
        cfg = config(workers);
        e = run(&cfg, 3, 0);
        ck_assert_mem_eq(plain, e, sizeof(*e));
        free(e);
    }
    free(plain);
}
END_TEST

/* Every sample once, with its label; another order and other changes in the next epoch. */
START_TEST(test_an_epoch)
{
    struct dt_loader_cfg cfg = config(2);
    struct epoch *a = run(&cfg, 0, 0), *b = run(&cfg, 1, 0);
    struct dt_err err = { 0 };
    bool seen[N] = { false };
    uint8_t p[NUMEL];
    int moved = 0;

    for (int i = 0; i < N; i++) {
        ck_assert(!seen[a->id[i]]);
        seen[a->id[i]] = true;
        ck_assert_int_eq(dt_dataset_get(set, DT_TRAIN, a->id[i], p, &err), a->label[i]);
        moved += a->id[i] != b->id[i];
        for (int k = 0; k < N; k++)
            if (a->id[i] == b->id[k] && memcmp(a->x[i], b->x[k], sizeof(a->x[0])) != 0)
                moved += 1000;
    }
    ck_assert_int_gt(moved % 1000, N / 2);
    ck_assert_int_gt(moved / 1000, N / 2);
    free(a);
    free(b);
}
END_TEST

/* How a sample is changed depends on its id and the epoch: not on its place in the batch. */
START_TEST(test_augmented_by_id)
{
    struct dt_loader_cfg cfg = config(2);
    struct epoch *shuffled = run(&cfg, 1, 0), *plain;

    cfg.shuffle = false;
    cfg.batch = 7;
    plain = run(&cfg, 1, 0);
    for (int i = 0; i < N; i++)
        ck_assert_mem_eq(shuffled->x[i], plain->x[shuffled->id[i]], sizeof(plain->x[0]));
    free(shuffled);
    free(plain);
}
END_TEST

START_TEST(test_plain_order_and_values)
{
    struct dt_loader_cfg cfg = config(1);
    const struct dt_data_info *info = dt_dataset_info(set);
    struct dt_err err = { 0 };
    struct epoch *e;
    uint8_t p[NUMEL];

    cfg.shuffle = false;
    cfg.augment = NULL;
    e = run(&cfg, 5, 0);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(e->id[i], i);
        ck_assert_int_eq(dt_dataset_get(set, DT_TRAIN, i, p, &err), e->label[i]);
        for (int k = 0; k < NUMEL; k++)
            ck_assert_double_eq_tol(e->x[i][k], (p[k] / 255.0 - info->mean[k % 3]) / info->std[k % 3], 1e-5);
    }
    free(e);
}
END_TEST

START_TEST(test_start_in_the_middle)
{
    for (int workers = 0; workers <= 3; workers++) {
        struct dt_loader_cfg cfg = config(workers);
        struct epoch *all = run(&cfg, 2, 0);

        for (int first = 0; first <= 8; first++) {
            struct epoch *tail = run(&cfg, 2, first);
            int skip = first * BATCH < N ? first * BATCH : N;

            ck_assert_int_eq(tail->n, N - skip);
            ck_assert_mem_eq(tail->x, all->x[skip], (size_t)tail->n * sizeof(all->x[0]));
            ck_assert_mem_eq(tail->id, all->id + skip, (size_t)tail->n * sizeof(int));
            ck_assert_mem_eq(tail->label, all->label + skip, (size_t)tail->n * sizeof(int));
            free(tail);
        }
        free(all);
    }
}
END_TEST

/* One loader, begun anew at random places while its workers are busy. */
START_TEST(test_restarts)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    struct dt_loader_cfg cfg = config(3), plain = config(0);
    struct dt_loader *l = open_loader(set, &cfg), *check = open_loader(set, &plain);
    struct dt_err err = { 0 };

    for (int trial = 0; trial < 300; trial++) {
        uint32_t epoch = dt_rng_below(&rng, 4);
        int first = (int)dt_rng_below(&rng, 8), take_n = (int)dt_rng_below(&rng, 8);

        dt_loader_start(l, epoch, first);
        dt_loader_start(check, epoch, first);
        for (int i = 0; i < take_n; i++) {
            struct dt_batch a, b;
            bool more = dt_loader_next(l, &a, &err);

            ck_assert_int_eq(more, dt_loader_next(check, &b, &err));
            ck_assert_int_eq(more, first + i < 7);
            if (!more)
                break;
            ck_assert_int_eq(a.n, b.n);
            ck_assert_mem_eq(a.x, b.x, (size_t)a.n * NUMEL * sizeof(dt_real));
            ck_assert_mem_eq(a.id, b.id, (size_t)a.n * sizeof(int));
        }
    }
    dt_test_ok(&err);
    dt_loader_free(l);
    dt_loader_free(check);
}
END_TEST

/* The batch in the caller's hands is not touched while the workers run ahead. */
START_TEST(test_batch_holds_still)
{
    struct dt_loader_cfg cfg = config(2);
    struct dt_loader *l = open_loader(set, &cfg);
    struct dt_err err = { 0 };
    struct dt_batch b;
    dt_real copy[BATCH * NUMEL];

    dt_loader_start(l, 0, 0);
    while (dt_loader_next(l, &b, &err)) {
        double until = dt_now() + 0.005;

        memcpy(copy, b.x, (size_t)b.n * NUMEL * sizeof(*copy));
        while (dt_now() < until)
            continue;
        ck_assert_mem_eq(copy, b.x, (size_t)b.n * NUMEL * sizeof(*copy));
    }
    dt_test_ok(&err);
    ck_assert_double_ge(dt_loader_wait(l), 0);
    dt_loader_free(l);
}
END_TEST

START_TEST(test_drop_last)
{
    struct dt_loader_cfg cfg = config(1);
    struct dt_loader *l;
    struct epoch *e;

    cfg.drop_last = true;
    e = run(&cfg, 0, 0);
    ck_assert_int_eq(e->n, 48);
    ck_assert_int_eq(e->batches, 6);
    free(e);
    l = open_loader(set, &cfg);
    ck_assert_int_eq(dt_loader_batches(l), 6);
    dt_loader_free(l);
}
END_TEST

START_TEST(test_no_batches)
{
    struct dt_loader_cfg cfg = config(2);
    struct dt_err err = { 0 };
    struct dt_batch b;
    struct dt_loader *l;

    cfg.split = DT_VAL; /* empty here */
    l = open_loader(set, &cfg);
    ck_assert_int_eq(dt_loader_batches(l), 0);
    dt_loader_start(l, 0, 0);
    ck_assert(!dt_loader_next(l, &b, &err));
    dt_loader_free(l);
    cfg = config(2);
    l = open_loader(set, &cfg);
    ck_assert(!dt_loader_next(l, &b, &err)); /* not started */
    dt_test_ok(&err);
    dt_loader_free(l);
    cfg.batch = N + 1;
    cfg.drop_last = true;
    ck_assert_ptr_null(dt_loader_new(set, &cfg, &err));
    dt_test_fails(&err, DT_EDATA, "data.batch: 51 is more than the 50 training images; lower it");
}
END_TEST

/* Freed in every state: never started, started, in the middle, at the end. */
START_TEST(test_free_any_time)
{
    struct dt_err err = { 0 };
    struct dt_batch b;

    for (int workers = 0; workers <= 4; workers++)
        for (int taken = -1; taken <= 7; taken++) {
            struct dt_loader_cfg cfg = config(workers);
            struct dt_loader *l = open_loader(set, &cfg);

            if (taken >= 0)
                dt_loader_start(l, 0, 0);
            for (int i = 0; i < taken; i++)
                ck_assert(dt_loader_next(l, &b, &err));
            dt_loader_free(l);
        }
    dt_loader_free(NULL);
}
END_TEST

/* Images are decoded in the workers; what fails there arrives here, in the place of its batch, again and again. */
START_TEST(test_worker_failure)
{
    char dir[256], train[300], test[300];
    struct dt_data_cfg cfg;
    struct dt_dataset *d;

    dt_test_mkdir(dir);
    snprintf(train, sizeof(train), "%s/train", dir);
    snprintf(test, sizeof(test), "%s/test", dir);
    test_mkdir(train);
    test_mkdir(test);
    test_class(train, "a", 4, 0);
    test_class(test, "a", 20, 0);
    test_write(test_path(test, "a/009.png"), "", 0);
    cfg = test_cfg(DT_FOLDER, dir);
    d = test_open(&cfg, 1);
    for (int workers = 0; workers <= 3; workers++) {
        struct dt_loader_cfg lc = { .split = DT_TEST, .batch = 4, .workers = workers };
        struct dt_loader *l = open_loader(d, &lc);
        struct dt_err err = { 0 }, again = { 0 };
        struct dt_batch b;

        dt_loader_start(l, 0, 0);
        ck_assert(dt_loader_next(l, &b, &err));
        ck_assert(dt_loader_next(l, &b, &err));
        ck_assert(!dt_loader_next(l, &b, &err));
        dt_test_fails(&err, DT_EDATA, "/test/a/009.png: the file is empty");
        ck_assert(!dt_loader_next(l, &b, &again));
        dt_test_fails(&again, DT_EDATA, "/test/a/009.png: the file is empty");
        dt_loader_start(l, 0, 3); /* behind it all is well */
        again.code = DT_OK;
        ck_assert(dt_loader_next(l, &b, &again));
        dt_loader_free(l);
    }
    dt_dataset_free(d);
    dt_test_rmdir(dir);
}
END_TEST

/* Two loaders at once over one folder, whose cache both fill. */
START_TEST(test_shared_cache)
{
    char dir[256], train[300], test[300];
    struct dt_loader_cfg lc = { .split = DT_TEST, .batch = 4, .workers = 3 };
    struct dt_loader *a, *b;
    struct dt_err err = { 0 };
    struct dt_batch x, y;
    struct dt_data_cfg cfg;
    struct dt_dataset *d;

    dt_test_mkdir(dir);
    snprintf(train, sizeof(train), "%s/train", dir);
    snprintf(test, sizeof(test), "%s/test", dir);
    test_mkdir(train);
    test_mkdir(test);
    test_class(train, "a", 4, 100);
    test_class(test, "a", 100, 0);
    cfg = test_cfg(DT_FOLDER, dir);
    d = test_open(&cfg, 1);
    a = open_loader(d, &lc);
    b = open_loader(d, &lc);
    dt_loader_start(a, 0, 0);
    dt_loader_start(b, 0, 0);
    while (dt_loader_next(a, &x, &err) && dt_loader_next(b, &y, &err)) {
        ck_assert_int_eq(x.n, 4);
        ck_assert_mem_eq(x.x, y.x, 4 * 8 * 8 * 3 * sizeof(dt_real));
        ck_assert(x.x[0] < x.x[8 * 8 * 3]); /* each image is brighter than the one before */
    }
    dt_test_ok(&err);
    dt_loader_free(a);
    dt_loader_free(b);
    dt_dataset_free(d);
    dt_test_rmdir(dir);
}
END_TEST

Suite *suite_loader(void)
{
    Suite *s = suite_create("loader");
    TCase *t = tcase_create("loader");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_workers_change_nothing);
    tcase_add_test(t, test_an_epoch);
    tcase_add_test(t, test_augmented_by_id);
    tcase_add_test(t, test_plain_order_and_values);
    tcase_add_test(t, test_start_in_the_middle);
    tcase_add_test(t, test_restarts);
    tcase_add_test(t, test_batch_holds_still);
    tcase_add_test(t, test_drop_last);
    tcase_add_test(t, test_no_batches);
    tcase_add_test(t, test_free_any_time);
    tcase_add_test(t, test_worker_failure);
    tcase_add_test(t, test_shared_cache);
    suite_add_tcase(s, t);
    return s;
}
