/* A whole run in which one call fails, for every call and every error a disk has: exit 7, one line that names the file
 * and the cause, no temporary files, and the run can be resumed to the bits of the one that was left alone. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "short_run.h"
#include "suites.h"

static const int errors[] = { ENOSPC, EDQUOT, EIO, FAULT_SHORT };
enum { N_ERRORS = sizeof errors / sizeof *errors, RESUME_EACH = 4 };

/* A line of a log that could not be written is written with the next one: such a failure need not be one of the run. */
static bool healed(struct trial *t, const char *whole)
{
    if (t->err.code != DT_OK || fault_struck_at() != FAULT_WRITE)
        return false;
    trial_same_runs(whole, t->out.run);
    return true;
}

static void check_failed(struct trial *t, int64_t k, int error)
{
    const char *why = strerror(error == FAULT_SHORT ? ENOSPC : error);

    ck_assert_msg(t->err.code != DT_OK, "call %d (%x): no failure", (int)k, fault_struck_at());
    ck_assert_msg(dt_exit_status(t->err.code) == 7, "call %d (%x): %s", (int)k, fault_struck_at(), t->err.msg);
    dt_test_fails(&t->err, t->err.code, why);
    dt_test_fails(&t->err, t->err.code, t->root);
    ck_assert_ptr_null(strchr(t->err.msg, '\n'));
}

/* What is left resumes, if there was anything yet. */
static void check_left(struct trial *t, const char *whole, int64_t k)
{
    char path[640];

    ck_assert_msg(count_temps(t->root) == 0, "call %d: a temporary file is left", (int)k);
    if (!only_run(t) || access(trial_path(t->out.run, "ckpt/last.h5", path), F_OK))
        return;
    if (k % RESUME_EACH) {
        struct dt_err err = { .code = DT_OK };
        struct dt_ckpt *c = dt_ckpt_open(path, &err);

        dt_test_ok(&err);
        dt_ckpt_free(c);
        return;
    }
    ck_assert_msg(trial_resume(t, t->out.run, 0) == DT_OK, "call %d: %s", (int)k, t->err.msg);
    trial_same_runs(whole, t->out.run);
}

START_TEST(every_call_fails_once)
{
    int error = errors[_i];
    struct trial t;
    char whole[512], name[32];
    int64_t k = 0;

    trial_open(&t);
    train_whole(&t, whole);
    for (bool struck = true; struck; k++) {
        snprintf(name, sizeof name, "failing-%d", (int)k);
        new_root(&t, name);
        fault_plan(FAULT_ANY & ~(unsigned)FAULT_CLOSE, k, 1, error);
        trial_train(&t, short_run);
        struck = fault_struck();
        if (struck && !healed(&t, whole))
            check_failed(&t, k, error);
        fault_off();
        check_left(&t, whole, k);
        dt_test_rmdir(t.root);
    }
    ck_assert_int_gt(k, 80);
    trial_close(&t);
}
END_TEST

/* From the k-th call on all fail: what is told on the way out does not hide the cause. */
START_TEST(every_call_fails_for_good)
{
    struct trial t;
    char whole[512], name[32];

    trial_open(&t);
    train_whole(&t, whole);
    for (int64_t k = 0; k < 100; k += 3) {
        snprintf(name, sizeof name, "failing-%d", (int)k);
        new_root(&t, name);
        fault_plan(FAULT_ANY & ~(unsigned)FAULT_CLOSE, k, INT64_MAX / 2, ENOSPC);
        trial_train(&t, short_run);
        check_failed(&t, k, ENOSPC);
        fault_off();
        check_left(&t, whole, k);
        dt_test_rmdir(t.root);
    }
    trial_close(&t);
}
END_TEST

/* A disk that is mounted read-only meanwhile, or rights that were taken away: the run directory's own exit status. */
START_TEST(read_only)
{
    static const int denials[] = { EROFS, EACCES };
    const int error = denials[_i];
    struct trial t;
    char whole[512], name[32];

    trial_open(&t);
    train_whole(&t, whole);
    for (int64_t k = 0; k < 60; k += 6) {
        snprintf(name, sizeof name, "read-only-%d", (int)k);
        new_root(&t, name);
        fault_plan(FAULT_ANY & ~(unsigned)FAULT_CLOSE, k, INT64_MAX / 2, error);
        trial_train(&t, short_run);
        fault_off();
        ck_assert_int_eq(dt_exit_status(t.err.code), 5);
        dt_test_fails(&t.err, DT_ECHECKPOINT, strerror(error));
        dt_test_fails(&t.err, DT_ECHECKPOINT, t.root);
        check_left(&t, whole, k);
        dt_test_rmdir(t.root);
    }
    trial_close(&t);
}
END_TEST

Suite *suite_failing(void)
{
    Suite *s = suite_create("failing");
    TCase *c = tcase_create("failing");

    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, every_call_fails_once, 0, N_ERRORS);
    tcase_add_test(c, every_call_fails_for_good);
    tcase_add_loop_test(c, read_only, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
