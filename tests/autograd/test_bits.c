/* Same bits, always: our own ops and the reference engine for any thread count, oneDNN from run to run. */
#include "case_run.h"
#include "suites.h"

#include <string.h>
#include <support.h>

/* Everything a run computes, in one array. */
struct snap {
    int64_t n;
    dt_real *v;
};

static struct snap snap(const struct case_run *r)
{
    struct snap s = { r->n, NULL };
    int64_t at = r->n;

    for (int i = 0; i < r->n_in; i++)
        s.n += r->in[i].n;
    s.v = dt_malloc((size_t)(s.n + 1) * sizeof *s.v);
    ck_assert_ptr_nonnull(s.v);
    memcpy(s.v, r->y, (size_t)r->n * sizeof *s.v);
    for (int i = 0; i < r->n_in; at += r->in[i++].n)
        memcpy(s.v + at, r->in[i].wanted ? r->in[i].g : r->in[i].x, (size_t)r->in[i].n * sizeof *s.v);
    return s;
}

/* Bit for bit, and frees b. */
static void check_same_bits(const struct op_case *c, struct snap a, struct snap b, const char *what)
{
    char name[96];

    ck_assert_int_eq(a.n, b.n);
    ck_assert_msg(memcmp(a.v, b.v, (size_t)a.n * sizeof *a.v) == 0, "%s: other bits %s", case_name(c, name), what);
    dt_free(b.v);
}

/* Same bits for any thread count: all ops and the reference engine. oneDNN promises it for the same count only. */
START_TEST(bits_do_not_depend_on_threads)
{
    const struct op_case *c = op_case_at(_i);
    struct dt_engine *e = engine_open("ref");
    struct case_run r;
    struct snap one;

    if (!c->expect) {
        case_open(&r, c, e);
        dt_par_set_threads(1);
        case_grad(&r, 0);
        one = snap(&r);
        dt_par_set_threads(2);
        case_grad(&r, 0);
        check_same_bits(c, one, snap(&r), "with two threads");
        dt_free(one.v);
        case_close(&r);
    }
    dt_engine_free(e);
}
END_TEST

static void check_repeats(const struct op_case *c, unsigned flags)
{
    struct snap first = { 0, NULL };

    for (int k = 0; k < 2 * n_engines; k++) {
        struct dt_engine *e = engine_open(engines[k / 2]);
        struct case_run r;

        case_open(&r, c, e);
        case_grad(&r, flags);
        if (k % 2 == 0)
            first = snap(&r);
        else
            check_same_bits(c, first, snap(&r), "with a new engine");
        case_grad(&r, flags);
        check_same_bits(c, first, snap(&r), "from run to run");
        if (k % 2)
            dt_free(first.v);
        case_close(&r);
        dt_engine_free(e);
    }
}

/* At the same thread count: again on the same engine, and from the start with a new one. */
START_TEST(bits_repeat)
{
    const struct op_case *c = op_case_at(_i);

    dt_par_set_threads(2);
    if (c->expect)
        return;
    check_repeats(c, 0);
#ifndef DT_F64 /* the twin knows dt_real only */
    if (c->op->half)
        check_repeats(c, RUN_HALF);
#endif
}
END_TEST

Suite *bits_suite(void)
{
    Suite *s = suite_create("bits");
    TCase *loop = tcase_create("cases");

    tcase_set_timeout(loop, 120);
    tcase_add_loop_test(loop, bits_do_not_depend_on_threads, 0, op_case_count());
    tcase_add_loop_test(loop, bits_repeat, 0, op_case_count());
    suite_add_tcase(s, loop);
    return s;
}
