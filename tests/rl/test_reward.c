/* Rewards against numbers worked out by hand. */
#include "rl/budgetnet.h"

#include "suites.h"

static double reward(int name, bool right, double used, double budget, double multiplier)
{
    struct dt_budget_reward_cfg cfg = { .name = name, .overshoot = 2, .usage = 0.5, .wrong = 3 };

    return dt_budget_reward(&cfg, right, used, 1, budget, multiplier);
}

START_TEST(blockdrop)
{
    ck_assert_double_eq_tol(reward(DT_REWARD_BLOCKDROP, true, 0.5, 0.1, 9), 0.75, 1e-12);
    ck_assert_double_eq_tol(reward(DT_REWARD_BLOCKDROP, false, 0.5, 0.1, 9), -3, 1e-12);
}
END_TEST

START_TEST(hinge)
{
    ck_assert_double_eq_tol(reward(DT_REWARD_HINGE, true, 0.4, 0.5, 9), 1 - 0.5 * 0.16, 1e-12); /* within */
    ck_assert_double_eq_tol(reward(DT_REWARD_HINGE, true, 0.61, 0.5, 9), 1 - 2 * 0.04 - 0.5 * 0.61 * 0.61, 1e-12);
    ck_assert_double_eq_tol(reward(DT_REWARD_HINGE, false, 0.4, 0.5, 9), -3, 1e-12);
    ck_assert_double_eq_tol(reward(DT_REWARD_HINGE, false, 0.6, 0.5, 9), -3.2, 1e-12);
    ck_assert_double_eq(dt_budget_reward(&(struct dt_budget_reward_cfg){ .name = DT_REWARD_HINGE, .overshoot = 1 },
                                         true, 0, 0, 0.05, 0),
                        1); /* a budget above all there is to spend: measured times need not add up */
}
END_TEST

START_TEST(lagrangian)
{
    ck_assert_double_eq_tol(reward(DT_REWARD_LAGRANGIAN, true, 0.6, 0.5, 4), 0.6, 1e-12);
    ck_assert_double_eq_tol(reward(DT_REWARD_LAGRANGIAN, false, 0.4, 0.5, 4), 0.4, 1e-12);
}
END_TEST

Suite *suite_reward(void)
{
    Suite *s = suite_create("reward");
    TCase *c = tcase_create("reward");

    tcase_add_test(c, blockdrop);
    tcase_add_test(c, hinge);
    tcase_add_test(c, lagrangian);
    suite_add_tcase(s, c);
    return s;
}
