#include <dyntrain/train.h>

#include "suites.h"

enum { PER_EPOCH = 10, TOTAL = 100 };

static double rate(const struct dt_optim_cfg *c, int64_t step)
{
    return dt_schedule_lr(c, step, TOTAL, PER_EPOCH);
}

START_TEST(constant_and_warmup)
{
    struct dt_optim_cfg c = { .lr = 2, .schedule = { .name = DT_CONSTANT, .warmup = 2 } };

    ck_assert_double_eq_tol(rate(&c, 0), 2 * 1.0 / 20, 1e-12); /* not zero: a step at rate 0 is lost */
    ck_assert_double_eq_tol(rate(&c, 9), 2 * 10.0 / 20, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 19), 2, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 99), 2, 1e-12);
}
END_TEST

START_TEST(cosine)
{
    struct dt_optim_cfg c = { .lr = 1, .schedule = { .name = DT_COSINE } };

    ck_assert_double_eq_tol(rate(&c, 0), 1, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 50), 0.5, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 25), 0.853553390593, 1e-9);
    ck_assert_double_eq_tol(rate(&c, 100), 0, 1e-12);
    c.schedule.final = 0.1;
    c.schedule.warmup = 5; /* the other 50 steps go from 1 to 0.1 */
    ck_assert_double_eq_tol(rate(&c, 50), 1, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 75), 0.55, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 100), 0.1, 1e-12);
}
END_TEST

START_TEST(steps)
{
    double at[] = { 3, 6.5 };
    struct dt_optim_cfg c = { .lr = 1, .schedule = { .name = DT_STEP, .gamma = 0.1, .steps = { 2, at } } };

    ck_assert_double_eq_tol(rate(&c, 29), 1, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 30), 0.1, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 64), 0.1, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 65), 0.01, 1e-12);
}
END_TEST

START_TEST(one_cycle)
{
    struct dt_optim_cfg c = { .lr = 0.4, .schedule = { .name = DT_ONE_CYCLE, .rise = 0.2 } };

    ck_assert_double_eq_tol(rate(&c, 0), 0.4 / 20, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 19), 0.4, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 20), 0.4, 1e-12);
    ck_assert_double_eq_tol(rate(&c, 60), 0.2, 1e-12);
    ck_assert_double_lt(rate(&c, 99), 0.001);
    c.schedule.rise = 1; /* nothing left to fall in */
    ck_assert_double_eq_tol(rate(&c, 99), 0.4, 1e-12);
}
END_TEST

Suite *suite_schedule(void)
{
    Suite *s = suite_create("schedule");
    TCase *c = tcase_create("rates");

    tcase_add_test(c, constant_and_warmup);
    tcase_add_test(c, cosine);
    tcase_add_test(c, steps);
    tcase_add_test(c, one_cycle);
    suite_add_tcase(s, c);
    return s;
}
