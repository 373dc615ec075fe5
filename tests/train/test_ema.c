#include <math.h>

#include "suites.h"
#include "tiny.h"

/* Against the recurrence in double precision, decay warmed up. */
START_TEST(follows_the_weights)
{
    struct tiny b;
    double x = 0, mean = 0;

    tiny_open(&b, 2);
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    dt_train_ema(&b.l.t, 0.6);
    for (int t = 1; t <= 20; t++) {
        double d = fmin(0.6, (1.0 + t) / (10.0 + t)), g = t % 3 - 1.5;

        b.weight_grad[1] = (dt_real)g;
        ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
        x -= 0.1 * g;
        mean = d * mean + (1 - d) * x;
    }
    ck_assert_double_eq_tol(b.weight[1], x, 1e-5);
    dt_ema_swap(&b.l);
    ck_assert_double_eq_tol(b.weight[1], mean, 1e-5);
    ck_assert(fabs(mean - x) > 0.01);
    dt_ema_swap(&b.l);
    ck_assert_double_eq_tol(b.weight[1], x, 1e-5);
    tiny_close(&b);
}
END_TEST

START_TEST(off_by_default)
{
    struct tiny b;

    tiny_open(&b, 2);
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    dt_train_ema(&b.l.t, 0);
    b.weight[0] = 3;
    dt_ema_swap(&b.l);
    ck_assert(b.weight[0] == 3);
    tiny_close(&b);
}
END_TEST

Suite *suite_ema(void)
{
    Suite *s = suite_create("ema");
    TCase *c = tcase_create("average");

    tcase_add_test(c, follows_the_weights);
    tcase_add_test(c, off_by_default);
    suite_add_tcase(s, c);
    return s;
}
