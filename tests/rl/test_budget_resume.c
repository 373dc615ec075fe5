/* Killed or stopped in any phase and resumed: the same bits as without. Steps of the run: 1-8 curriculum, 9-16
 * fine-tuning, 17 calibration. */
#include "suites.h"

START_TEST(stopped)
{
    static const int at[] = { 3, 8, 12, 16, 17 };
    struct trial t;

    budget_trial_open(&t);
    trial_stop_and_resume(&t, "", at[_i]);
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

    budget_trial_open(&t);
    trial_kill_and_resume(&t, cases[_i].how, cases[_i].at);
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
