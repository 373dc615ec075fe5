#define _GNU_SOURCE /* cpu_set_t */
#include "suites.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

enum { TEAM = 2 };

static cpu_set_t seen[TEAM];

static void look(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    (void)ctx;
    (void)begin;
    (void)end;
    sched_getaffinity(0, sizeof seen[chunk], &seen[chunk]);
}

static void *of_another(void *count)
{
    cpu_set_t set;

    dt_par_unpin_self();
    sched_getaffinity(0, sizeof set, &set);
    *(int *)count = CPU_COUNT(&set);
    return NULL;
}

START_TEST(each_thread_has_a_processor_until_it_is_let_go)
{
    int all = dt_par_processors(), count = 0;
    pthread_t other;

    dt_par_set_threads(TEAM);
    ck_assert(dt_par_pin(true));
    for (int round = 0; round < 3; round++) {
        dt_par_for(1, 1, look, NULL); /* a smaller team in between takes no thread away */
        dt_par_for(TEAM, 1, look, NULL);
        for (int i = 0; i < TEAM; i++)
            ck_assert_int_eq(CPU_COUNT(&seen[i]), 1);
        ck_assert_int_eq(CPU_EQUAL(&seen[0], &seen[1]) != 0, all == 1);
    }
    ck_assert_int_eq(pthread_create(&other, NULL, of_another, &count), 0);
    pthread_join(other, NULL);
    ck_assert_int_eq(count, all);
    ck_assert(dt_par_pin(false));
    dt_par_for(TEAM, 1, look, NULL);
    for (int i = 0; i < TEAM; i++)
        ck_assert_int_eq(CPU_COUNT(&seen[i]), all);
    dt_par_set_threads(0);
    ck_assert_int_eq(dt_par_threads(), all);
}
END_TEST

Suite *suite_pin(void)
{
    Suite *s = suite_create("pin");
    TCase *t = tcase_create("pin");

    tcase_add_test(t, each_thread_has_a_processor_until_it_is_let_go);
    suite_add_tcase(s, t);
    return s;
}
