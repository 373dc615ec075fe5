/* checkpoint.on_full: wait, the look at free space before training, and a clock that jumps. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "short_run.h"
#include "suites.h"

static const char waiting[] = "checkpoint.on_full=wait checkpoint.retry_seconds=0.001 ";

static enum dt_code train_waiting(struct trial *t)
{
    char overrides[512];

    snprintf(overrides, sizeof overrides, "%s%s", waiting, short_run);
    return trial_train(t, overrides);
}

/* Space comes back after a few attempts: the run ends as if nothing had been. Before there is a checkpoint, waiting
 * would only hide a disk that is too small. */
START_TEST(goes_on_once_there_is_space)
{
    static const int errors[] = { ENOSPC, EDQUOT, FAULT_SHORT };
    struct trial t;
    char whole[512], name[32], path[640];
    int waited = 0;

    trial_open(&t);
    train_whole(&t, whole);
    for (int64_t k = 0; k < 60; k++) {
        bool struck;

        snprintf(name, sizeof name, "waiting-%d", (int)k);
        new_root(&t, name);
        fault_plan(FAULT_WRITE, k, errors[_i] == FAULT_SHORT ? 1 : 3, errors[_i]);
        train_waiting(&t);
        struck = fault_struck();
        fault_off();
        if (t.err.code && only_run(&t) && !access(trial_path(t.out.run, "ckpt/last.h5", path), F_OK))
            ck_abort_msg("call %d: %s", (int)k, t.err.msg);
        if (!t.err.code) {
            waited += struck;
            trial_same_runs(whole, t.out.run);
        }
        dt_test_rmdir(t.root);
    }
    ck_assert_int_gt(waited, 15);
    trial_close(&t);
}
END_TEST

/* An input or output error is not a full disk, and waiting does not mend it. */
START_TEST(does_not_wait_for_a_broken_disk)
{
    struct trial t;

    trial_open(&t);
    new_root(&t, "broken");
    fault_plan(FAULT_RENAME, 4, INT64_MAX / 2, EIO);
    ck_assert_int_eq(train_waiting(&t), DT_ERESOURCE);
    fault_off();
    trial_close(&t);
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
    raise(SIGTERM);
}

/* Asked to stop while it waits: the previous checkpoint stands, the cause is told. */
START_TEST(a_signal_ends_the_waiting)
{
    struct trial t;
    char path[640];
    struct dt_ckpt *c;
    struct dt_err err = { .code = DT_OK };

    trial_open(&t);
    new_root(&t, "signal");
    fault_plan(FAULT_RENAME, 5, INT64_MAX / 2, ENOSPC);
    signal(SIGALRM, on_alarm);
    alarm(1);
    ck_assert_int_eq(train_waiting(&t), DT_EFULL);
    fault_off();
    dt_test_fails(&t.err, DT_EFULL, strerror(ENOSPC));
    ck_assert(only_run(&t));
    c = dt_ckpt_open(trial_path(t.out.run, "ckpt/last.h5", path), &err);
    dt_test_ok(&err);
    dt_ckpt_free(c);
    trial_close(&t);
}
END_TEST

START_TEST(too_little_space_is_found_before_training)
{
    struct trial t;

    trial_open(&t);
    new_root(&t, "small");
    fault_free_bytes(100000);
    ck_assert_int_eq(trial_train(&t, short_run), DT_EFULL);
    fault_free_bytes(-1);
    dt_test_fails(&t.err, DT_EFULL, "0.1 MB are free, the checkpoints of this run need 0.2 MB more");
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
    trial_close(&t);
}
END_TEST

/* The wall clock goes into names and stamps only. */
START_TEST(clock_jumps)
{
    static const int64_t jump[] = { 86400, -86400, 1 << 30, -(1 << 30) };
    struct trial t;
    char whole[512];

    trial_open(&t);
    train_whole(&t, whole);
    for (int i = 0; i < 4; i++) {
        char name[32];

        snprintf(name, sizeof name, "clock-%d", i);
        new_root(&t, name);
        fault_clock_jumps(jump[i]);
        ck_assert_msg(trial_train(&t, short_run) == DT_OK, "%s", t.err.msg);
        ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
        fault_clock_jumps(0);
        trial_same_runs(whole, t.out.run);
        ck_assert(t.out.train_minutes >= 0 && t.out.train_minutes < 5);
    }
    trial_close(&t);
}
END_TEST

Suite *suite_waiting(void)
{
    Suite *s = suite_create("waiting");
    TCase *c = tcase_create("waiting");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, goes_on_once_there_is_space, 0, 3);
    tcase_add_test(c, does_not_wait_for_a_broken_disk);
    tcase_add_test(c, a_signal_ends_the_waiting);
    tcase_add_test(c, too_little_space_is_found_before_training);
    tcase_add_test(c, clock_jumps);
    suite_add_tcase(s, c);
    return s;
}
