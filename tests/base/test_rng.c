#include "suites.h"

#include <math.h>
#include <stdlib.h>

/* The known-answer vectors that Random123 is distributed with. */
START_TEST(philox_gives_the_published_numbers)
{
    static const uint32_t kat[3][10] = {
        { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
          0x6d5451fd },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
          0x24126ea1 },
    };
    uint32_t out[4];

    for (int i = 0; i < 3; i++) {
        dt_philox4x32(kat[i], kat[i] + 4, out);
        ck_assert_mem_eq(out, kat[i] + 6, sizeof out);
    }
}
END_TEST

START_TEST(draws_walk_the_counter)
{
    struct dt_rng r = dt_rng_at(0x0123456789abcdef, 4, 3, 2), resumed;
    const uint32_t key[2] = { 0x89abcdef, 0x01234567 };
    uint32_t out[4];

    for (uint32_t i = 0; i < 12; i++) {
        const uint32_t counter[4] = { i / 4, 2, 3, 4 };

        dt_philox4x32(counter, key, out);
        resumed = dt_rng_at(0x0123456789abcdef, 4, 3, 2);
        resumed.draw = i;
        ck_assert_uint_eq(r.draw, i);
        ck_assert_uint_eq(dt_rng_u32(&resumed), out[i % 4]);
        ck_assert_uint_eq(dt_rng_u32(&r), out[i % 4]);
    }
}
END_TEST

START_TEST(uniform_is_uniform)
{
    struct dt_rng r = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    double sum = 0, squares = 0;
    int n = 100000;

    for (int i = 0; i < n; i++) {
        double v = dt_rng_uniform(&r);

        ck_assert(v >= 0 && v < 1);
        sum += v;
        squares += v * v;
    }
    ck_assert_double_eq_tol(sum / n, 0.5, 4 * sqrt(1.0 / 12 / n));
    ck_assert_double_eq_tol(squares / n, 1.0 / 3, 4 * sqrt(4.0 / 45 / n));
}
END_TEST

START_TEST(normal_has_its_moments)
{
    struct dt_rng r = dt_rng_at(2, DT_STREAM_TEST, 0, 0);
    double sum[5] = { 0 };
    int n = 100000;

    for (int i = 0; i < n; i++) {
        double v = dt_rng_normal(&r);

        for (int k = 1; k <= 4; k++)
            sum[k] += pow(v, k);
    }
    ck_assert_uint_eq(r.draw, 2 * (uint32_t)n);
    ck_assert_double_eq_tol(sum[1] / n, 0, 4 * sqrt(1.0 / n));
    ck_assert_double_eq_tol(sum[2] / n, 1, 4 * sqrt(2.0 / n));
    ck_assert_double_eq_tol(sum[3] / n, 0, 4 * sqrt(15.0 / n));
    ck_assert_double_eq_tol(sum[4] / n, 3, 4 * sqrt(96.0 / n));
}
END_TEST

/* For n = 3 * 2^30 a plain remainder would give the lowest third twice the weight. */
START_TEST(below_is_unbiased)
{
    struct dt_rng r = dt_rng_at(3, DT_STREAM_TEST, 0, 0);
    uint32_t n = 3u << 30;
    int low = 0, count[7] = { 0 };

    for (int i = 0; i < 30000; i++) {
        uint32_t v = dt_rng_below(&r, n);

        ck_assert(v < n);
        low += v < n / 3;
    }
    ck_assert_int_le(abs(low - 10000), 330); /* 4 deviations */
    for (int i = 0; i < 70000; i++)
        count[dt_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert_int_le(abs(count[i] - 10000), 380);
    ck_assert_uint_eq(dt_rng_below(&r, 1), 0);
}
END_TEST

START_TEST(shuffle_reaches_every_order_equally)
{
    int count[27] = { 0 }, found = 0;

    for (uint32_t i = 0; i < 6000; i++) {
        struct dt_rng r = dt_rng_at(4, DT_STREAM_TEST, 0, i);
        int v[3] = { 0, 1, 2 };

        dt_rng_shuffle(&r, v, 3);
        ck_assert_int_eq(1 << v[0] | 1 << v[1] | 1 << v[2], 7);
        count[9 * v[0] + 3 * v[1] + v[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        found += count[i] > 0;
        ck_assert(count[i] == 0 || abs(count[i] - 1000) < 120);
    }
    ck_assert_int_eq(found, 6);
}
END_TEST

Suite *suite_rng(void)
{
    Suite *s = suite_create("rng");
    TCase *t = tcase_create("rng");

    tcase_add_test(t, philox_gives_the_published_numbers);
    tcase_add_test(t, draws_walk_the_counter);
    tcase_add_test(t, uniform_is_uniform);
    tcase_add_test(t, normal_has_its_moments);
    tcase_add_test(t, below_is_unbiased);
    tcase_add_test(t, shuffle_reaches_every_order_equally);
    suite_add_tcase(s, t);
    return s;
}
