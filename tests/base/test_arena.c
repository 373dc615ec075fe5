#include "suites.h"

#include <string.h>

/* A step that mixes small requests, some larger than a chunk, and one on huge pages. */
static void step(struct dt_arena *a, void *p[64])
{
    for (int i = 0; i < 64; i++) {
        size_t bytes = i == 40 ? (size_t)3 << 20 : i % 5 == 4 ? 9000 : 100 + 37 * (size_t)i;

        p[i] = dt_arena_alloc(a, bytes);
        ck_assert_ptr_nonnull(p[i]);
        ck_assert_uint_eq((uintptr_t)p[i] % 64, 0);
        memset(p[i], i, bytes);
    }
}

START_TEST(the_same_sequence_gets_the_same_addresses)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *a = dt_arena_new(4096, &err);
    void *first[64], *again[64];
    struct dt_alloc_stats warm;

    step(a, first);
    warm = dt_alloc_stats();
    for (int round = 0; round < 3; round++) {
        dt_arena_reset(a);
        step(a, again);
        ck_assert_mem_eq(first, again, sizeof first);
        dt_arena_reset(a);
        ck_assert_ptr_nonnull(dt_arena_alloc(a, 3000)); /* another sequence in between changes nothing */
    }
    ck_assert_int_eq(dt_alloc_stats().calls, warm.calls);
    dt_arena_free(a);
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *a = dt_arena_new(1000, &err);
    unsigned char *p[200];

    for (int i = 0; i < 200; i++) {
        p[i] = dt_arena_alloc(a, 1 + (size_t)i * 7);
        memset(p[i], i, 1 + (size_t)i * 7);
    }
    for (int i = 0; i < 200; i++)
        for (int j = 0; j < 1 + i * 7; j++)
            ck_assert_int_eq(p[i][j], i);
    dt_arena_free(a);
}
END_TEST

START_TEST(use_and_peak_are_counted)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *a = dt_arena_new(0, &err);

    ck_assert_uint_eq(dt_arena_used(a), 0);
    dt_arena_alloc(a, 1);
    dt_arena_alloc(a, 65);
    ck_assert_uint_eq(dt_arena_used(a), 192);
    dt_arena_reset(a);
    ck_assert_uint_eq(dt_arena_used(a), 0);
    dt_arena_alloc(a, 64);
    ck_assert_uint_eq(dt_arena_used(a), 64);
    ck_assert_uint_eq(dt_arena_peak(a), 192);
    dt_arena_free(a);
}
END_TEST

START_TEST(calloc_clears_reused_memory)
{
    static const char zero[500];
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *a = dt_arena_new(0, &err);

    memset(dt_arena_alloc(a, 500), 0xff, 500);
    dt_arena_reset(a);
    ck_assert_mem_eq(dt_arena_calloc(a, 50, 10), zero, 500);
    ck_assert_ptr_null(dt_arena_calloc(a, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(dt_arena_alloc(a, SIZE_MAX));
    dt_arena_free(a);
}
END_TEST

START_TEST(printf_fits_any_length)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *a = dt_arena_new(0, &err);
    char *s = dt_arena_printf(a, "%s/%d", "block", 7), *wide = dt_arena_printf(a, "%5000d", 7);

    ck_assert_str_eq(s, "block/7");
    ck_assert_uint_eq(strlen(wide), 5000);
    dt_arena_free(a);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    int64_t live = dt_alloc_stats().live;

    for (int k = 0; k < 4; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_arena *a;
        bool done;

        dt_alloc_fail_at(k);
        a = dt_arena_new(1000, &err);
        ck_assert_int_eq(a ? DT_OK : DT_ENOMEM, err.code);
        done = a && dt_arena_alloc(a, 10) && dt_arena_alloc(a, 5000);
        dt_alloc_fail_at(-1);
        ck_assert_int_eq(done, k == 3);
        if (a)
            ck_assert_ptr_nonnull(dt_arena_alloc(a, 10)); /* usable after a failure */
        dt_arena_free(a);
    }
    dt_arena_free(NULL);
    ck_assert_int_eq(dt_alloc_stats().live, live);
}
END_TEST

Suite *suite_arena(void)
{
    Suite *s = suite_create("arena");
    TCase *t = tcase_create("arena");

    tcase_add_test(t, the_same_sequence_gets_the_same_addresses);
    tcase_add_test(t, blocks_do_not_overlap);
    tcase_add_test(t, use_and_peak_are_counted);
    tcase_add_test(t, calloc_clears_reused_memory);
    tcase_add_test(t, printf_fits_any_length);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}
