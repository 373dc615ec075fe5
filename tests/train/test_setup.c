/* Settings that do not make sense: one clear line each, placed in the file. */
#include <string.h>

#include "suites.h"
#include "train/loop.h"
#include "trial.h"

/* Loads small.yaml with these lines instead; the error has both texts. */
static void rejects(const char *yaml, const char *place, const char *text)
{
    struct trial t;
    struct dt_setup s;

    trial_open(&t);
    trial_write(&t, "small.yaml", yaml);
    ck_assert_int_eq(dt_setup_load(&s, t.config, 0, NULL, trial_methods, &t.err), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, place);
    dt_test_fails(&t.err, DT_ECONFIG, text);
    dt_setup_free(&s);
    trial_close(&t);
}

static enum dt_code no_curve(struct dt_train *t, enum dt_split split, struct dt_curve *out)
{
    (void)t;
    (void)split;
    (void)out;
    return DT_OK;
}

START_TEST(unknown_network)
{
    rejects("version: 1\nmodel:\n  arch: resnet21\n",
            "small.yaml:3:", "unknown network 'resnet21'; did you mean 'resnet20'?");
}
END_TEST

START_TEST(unknown_method)
{
    rejects("version: 1\nmodel: {arch: resnet8}\nmethod: superwised\n", "small.yaml:3:", "unknown method 'superwised'");
}
END_TEST

START_TEST(unknown_engine)
{
    rejects("version: 1\nmodel: {arch: resnet8}\nrun: {engine: dnl}\n", "small.yaml:3:", "did you mean 'dnnl'?");
}
END_TEST

START_TEST(unknown_key)
{
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {lrr: 1}\n",
            "small.yaml:3:", "unknown key 'lrr' in 'optim'; did you mean 'lr'?");
}
END_TEST

START_TEST(missing_version)
{
    rejects("model: {arch: resnet8}\n", "small.yaml", "version");
}
END_TEST

START_TEST(long_warmup)
{
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {schedule: {warmup: 5}}\nsupervised: {epochs: 4}\n",
            "small.yaml:3:", "5 epochs of warm-up in a training of 4");
}
END_TEST

START_TEST(warmup_of_one_cycle)
{
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {schedule: {name: one_cycle, warmup: 5}}\n",
            "small.yaml:3:", "use optim.schedule.rise");
}
END_TEST

START_TEST(steps_in_order)
{
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {schedule: {name: step, steps: [20, 10]}}\n",
            "small.yaml:3:", "epochs must rise, got 10 after 20");
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {schedule: {name: step}}\n", "small.yaml",
            "needs the epochs of its steps");
}
END_TEST

START_TEST(all_errors_are_counted)
{
    rejects("version: 1\nmodel: {arch: resnet8}\noptim: {lr: -1, momentum: x}\ndata: {batch: 0}\n",
            "small.yaml:3:", "2 more");
}
END_TEST

/* A batch larger than the training set is only seen with the data at hand. */
START_TEST(batch_beyond_the_data)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "data.batch=161"), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, "161 images a batch, but only 160 to train on");
    ck_assert_int_eq(trial_train(&t, "model.classes=3"), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, "3 classes, but synth has 4");
    trial_close(&t);
}
END_TEST

/* What is written reads back as the same settings, and the hash leaves out where things are. */
START_TEST(written_and_hashed)
{
    static const char *const elsewhere[] = { "run.dir=/elsewhere", "data.dir=/there", "run.threads=7", "name=small" };
    static const char *const other[] = { "seed=2", "name=small" };
    struct dt_setup a, b;
    char ha[65], hb[65], path[640];
    struct trial t;
    FILE *f;

    trial_open(&t);
    ck_assert_int_eq(dt_setup_load(&a, t.config, 0, NULL, trial_methods, &t.err), DT_OK);
    ck_assert_str_eq(a.set.name, "small"); /* the file's */
    f = fopen(trial_path(t.dir, "other.yaml", path), "w");
    ck_assert_int_eq(dt_setup_write(&a, false, f), DT_OK);
    fclose(f);
    dt_setup_hash(&a, ha);
    ck_assert_int_eq(dt_setup_load(&b, path, 0, NULL, trial_methods, &t.err), DT_OK);
    dt_setup_hash(&b, hb);
    ck_assert_str_eq(ha, hb);
    dt_setup_free(&b);
    ck_assert_int_eq(dt_setup_load(&b, t.config, 4, elsewhere, trial_methods, &t.err), DT_OK);
    dt_setup_hash(&b, hb);
    ck_assert_str_eq(ha, hb);
    dt_setup_free(&b);
    ck_assert_int_eq(dt_setup_load(&b, t.config, 2, other, trial_methods, &t.err), DT_OK);
    dt_setup_hash(&b, hb);
    ck_assert_str_ne(ha, hb);
    dt_setup_free(&b);
    dt_setup_free(&a);
    trial_close(&t);
}
END_TEST

/* A section of dynamic methods: refused, and not part of the hash, where the method is static. */
START_TEST(budget)
{
    static const char *const other[] = { "budget.target=0.25", "name=small" };
    struct trial t;
    struct dt_method dynamic = dt_method_supervised;
    const struct dt_method *const methods[] = { &dynamic, NULL };
    struct dt_setup a, b;
    char ha[65], hb[65];

    rejects("version: 1\nmodel: {arch: resnet8}\nbudget: {target: 0.5}\n",
            "small.yaml:3:", "section 'budget' belongs to another method");
    trial_open(&t);
    dynamic.curve = no_curve;
    ck_assert_int_eq(dt_setup_load(&a, t.config, 0, NULL, methods, &t.err), DT_OK);
    ck_assert(a.set.budget.target == 0.5 && a.set.budget.list.n == 11 && a.set.budget.unit == DT_UNIT_MACS);
    ck_assert_int_eq(dt_setup_load(&b, t.config, 2, other, methods, &t.err), DT_OK);
    ck_assert(b.set.budget.target == 0.25);
    dt_setup_hash(&a, ha);
    dt_setup_hash(&b, hb);
    ck_assert_str_ne(ha, hb);
    dt_setup_free(&a);
    dt_setup_free(&b);
    trial_close(&t);
}
END_TEST

Suite *suite_setup(void)
{
    Suite *s = suite_create("setup");
    TCase *c = tcase_create("checks");

    tcase_add_test(c, unknown_network);
    tcase_add_test(c, budget);
    tcase_add_test(c, unknown_method);
    tcase_add_test(c, unknown_engine);
    tcase_add_test(c, unknown_key);
    tcase_add_test(c, missing_version);
    tcase_add_test(c, long_warmup);
    tcase_add_test(c, warmup_of_one_cycle);
    tcase_add_test(c, steps_in_order);
    tcase_add_test(c, all_errors_are_counted);
    tcase_add_test(c, batch_beyond_the_data);
    tcase_add_test(c, written_and_hashed);
    suite_add_tcase(s, c);
    return s;
}
