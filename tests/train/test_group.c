/* dt_train_group and dt_train_update: decay where it belongs, clipping, the finite check, the same bits for any
 * thread count. */
#include <math.h>
#include <string.h>

#include "suites.h"
#include "tiny.h"

START_TEST(decay_on_weights_only)
{
    struct tiny b;

    tiny_open(&b, 3);
    b.cfg.weight_decay = 0.5;
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    b.weight[1] = 2;
    b.bias[0] = 2;
    ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
    ck_assert_double_eq_tol(b.weight[1], 2 - 0.1 * 0.5 * 2, 1e-6);
    ck_assert(b.bias[0] == 2);
    tiny_close(&b);
}
END_TEST

START_TEST(clips_to_the_norm)
{
    struct tiny b;

    tiny_open(&b, 2);
    b.cfg.clip_norm = 1;
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    b.weight_grad[0] = 3;
    b.bias_grad[0] = 4; /* norm 5, bias included */
    ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
    ck_assert_double_eq_tol(b.weight[0], -0.1 * 0.6, 1e-6);
    ck_assert_double_eq_tol(b.bias[0], -0.1 * 0.8, 1e-6);
    b.weight_grad[0] = (dt_real)0.5; /* below: left as it is */
    ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
    ck_assert_double_eq_tol(b.weight[0], -0.1 * 0.6 - 0.1 * 0.5, 1e-6);
    tiny_close(&b);
}
END_TEST

/* What is not finite, in the loss or anywhere in the gradient, changes nothing. */
START_TEST(stops_before_the_update)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    struct tiny b;

    for (int i = 0; i < 6; i++) {
        tiny_open(&b, 4);
        ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
        b.weight[0] = 1;
        b.weight_grad[0] = 1;
        if (i >= 3)
            b.weight_grad[3] = (dt_real)bad[i - 3];
        ck_assert_int_eq(dt_train_update(&b.l.t, i < 3 ? bad[i] : 1), DT_ENUMERIC);
        dt_test_fails(&b.l.t.err, DT_ENUMERIC, i < 3 ? "loss is" : "gradient of net is");
        ck_assert(b.weight[0] == 1 && b.l.group[0].count == 0);
        tiny_close(&b);
    }
}
END_TEST

START_TEST(huge_is_not_infinite)
{
    struct tiny b;

    tiny_open(&b, 2);
    b.cfg.clip_norm = 1;
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    b.weight_grad[0] = (dt_real)1e30; /* its square overflows a float */
    ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
    ck_assert_double_eq_tol(b.weight[0], -0.1, 1e-6);
    tiny_close(&b);
}
END_TEST

/* Many chunks, parameters that do not fill the last one: 1 and 4 threads give the same bits. */
START_TEST(bits_do_not_depend_on_threads)
{
    enum { MANY = 70001 };
    static dt_real x[2][MANY];
    struct tiny b;

    for (int k = 0; k < 2; k++) {
        struct dt_rng r = dt_rng_at(7, DT_STREAM_TEST, 0, 0);

        dt_par_set_threads(k ? 4 : 1);
        tiny_open(&b, MANY);
        b.cfg.clip_norm = 1;
        b.cfg.momentum = 0.9;
        b.cfg.weight_decay = 1e-2;
        ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
        for (int s = 0; s < 3; s++) {
            for (int i = 0; i < MANY; i++)
                b.weight_grad[i] = (dt_real)dt_rng_normal(&r);
            ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
        }
        memcpy(x[k], b.weight, sizeof x[k]);
        tiny_close(&b);
    }
    dt_par_set_threads(1);
    ck_assert(x[0][0] != 0 && x[0][MANY - 1] != 0);
    ck_assert_int_eq(memcmp(x[0], x[1], sizeof x[0]), 0);
}
END_TEST

START_TEST(rate_follows_the_schedule)
{
    struct tiny b;

    tiny_open(&b, 1);
    b.cfg.schedule = (struct dt_schedule_cfg){ .name = DT_COSINE };
    b.l.per_epoch = 4;
    b.l.epochs = 2;
    ck_assert_int_eq(dt_train_group(&b.l.t, "net", &b.cfg), DT_OK);
    b.l.t.epoch = 1; /* step 4 of 8: half way down */
    b.weight_grad[0] = 1;
    ck_assert_int_eq(dt_train_update(&b.l.t, 1), DT_OK);
    ck_assert_double_eq_tol(b.weight[0], -0.05, 1e-6);
    tiny_close(&b);
}
END_TEST

Suite *suite_group(void)
{
    Suite *s = suite_create("group");
    TCase *c = tcase_create("update");

    tcase_add_test(c, decay_on_weights_only);
    tcase_add_test(c, clips_to_the_norm);
    tcase_add_test(c, stops_before_the_update);
    tcase_add_test(c, huge_is_not_infinite);
    tcase_add_test(c, bits_do_not_depend_on_threads);
    tcase_add_test(c, rate_follows_the_schedule);
    suite_add_tcase(s, c);
    return s;
}
