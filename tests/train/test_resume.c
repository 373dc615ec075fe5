/* A run that was stopped or killed and resumed has the weights, the optimiser's state and the metrics of one that was
 * not, bit for bit. */
#include <signal.h>

#include "suites.h"
#include "trial.h"

static void stop_and_resume(const char *overrides, int at)
{
    struct trial t;

    trial_open(&t);
    trial_stop_and_resume(&t, overrides, at);
    trial_close(&t);
}

START_TEST(stopped_anywhere)
{
    static const int at[] = { 1, 5, 8, 9, 24 }; /* the epochs end at 8, 16, 24 */

    stop_and_resume("", at[_i]);
}
END_TEST

START_TEST(stopped_with_every_optimiser)
{
    static const char *const how[] = { "optim.name=adam optim.lr=0.01",
                                       "optim.name=rmsprop optim.lr=0.001 data.workers=0",
                                       "optim.name=adamw optim.lr=0.01 optim.clip_norm=1",
                                       "supervised.ema=0.9 data.workers=2" };

    stop_and_resume(how[_i], 13);
}
END_TEST

/* Killed without warning: the last checkpoint may be steps ago, and the metrics are cut back to it. */
START_TEST(killed)
{
    static const struct {
        const char *how;
        int at;
    } cases[] = { { "", 3 }, { "", 15 }, { "checkpoint.every_minutes=1e-9", 12 }, { "supervised.ema=0.9", 20 } };
    struct trial t;

    trial_open(&t);
    trial_kill_and_resume(&t, cases[_i].how, cases[_i].at);
    trial_close(&t);
}
END_TEST

/* Twice stopped, and once more after the end: nothing changes. */
START_TEST(again_and_again)
{
    struct trial t;
    char whole[512];

    trial_open(&t);
    trial_whole(&t, "", whole);
    trial_raise(SIGUSR1, 4);
    ck_assert_int_eq(trial_train(&t, ""), DT_ESTOPPED);
    trial_raise(SIGINT, 17);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_EINTERRUPT);
    trial_raise(0, 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
        trial_same_runs(whole, t.out.run);
    }
    trial_close(&t);
}
END_TEST

/* More epochs than configured: a constant rate makes the longer run the shorter one, continued. */
START_TEST(more_epochs)
{
    static const char constant[] = "optim.schedule.name=constant ";
    struct trial t;
    char longer[512], how[96];

    trial_open(&t);
    snprintf(how, sizeof how, "%ssupervised.epochs=5", constant);
    trial_whole(&t, how, longer);
    ck_assert_int_eq(trial_train(&t, constant), DT_OK);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 5), DT_OK);
    trial_same_runs(longer, t.out.run);
    trial_close(&t);
}
END_TEST

START_TEST(not_a_run)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_resume(&t, t.dir, 0), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, t.dir);
    trial_close(&t);
}
END_TEST

Suite *suite_resume(void)
{
    Suite *s = suite_create("resume");
    TCase *c = tcase_create("bits");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, stopped_anywhere, 0, 5);
    tcase_add_loop_test(c, stopped_with_every_optimiser, 0, 4);
    tcase_add_loop_test(c, killed, 0, 4);
    tcase_add_test(c, again_and_again);
    tcase_add_test(c, more_epochs);
    tcase_add_test(c, not_a_run);
    suite_add_tcase(s, c);
    return s;
}
