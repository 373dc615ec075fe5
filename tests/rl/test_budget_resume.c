/* Killed or stopped in any phase and resumed: the same bits as without. Steps of the run: 1-8 curriculum, 9-16
 * fine-tuning, 17 calibration. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "suites.h"

static void whole_run(struct trial *t, const char *how, char run[512])
{
    if (trial_train(t, how))
        dt_test_ok(&t->err);
    memcpy(run, t->out.run, sizeof t->out.run);
}

static void same_runs(const char *a, const char *b)
{

    trial_same_files(a, b, "metrics.jsonl");
    trial_same_checkpoints(a, b);
}

START_TEST(stopped)
{
    static const int at[] = { 3, 8, 12, 16, 17 };
    struct trial t;
    char whole[512];

    budget_trial_open(&t);
    whole_run(&t, "", whole);
    trial_raise(SIGTERM, at[_i]);
    ck_assert_int_eq(trial_train(&t, ""), DT_ETERM);
    trial_raise(0, 0);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
    same_runs(whole, t.out.run);
    trial_close(&t);
}
END_TEST

START_TEST(killed)
{
    static const struct {
        const char *how;
        int at;
    } cases[] = {
        { "checkpoint.every_minutes=1e-9", 5 },
        { "", 13 },
        { "checkpoint.every_minutes=1e-9 budgetnet.reward.name=lagrangian", 13 },
        { "budgetnet.backbone=frozen budgetnet.learn.samples=2 budgetnet.learn.baseline=leave_one_out", 14 },
        { "", 17 },
    };
    struct trial t;
    char whole[512];
    int status;

    budget_trial_open(&t);
    whole_run(&t, cases[_i].how, whole);
    snprintf(t.root, sizeof t.root, "%s/killed", t.dir);
    status = trial_spawn(&t, cases[_i].how, SIGKILL, cases[_i].at);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_int_eq(trial_resume(&t, t.out.run, 0), DT_OK);
    same_runs(whole, t.out.run);
    trial_close(&t);
}
END_TEST

Suite *suite_budget_resume(void)
{
    Suite *s = suite_create("budget_resume");
    TCase *c = tcase_create("bits");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, stopped, 0, 5);
    tcase_add_loop_test(c, killed, 0, 5);
    suite_add_tcase(s, c);
    return s;
}
