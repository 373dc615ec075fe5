/* Static networks to compare with: rows of the curve; what is wrong with one is said before the training, not after. */
#include <string.h>
#include <unistd.h>

#include <dyntrain/io.h>

#include "suites.h"

static const char good[] = "{\"dataset\": \"synth\", \"network\": \"resnet8\", \"test_accuracy\": 0.75, "
                           "\"macs_mean\": 12345}";
static const char static_config[] = "version: 1\n"
                                    "data: {dataset: synth, batch: 20, synth: {train: 200, test: 40, size: 8}}\n"
                                    "model: {arch: resnet14, width: 8}\n"
                                    "supervised: {epochs: 1}\n"
                                    "run: {threads: 1, progress: \"off\"}\n";
static char static_file[640];
static int64_t steps; /* that began */

static void open_with(struct trial *t, const char *result)
{
    budget_trial_open(t);
    trial_write(t, "result.json", result);
    snprintf(static_file, sizeof static_file, "%s/result.json", t->dir);
}

/* The rows that are called so. */
static int rows(const char *run, const char *name, struct dt_json **o, struct dt_json **last)
{
    char path[640];
    struct dt_err err = { 0 };
    struct dt_json *all;
    int n = 0;

    *o = dt_json_read(trial_path(run, "result.json", path), &err);
    dt_test_ok(&err);
    all = dt_json_get(*o, "baselines");
    ck_assert_int_ge(dt_json_size(all), 9);
    for (int i = 0; i < dt_json_size(all); i++)
        if (!strcmp(dt_json_get_str(dt_json_at(all, i), "name", ""), name)) {
            *last = dt_json_at(all, i);
            n++;
        }
    return n;
}

START_TEST(a_run_or_its_result_becomes_a_row)
{
    struct trial t;
    struct dt_json *o, *row = NULL;
    char how[1024];

    open_with(&t, good);
    snprintf(how, sizeof how, "budgetnet.static_nets=[%s,%s]", t.dir, static_file);
    if (trial_train(&t, how))
        dt_test_ok(&t.err);
    ck_assert_int_eq(rows(t.out.run, "static resnet8", &o, &row), 2);
    ck_assert_double_eq(dt_json_get_num(row, "accuracy", 0), 0.75);
    ck_assert_double_eq(dt_json_get_num(row, "macs_mean", 0), 12345);
    dt_json_free(o);
    trial_close(&t);
}
END_TEST

static void count(int64_t step)
{
    steps = step + 1;
}

START_TEST(what_is_wrong_is_said_before_the_first_step)
{
    static const struct {
        const char *result, *message;
    } cases[] = {
        { NULL, "name finished runs or their result.json" },
        { "{\"dataset\": \"syn", "result.json" },
        { "{\"dataset\": \"cifar10\", \"test_accuracy\": 0.9, \"macs_mean\": 5}", "is about cifar10, not synth" },
        { "{\"test_accuracy\": 0.9, \"macs_mean\": 5}", "is about no data set, not synth" },
        { "{\"dataset\": \"synth\", \"macs_mean\": 5}", "says no test_accuracy or no macs_mean" },
        { "{\"dataset\": \"synth\", \"test_accuracy\": 0.9}", "says no test_accuracy or no macs_mean" },
    };
    struct trial t;
    char how[1024];

    open_with(&t, cases[_i].result ? cases[_i].result : good);
    trial_write(&t, "static.yaml", static_config);
    if (!cases[_i].result)
        ck_assert_int_eq(unlink(static_file), 0);
    snprintf(how, sizeof how, "budgetnet.static_nets=[%s] pretrained=%s/static.yaml", t.dir, t.dir);
    steps = 0;
    trial_watch(count);
    ck_assert_int_eq(trial_train(&t, how), DT_ECONFIG);
    trial_watch(NULL);
    dt_test_fails(&t.err, DT_ECONFIG, "budgetnet.static_nets: ");
    dt_test_fails(&t.err, DT_ECONFIG, static_file);
    dt_test_fails(&t.err, DT_ECONFIG, cases[_i].message);
    ck_assert_int_eq(steps, 0);
    ck_assert_int_ne(access(t.root, F_OK), 0); /* no run, not even of what it would start from */
    trial_close(&t);
}
END_TEST

static void vanish(int64_t step)
{
    if (step == 0)
        (void)unlink(static_file);
}

START_TEST(one_that_is_gone_by_the_end_costs_its_row_only)
{
    struct trial t;
    struct dt_json *o, *row = NULL;
    char how[1024];

    open_with(&t, good);
    snprintf(how, sizeof how, "budgetnet.static_nets=[%s]", t.dir);
    trial_watch(vanish);
    if (trial_train(&t, how))
        dt_test_ok(&t.err);
    trial_watch(NULL);
    ck_assert_int_ne(access(static_file, F_OK), 0);
    ck_assert_int_eq(rows(t.out.run, "static resnet8", &o, &row), 0);
    dt_json_free(o);
    trial_close(&t);
}
END_TEST

Suite *suite_static(void)
{
    Suite *s = suite_create("static");
    TCase *c = tcase_create("static");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_run_or_its_result_becomes_a_row);
    tcase_add_loop_test(c, what_is_wrong_is_said_before_the_first_step, 0, 6);
    tcase_add_test(c, one_that_is_gone_by_the_end_costs_its_row_only);
    suite_add_tcase(s, c);
    return s;
}
