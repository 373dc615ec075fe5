#include "suites.h"

#include <string.h>

static bool aligned(const void *p)
{
    return (uintptr_t)p % 64 == 0;
}

START_TEST(blocks_are_aligned_and_counted)
{
    struct dt_alloc_stats before = dt_alloc_stats(), during;
    void *a = dt_malloc(1), *b = dt_malloc(0), *c = dt_calloc(3, 1000);

    ck_assert(a && b && c && aligned(a) && aligned(b) && aligned(c));
    during = dt_alloc_stats();
    ck_assert_int_eq(during.live, before.live + 3);
    ck_assert_int_eq(during.calls, before.calls + 3);
    dt_free(a);
    dt_free(b);
    dt_free(c);
    dt_free(NULL);
    ck_assert_int_eq(dt_alloc_stats().live, before.live);
}
END_TEST

START_TEST(calloc_clears_and_checks_the_product)
{
    static const char zero[3000];
    char *p = dt_malloc(3000);

    memset(p, 0xff, 3000);
    dt_free(p);
    p = dt_calloc(3, 1000);
    ck_assert_mem_eq(p, zero, 3000);
    dt_free(p);
    ck_assert_ptr_null(dt_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(dt_malloc(SIZE_MAX));
    ck_assert_ptr_null(dt_malloc(SIZE_MAX - 64));
}
END_TEST

START_TEST(realloc_keeps_contents_and_alignment)
{
    int64_t live = dt_alloc_stats().live;
    char *p = dt_realloc(NULL, 5);

    memcpy(p, "four", 5);
    p = dt_realloc(p, 100000);
    ck_assert(aligned(p));
    ck_assert_str_eq(p, "four");
    p = dt_realloc(p, 3);
    ck_assert(aligned(p));
    ck_assert_mem_eq(p, "fou", 3);
    ck_assert_int_eq(dt_alloc_stats().live, live + 1);
    dt_alloc_fail_at(0);
    ck_assert_ptr_null(dt_realloc(p, 1000));
    dt_alloc_fail_at(-1);
    ck_assert_mem_eq(p, "fou", 3); /* still ours */
    dt_free(p);
}
END_TEST

START_TEST(strdup_copies)
{
    char *s = dt_strdup("text");

    ck_assert_str_eq(s, "text");
    dt_free(s);
}
END_TEST

START_TEST(failure_starts_where_asked_and_lasts)
{
    void *a, *b;

    dt_alloc_fail_at(2);
    a = dt_malloc(8);
    b = dt_calloc(1, 8);
    ck_assert(a && b);
    ck_assert_ptr_null(dt_malloc(8));
    ck_assert_ptr_null(dt_calloc(1, 8));
    ck_assert_ptr_null(dt_strdup("x"));
    dt_alloc_fail_at(-1);
    dt_free(a);
    dt_free(b);
    a = dt_malloc(8);
    ck_assert_ptr_nonnull(a);
    dt_free(a);
}
END_TEST

START_TEST(products_overflow_visibly)
{
    size_t out = 7;

    ck_assert(dt_mul_size(0, SIZE_MAX, &out) && out == 0);
    ck_assert(dt_mul_size(SIZE_MAX, 1, &out) && out == SIZE_MAX);
    ck_assert(dt_mul_size((size_t)1 << 31, (size_t)1 << 32, &out) && out == (size_t)1 << 63);
    ck_assert(!dt_mul_size((size_t)1 << 32, (size_t)1 << 32, &out));
    ck_assert(!dt_mul_size(SIZE_MAX / 3 + 1, 3, &out));
}
END_TEST

Suite *suite_alloc(void)
{
    Suite *s = suite_create("alloc");
    TCase *t = tcase_create("alloc");

    tcase_add_test(t, blocks_are_aligned_and_counted);
    tcase_add_test(t, calloc_clears_and_checks_the_product);
    tcase_add_test(t, realloc_keeps_contents_and_alignment);
    tcase_add_test(t, strdup_copies);
    tcase_add_test(t, failure_starts_where_asked_and_lasts);
    tcase_add_test(t, products_overflow_visibly);
    suite_add_tcase(s, t);
    return s;
}
