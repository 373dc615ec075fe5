/* Baselines, normalisation, the clipped objective and the multiplier against numbers worked out by hand. */
#include <dyntrain/rl.h>

#include <math.h>

#include "suites.h"

static void close_to(double a, double b)
{
    ck_assert_msg(fabs(a - b) < 1e-9, "%.12g and %.12g", a, b);
}

START_TEST(leave_one_out)
{
    const double reward[6] = { 1, 2, 6, -1, 0, 4 };
    double base[6];

    dt_rl_leave_one_out(reward, 2, 3, base);
    close_to(base[0], 4);
    close_to(base[1], 3.5);
    close_to(base[2], 1.5);
    close_to(base[3], 2);
    close_to(base[4], 1.5);
    close_to(base[5], -0.5);
}
END_TEST

START_TEST(each_bin_by_itself)
{
    const int bin[6] = { 0, 1, 0, 1, 2, 3 };
    double a[6] = { 1, 100, 3, 300, 7, 5 }, same[3] = { 2, 2, 2 };

    dt_rl_normalise(a, bin, 6, 4);
    close_to(a[0], -1);
    close_to(a[2], 1);
    close_to(a[1], -1);
    close_to(a[3], 1);
    close_to(a[4], 7); /* alone: nothing to compare with */
    close_to(a[5], 5);
    dt_rl_normalise(same, NULL, 3, 1);
    close_to(same[0], 2);
}
END_TEST

START_TEST(one_bin)
{
    double a[4] = { 0, 0, 4, 4 };

    dt_rl_normalise(a, NULL, 4, 1);
    close_to(a[0], -1);
    close_to(a[3], 1);
}
END_TEST

START_TEST(explained_variance)
{
    struct dt_rl_fit exact = { 0 }, shifted = { 0 }, none = { 0 }, constant = { 0 };

    for (int i = 0; i < 10; i++) {
        dt_rl_fit_add(&exact, i, i);
        dt_rl_fit_add(&shifted, i, 0.5 * i + 3); /* half of the deviation is left: a quarter of the variance */
        dt_rl_fit_add(&none, i, 1);
        dt_rl_fit_add(&constant, 2, i);
    }
    close_to(dt_rl_fit_explained(&exact), 1);
    close_to(dt_rl_fit_explained(&shifted), 0.75);
    close_to(dt_rl_fit_explained(&none), 0);
    close_to(dt_rl_fit_explained(&constant), 0);
}
END_TEST

START_TEST(clipped_objective)
{
    double w;

    close_to(dt_rl_ppo(2, -1, -1, 0.2, &w), 2); /* first use: the plain policy gradient */
    close_to(w, 2);
    close_to(dt_rl_ppo(2, log(1.1), 0, 0.2, &w), 2.2);
    close_to(w, 2.2);
    close_to(dt_rl_ppo(2, log(1.5), 0, 0.2, &w), 2.4); /* better and likelier already: no more of it */
    close_to(w, 0);
    close_to(dt_rl_ppo(2, log(0.5), 0, 0.2, &w), 1); /* better but less likely: all of it */
    close_to(w, 1);
    close_to(dt_rl_ppo(-2, log(0.5), 0, 0.2, &w), -1.6);
    close_to(w, 0);
    close_to(dt_rl_ppo(-2, log(1.5), 0, 0.2, &w), -3);
    close_to(w, -3);
    close_to(dt_rl_ppo(2, log(1.5), 0, 0, &w), 3); /* no clipping */
    close_to(w, 3);
}
END_TEST

/* min over x of (x - 3)^2 subject to x <= 1: the multiplier goes to 4, x to 1. */
START_TEST(dual_ascent)
{
    double multiplier = 0, x = 0;

    for (int i = 0; i < 2000; i++) {
        x = 3 - multiplier / 2;
        multiplier = dt_rl_dual(multiplier, 0.05, x - 1, 100);
    }
    ck_assert_double_eq_tol(multiplier, 4, 1e-6);
    ck_assert_double_eq_tol(x, 1, 1e-6);
    ck_assert_double_eq(dt_rl_dual(0.1, 1, -5, 100), 0);
    ck_assert_double_eq(dt_rl_dual(99, 1, 5, 100), 100);
}
END_TEST

START_TEST(injected_gradient)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("ref", &err);
    struct dt_tape *t = dt_tape_new(e, &err);
    const dt_real value[3] = { 1, 2, 3 };
    dt_real grad[3] = { 0.5f, -1, 4 };
    struct dt_tensor *x = dt_tape_leaf(t, dt_shape1(3), value), *y;

    x->wants_grad = true;
    y = dt_rl_inject(t, dt_affine(t, x, 2, 0), grad);
    grad[0] = 77; /* copied: the caller's array may go */
    ck_assert_int_eq(dt_backward(t, y), DT_OK);
    close_to((double)x->grad[0], 1);
    close_to((double)x->grad[1], -2);
    close_to((double)x->grad[2], 8);
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

Suite *suite_advantage(void)
{
    Suite *s = suite_create("advantage");
    TCase *c = tcase_create("advantage");

    tcase_add_test(c, leave_one_out);
    tcase_add_test(c, each_bin_by_itself);
    tcase_add_test(c, one_bin);
    tcase_add_test(c, explained_variance);
    tcase_add_test(c, clipped_objective);
    tcase_add_test(c, dual_ascent);
    tcase_add_test(c, injected_gradient);
    suite_add_tcase(s, c);
    return s;
}
