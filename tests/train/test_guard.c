/* Numbers that go bad: the state and the batch are kept, and the run stops with exit 6, or leaves the step out. */
#include <string.h>

#include "suites.h"
#include "trial.h"

static int64_t saved_step(const struct trial *t, const char *name)
{
    char path[640];
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_open(trial_path(t->out.run, name, path), &err);
    struct dt_visit v = { .ckpt = c, .loading = true, .prefix = "/loop" };
    int64_t step = -1, dims[1] = { 20 }, id[20];

    dt_test_ok(&err);
    dt_visit_i64(&v, "step", &step);
    if (dt_ckpt_has(c, "/batch")) {
        dt_ckpt_get(c, "/batch/id", DT_CKPT_I64, 1, dims, id);
        for (int i = 0; i < 20; i++)
            ck_assert(id[i] >= 0 && id[i] < 160);
    }
    dt_test_ok(dt_ckpt_err(c));
    dt_ckpt_free(c);
    return step;
}

START_TEST(a_bad_step_stops)
{
    struct trial t;

    trial_open(&t);
    trial_poison(11, 1);
    ck_assert_int_eq(trial_train(&t, ""), DT_ENUMERIC);
    ck_assert_int_eq(dt_exit_status(t.err.code), 6);
    dt_test_fails(&t.err, DT_ENUMERIC, "loss is not a number at step 10 (epoch 2, batch 2); nothing was updated");
    dt_test_fails(&t.err, DT_ENUMERIC, "nan-step.h5 has the batch, last.h5 is the last good one");
    ck_assert_int_eq((int)saved_step(&t, "ckpt/nan-step.h5"), 10);
    ck_assert_int_eq((int)saved_step(&t, "ckpt/last.h5"), 8);
    trial_poison(0, 0);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
    trial_close(&t);
}
END_TEST

/* The step counts and leaves nothing behind: all later losses are finite, running statistics included. Its own loss is
 * not that of the step before, which a resumed run would not know. */
START_TEST(a_bad_step_is_left_out)
{
    struct trial t;
    char *metrics, *row;

    trial_open(&t);
    trial_poison(11, 3);
    ck_assert_msg(trial_train(&t, "guard.on_bad_step=skip") == DT_OK, "%s", t.err.msg);
    metrics = trial_read(t.out.run, "metrics.jsonl");
    row = metrics;
    for (int step = 11; step <= 13; step++) {
        char text[16];

        row = strstr(row, "\"loss\":null");
        ck_assert_ptr_nonnull(row);
        snprintf(text, sizeof text, "{\"step\":%d,", step);
        for (; *row != '{'; row--)
            continue;
        ck_assert_msg(!strncmp(row, text, strlen(text)), "not of step %d: %.80s", step, row);
        row = strchr(row, '\n');
    }
    ck_assert_ptr_null(strstr(row, "null"));
    ck_assert_ptr_nonnull(strstr(row, "\"step\":24"));
    dt_free(metrics);
    ck_assert_int_eq((int)saved_step(&t, "ckpt/nan-step.h5"), 12);
    ck_assert(t.out.test.loss < 10);
    trial_close(&t);
}
END_TEST

/* How many were left out is part of the state: a resumed run does not begin to count anew. */
START_TEST(the_limit_holds_over_resumes)
{
    struct trial t;

    trial_open(&t);
    trial_poison(3, 2);
    ck_assert_int_eq(trial_train(&t, "guard.on_bad_step=skip guard.max_skips=2 supervised.epochs=1"), DT_OK);
    trial_poison(10, 1);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 2), DT_ENUMERIC);
    dt_test_fails(&t.err, DT_ENUMERIC, "2 steps were left out before");
    trial_close(&t);
}
END_TEST

START_TEST(an_exploding_loss_stops)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "guard.max_loss=0.5"), DT_ENUMERIC);
    dt_test_fails(&t.err, DT_ENUMERIC, ", beyond guard.max_loss, at step 0");
    ck_assert_int_eq(trial_train(&t, "guard.max_loss=0.5 guard.on_bad_step=skip guard.max_skips=4"), DT_ENUMERIC);
    dt_test_fails(&t.err, DT_ENUMERIC, "4 steps were left out before");
    ck_assert_int_eq((int)saved_step(&t, "ckpt/nan-step.h5"), 4);
    ck_assert_int_eq(trial_train(&t, "guard.max_loss=0"), DT_OK);
    trial_close(&t);
}
END_TEST

/* As configured by default, long before anything is infinite. */
START_TEST(a_rate_that_is_far_too_high)
{
    static const char *const how[] = { "optim.lr=10", "optim.lr=1000", "optim.lr=1000 optim.name=adam" };
    char with[128];
    struct trial t;

    trial_open(&t);
    snprintf(with, sizeof with, "optim.schedule.name=constant optim.schedule.warmup=0 supervised.epochs=10 %s",
             how[_i]);
    ck_assert_int_eq(trial_train(&t, with), DT_ENUMERIC);
    dt_test_fails(&t.err, DT_ENUMERIC, ", beyond guard.max_loss, at step ");
    dt_test_fails(&t.err, DT_ENUMERIC, "a lower optim.lr");
    trial_close(&t);
}
END_TEST

Suite *suite_guard(void)
{
    Suite *s = suite_create("guard");
    TCase *c = tcase_create("guard");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_bad_step_stops);
    tcase_add_test(c, a_bad_step_is_left_out);
    tcase_add_test(c, the_limit_holds_over_resumes);
    tcase_add_test(c, an_exploding_loss_stops);
    tcase_add_loop_test(c, a_rate_that_is_far_too_high, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
