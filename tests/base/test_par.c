#include "suites.h"

#include <omp.h>
#include <string.h>

enum { MOST = 1000 };

struct seen {
    int64_t begin[MOST], end[MOST];
    int calls[MOST], team;
    double sum[MOST];
};

static void note(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct seen *s = ctx;

    s->begin[chunk] = begin;
    s->end[chunk] = end;
    s->calls[chunk]++;
    if (chunk == 0)
        s->team = omp_get_num_threads();
    for (int64_t i = begin; i < end; i++)
        s->sum[chunk] += 1.0 / (double)(i + 1);
}

START_TEST(chunks_depend_on_size_and_grain_only)
{
    static const int64_t size[][2] = { { 1, 1 }, { 10, 3 }, { 9, 3 }, { 1000, 1 }, { 999, 1000 }, { 1001, 1000 } };
    static struct seen one, two;

    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        int64_t n = size[k][0], grain = size[k][1], chunks = dt_par_chunks(n, grain);

        memset(&one, 0, sizeof one);
        memset(&two, 0, sizeof two);
        dt_par_set_threads(1);
        dt_par_for(n, grain, note, &one);
        dt_par_set_threads(2);
        dt_par_for(n, grain, note, &two);
        ck_assert_int_eq(one.team, 1);
        ck_assert_int_eq(two.team, chunks > 1 ? 2 : 1);
        one.team = two.team;
        ck_assert_mem_eq(&one, &two, sizeof one); /* the partial sums, too, bit for bit */
        for (int64_t i = 0; i < MOST; i++)
            ck_assert_int_eq(one.calls[i], i < chunks);
        for (int64_t i = 0; i < chunks; i++) {
            ck_assert_int_eq(one.begin[i], i * grain);
            ck_assert_int_eq(one.end[i], i + 1 < chunks ? (i + 1) * grain : n);
        }
    }
}
END_TEST

START_TEST(nothing_to_do_calls_nothing)
{
    static struct seen s;

    dt_par_for(0, 5, note, &s);
    ck_assert_int_eq(s.calls[0], 0);
    ck_assert_int_eq(dt_par_chunks(0, 5), 0);
    ck_assert_int_eq(dt_par_chunks(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(dt_par_chunks(INT64_MAX, INT64_MAX), 1);
}
END_TEST

static void nested(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct seen *s = ctx;

    (void)end;
    (void)chunk;
    dt_par_for(10, 1, note, &s[begin]);
}

START_TEST(a_loop_within_a_loop_runs_serially)
{
    static struct seen s[4];

    dt_par_set_threads(2);
    dt_par_for(4, 1, nested, s);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 10; j++)
            ck_assert_int_eq(s[i].calls[j], 1);
}
END_TEST

START_TEST(zero_threads_means_all_allowed)
{
    dt_par_set_threads(3);
    ck_assert_int_eq(dt_par_threads(), 3);
    ck_assert_int_eq(omp_get_max_threads(), 3); /* what oneDNN goes by */
    dt_par_set_threads(0);
    ck_assert_int_eq(dt_par_threads(), omp_get_num_procs());
}
END_TEST

Suite *suite_par(void)
{
    Suite *s = suite_create("par");
    TCase *t = tcase_create("par");

    tcase_add_test(t, chunks_depend_on_size_and_grain_only);
    tcase_add_test(t, nothing_to_do_calls_nothing);
    tcase_add_test(t, a_loop_within_a_loop_runs_serially);
    tcase_add_test(t, zero_threads_means_all_allowed);
    suite_add_tcase(s, t);
    return s;
}
