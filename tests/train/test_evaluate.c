#include <math.h>

#include "suites.h"
#include "train/loop.h"

START_TEST(rank_of_a_logit)
{
    dt_real z[5] = { 1, 5, 3, 5, -2 };

    ck_assert_int_eq(dt_logit_rank(z, 5, 1), 0);
    ck_assert_int_eq(dt_logit_rank(z, 5, 3), 1); /* equal: the lower class first */
    ck_assert_int_eq(dt_logit_rank(z, 5, 2), 2);
    ck_assert_int_eq(dt_logit_rank(z, 5, 4), 4);
    z[2] = (dt_real)NAN;
    ck_assert_int_eq(dt_logit_rank(z, 5, 2), 4);
    ck_assert_int_ge(dt_logit_rank(z, 5, 1), 1); /* nothing beats what is no number */
}
END_TEST

Suite *suite_evaluate(void)
{
    Suite *s = suite_create("evaluate");
    TCase *c = tcase_create("rank");

    tcase_add_test(c, rank_of_a_logit);
    suite_add_tcase(s, c);
    return s;
}
