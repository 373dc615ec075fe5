/* Holding out. */
#include "data/split.h"
#include "suites.h"
#include "support.h"

#include <string.h>

static void make(int n, int held, uint64_t seed, uint32_t part, int *order)
{
    struct dt_err err = { 0 };

    ck_assert(dt_split_validation(n, held, seed, part, order, &err));
}

START_TEST(test_partition)
{
    static const int held[] = { 0, 1, 100, 500, 999, 1000 };
    int order[1000];

    for (int k = 0; k < 6; k++) {
        bool seen[1000] = { false };

        make(1000, held[k], 3, 0, order);
        for (int i = 0; i < 1000; i++) {
            ck_assert(order[i] >= 0 && order[i] < 1000 && !seen[order[i]]);
            seen[order[i]] = true;
            if (i > 0 && i != 1000 - held[k])
                ck_assert_int_gt(order[i], order[i - 1]);
        }
    }
}
END_TEST

START_TEST(test_pure)
{
    int a[1000], b[1000];

    make(1000, 100, 3, 0, a);
    make(1000, 100, 3, 0, b);
    ck_assert_mem_eq(a, b, sizeof(a));
    make(1000, 100, 4, 0, b);
    ck_assert_mem_ne(a + 900, b + 900, 100 * sizeof(int));
    make(1000, 100, 3, 1, b);
    ck_assert_mem_ne(a + 900, b + 900, 100 * sizeof(int));
}
END_TEST

/* Over many seeds every item is held out about as often as any other: 400 draws of a tenth, 40 +- 5 deviations. */
START_TEST(test_fair)
{
    int order[50], count[50] = { 0 };

    for (uint64_t seed = 0; seed < 400; seed++) {
        make(50, 5, seed, 0, order);
        for (int i = 45; i < 50; i++)
            count[order[i]]++;
    }
    for (int i = 0; i < 50; i++)
        ck_assert(count[i] > 10 && count[i] < 70);
}
END_TEST

Suite *suite_split(void)
{
    Suite *s = suite_create("split");
    TCase *t = tcase_create("split");

    tcase_add_test(t, test_partition);
    tcase_add_test(t, test_pure);
    tcase_add_test(t, test_fair);
    suite_add_tcase(s, t);
    return s;
}
