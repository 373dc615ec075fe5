#include "suites.h"

#include <float.h>
#include <locale.h>
#include <stdlib.h>

#include "base/number.h"

START_TEST(integers)
{
    static const char *const bad[] = {
        "", "-", "+", "010", "-01", "1e3", "1.0", "0x10", " 1", "1 ", "9223372036854775808"
    };
    int64_t v = -1;

    ck_assert(dt_parse_int("0", &v) && v == 0);
    ck_assert(dt_parse_int("-42", &v) && v == -42);
    ck_assert(dt_parse_int("+7", &v) && v == 7);
    ck_assert(dt_parse_int("9223372036854775807", &v) && v == INT64_MAX);
    ck_assert(dt_parse_int("-9223372036854775808", &v) && v == INT64_MIN);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!dt_parse_int(bad[i], &v), "accepted: %s", bad[i]);
}
END_TEST

START_TEST(reals)
{
    static const char *const bad[] = { "",    ".",   "-",    "+.",    "e3",  "1e", "1e+", "010", "00.5", "0x1p3",
                                       "inf", "nan", ".inf", "1e999", "1,5", " 1", "1 ",  "1f",  "1..2", "--1" };
    double v = -1;

    ck_assert(dt_parse_real("1e-3", &v) && v == 1e-3);
    ck_assert(dt_parse_real(".5", &v) && v == 0.5);
    ck_assert(dt_parse_real("5", &v) && v == 5);
    ck_assert(dt_parse_real("5.", &v) && v == 5);
    ck_assert(dt_parse_real("-0.25E+2", &v) && v == -25);
    ck_assert(dt_parse_real("0", &v) && v == 0);
    ck_assert(dt_parse_real("1e-400", &v) && v == 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!dt_parse_real(bad[i], &v), "accepted: %s", bad[i]);
}
END_TEST

START_TEST(printing_is_short_and_exact)
{
    static const struct {
        double v;
        const char *text;
    } row[] = { { 0.1, "0.1" }, { 5, "5" }, { 1e-3, "0.001" }, { 1.0 / 3, "0.3333333333333333" }, { -0.0, "-0" } };
    struct dt_rng r = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    char buf[32];
    double back;

    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        ck_assert_str_eq(dt_print_real(row[i].v, buf, sizeof buf), row[i].text);
    for (int i = 0; i < 1000; i++) {
        double v = dt_rng_normal(&r) * dt_rng_uniform(&r) * 1e9;

        ck_assert(dt_parse_real(dt_print_real(v, buf, sizeof buf), &back) && back == v);
    }
    ck_assert(dt_parse_real(dt_print_real(DBL_MAX, buf, sizeof buf), &back) && back == DBL_MAX);
    ck_assert(dt_parse_real(dt_print_real(DBL_MIN, buf, sizeof buf), &back) && back == DBL_MIN);
}
END_TEST

/* A locale with a decimal comma, where the machine has one. Either way the numbers stay the same. */
START_TEST(the_locale_does_not_matter)
{
    char buf[32];
    double v;

    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "");
    ck_assert(dt_parse_real("1.5", &v) && v == 1.5);
    ck_assert(!dt_parse_real("1,5", &v));
    ck_assert_str_eq(dt_print_real(1.5, buf, sizeof buf), "1.5");
    setlocale(LC_ALL, "C");
}
END_TEST

Suite *suite_number(void)
{
    Suite *s = suite_create("number");
    TCase *t = tcase_create("number");

    tcase_add_test(t, integers);
    tcase_add_test(t, reals);
    tcase_add_test(t, printing_is_short_and_exact);
    tcase_add_test(t, the_locale_does_not_matter);
    suite_add_tcase(s, t);
    return s;
}
