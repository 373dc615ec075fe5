/* INT, TERM, USR1 and the time limit: a checkpoint after the step, a code of its own; the second signal ends at once.
 */
#include <signal.h>
#include <sys/wait.h>

#include "suites.h"
#include "trial.h"

static int64_t step_of(const char *run)
{
    char path[640];
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_open(trial_path(run, "ckpt/last.h5", path), &err);
    struct dt_visit v = { .ckpt = c, .loading = true, .prefix = "/loop" };
    int64_t step = -1;

    dt_test_ok(&err);
    dt_visit_i64(&v, "step", &step);
    dt_ckpt_free(c);
    return step;
}

START_TEST(signals)
{
    static const struct {
        int signal, status;
        enum dt_code code;
    } cases[] = { { SIGINT, 130, DT_EINTERRUPT }, { SIGTERM, 143, DT_ETERM }, { SIGUSR1, 75, DT_ESTOPPED } };
    struct trial t;

    for (int i = 0; i < 3; i++) {
        trial_open(&t);
        trial_raise(cases[i].signal, 11);
        ck_assert_int_eq(trial_train(&t, ""), cases[i].code);
        ck_assert_int_eq(dt_exit_status(cases[i].code), cases[i].status);
        dt_test_fails(&t.err, cases[i].code, "at step 11");
        ck_assert_int_eq((int)step_of(t.out.run), 11);
        trial_close(&t);
    }
}
END_TEST

START_TEST(time_limit)
{
    struct trial t;

    trial_open(&t);
    ck_assert_int_eq(trial_train(&t, "run.time_limit=1e-6"), DT_ESTOPPED);
    ck_assert_int_eq((int)step_of(t.out.run), 1);
    trial_close(&t);
}
END_TEST

/* The handler is the process's own: a child takes two signals at once. */
START_TEST(second_signal_ends)
{
    struct trial t;
    int status;

    trial_open(&t);
    status = trial_spawn(&t, "", -SIGTERM, 3); /* twice */
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
    ck_assert_int_eq((int)step_of(t.out.run), 0); /* no time for a checkpoint */
    trial_close(&t);
}
END_TEST

Suite *suite_stop(void)
{
    Suite *s = suite_create("stop");
    TCase *c = tcase_create("signals");

    tcase_set_timeout(c, 60);
    tcase_add_test(c, signals);
    tcase_add_test(c, time_limit);
    tcase_add_test(c, second_signal_ends);
    suite_add_tcase(s, c);
    return s;
}
