/* The values of dt_confidence on rows that can be worked out by hand; the contract suite has the rest. */
#include "suites.h"

#include <dyntrain/ops.h>
#include <math.h>
#include <support.h>

START_TEST(known_rows)
{
    /* p = 1/8, 1/2, 1/4, 1/8; and a row of equal logits */
    static const double p[2][4] = { { 0.125, 0.5, 0.25, 0.125 }, { 0.25, 0.25, 0.25, 0.25 } };
    static const double want[2][7] = {
        { 1.75 * 0.69314718055994531, 0.5, 0.25, 0.69314718055994531, 0.5, 0.25, 0.125 },
        { 2 * 0.69314718055994531, 0.25, 0, 0, 0.25, 0.25, 0.25 },
    };
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("ref", &err);
    struct dt_tape *t = dt_tape_new(e, &err);
    struct dt_tensor *y;
    dt_real x[8];

    for (int i = 0; i < 8; i++)
        x[i] = (dt_real)(log(p[i / 4][i % 4]) + 3); /* a shift changes nothing */
    y = dt_confidence(t, dt_tape_leaf(t, dt_shape2(2, 4), x), 3);
    dt_test_ok(dt_tape_err(t));
    ck_assert_int_eq(y->shape.d[1], 7);
    for (int i = 0; i < 14; i++)
        ck_assert_double_eq_tol((double)y->data[i], want[i / 7][i % 7], 1e-6);
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

Suite *confidence_suite(void)
{
    Suite *s = suite_create("confidence");
    TCase *c = tcase_create("confidence");

    tcase_add_test(c, known_rows);
    suite_add_tcase(s, c);
    return s;
}
