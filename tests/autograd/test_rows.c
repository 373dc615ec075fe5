/* The row kernels: every instruction set this processor runs against the plain one. */
#include "check_each.h"
#include "suites.h"

#include "autograd/kernels/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <support.h>

static const int channels[] = { 1, 3, 8, 12, 16, 17, 24, 32, 47, 64, 65 };
static const int row_counts[] = { 0, 1, 2, 3, 4, 5, 63, 130 };
enum {
    N_CHANNELS = sizeof channels / sizeof channels[0],
    N_ROWS = sizeof row_counts / sizeof row_counts[0],
    MAX_C = 65
};
enum { MAX_N = 130 * 65, GUARD = 64 };

static const double ulp = sizeof(dt_real) == 8 ? 2.3e-16 : 1.2e-7;

/* One set of operands; what lies behind an output must stay as it is. */
struct operands {
    dt_real x[MAX_N], y[MAX_N], dy[MAX_N];
    dt_real shift[MAX_C], a[MAX_C], big[MAX_C], p[MAX_C], q[MAX_C], zero[MAX_C], one[MAX_C];
};
static struct operands in;
static uint16_t bits[MAX_N + 1];
struct result {
    dt_real v[MAX_N + GUARD], w[MAX_C + GUARD];
};
static struct result plain, fast;

static void draw(dt_real *v, int64_t n, uint32_t index)
{
    struct dt_rng rng = dt_rng_at(2, DT_STREAM_TEST, 0, index);

    for (int64_t i = 0; i < n; i++)
        v[i] = (dt_real)(2 * dt_rng_uniform(&rng) - 1);
}

static void draw_all(void)
{
    draw(in.x, MAX_N, 0);
    draw(in.y, MAX_N, 1);
    draw(in.dy, MAX_N, 2);
    draw(in.shift, MAX_C, 3);
    draw(in.a, MAX_C, 4);
    for (int i = 0; i < MAX_N; i++)
        in.y[i] *= 12;
    for (int i = 0; i < MAX_C; i++)
        in.big[i] = 12 * in.a[i], in.one[i] = 1;
    draw(in.p, MAX_C, 5);
    draw(in.q, MAX_C, 6);
}

/* Both results begin with the same numbers, as kernels may add to them. */
static void draw_results(void)
{
    draw(plain.v, MAX_N + GUARD, 7);
    draw(plain.w, MAX_C + GUARD, 8);
    fast = plain;
}

/* All numbers and sums stay below `size`; what no kernel writes is compared bit for bit by size 0. */
static void check_near(const char *isa, const char *what, int c, int64_t rows, double size)
{
    for (int i = 0; i < MAX_N + GUARD; i++)
        CHECK_EACH(fabs((double)fast.v[i] - (double)plain.v[i]) <= 4 * ulp * (i < rows * c ? size : 0),
                   "%s %s, c %d, rows %d, at %d: %.9g, plain %.9g", isa, what, c, (int)rows, i, (double)fast.v[i],
                   (double)plain.v[i]);
    for (int i = 0; i < MAX_C + GUARD; i++)
        CHECK_EACH(fabs((double)fast.w[i] - (double)plain.w[i]) <= 4 * ulp * (i < c ? size : 0),
                   "%s %s, c %d, rows %d, sum %d: %.9g, plain %.9g", isa, what, c, (int)rows, i, (double)fast.w[i],
                   (double)plain.w[i]);
}

/* Calls the kernel's function with r being its own result, then the plain one's, and compares. */
#define COMPARE(what, size, call)                                                                                      \
    do {                                                                                                               \
        const struct dt_rows_kernel *k = one;                                                                          \
        struct result *r = &fast;                                                                                      \
        draw_results();                                                                                                \
        call;                                                                                                          \
        k = ref;                                                                                                       \
        r = &plain;                                                                                                    \
        call;                                                                                                          \
        check_near(one->isa, what, c, n, size);                                                                        \
    } while (0)

static bool passes(int64_t i, enum dt_act act)
{
    return act == DT_LINEAR || (in.y[i] > 0 && (act == DT_RELU || in.y[i] < 6));
}

/* The slopes of y, into bits[]: scale() by 1 leaves them, alike in both kernels. */
static void check_bits(const struct dt_rows_kernel *one, const struct dt_rows_kernel *ref, int c, int64_t n,
                       enum dt_act act)
{
    static uint16_t want[MAX_N];
    int64_t words = dt_slope_words(c);

    memset(bits, 0xff, sizeof bits);
    memset(want, 0, sizeof want);
    for (int64_t i = 0; i < n * c; i++)
        want[i / c * words + i % c / 16] |= (uint16_t)(passes(i, act) << i % c % 16);
    for (int k = 0; k < 2; k++) {
        (k ? ref : one)->scale(in.y, NULL, n, c, in.one, in.zero, act, plain.v, bits);
        for (int64_t i = 0; i < n * words && act; i++)
            CHECK_EACH(bits[i] == want[i], "%s: c %d, rows %d, word %d: %x, not %x", (k ? ref : one)->isa, c, (int)n,
                       (int)i, bits[i], want[i]);
        ck_assert_uint_eq(bits[n * words], 0xffff);
    }
}

static void check_kernel(const struct dt_rows_kernel *one, const struct dt_rows_kernel *ref, int c, int64_t n)
{
    double sums = 4 * ((double)n + 1); /* |x - shift| <= 2 */

    COMPARE("stats", sums, k->stats(in.x, n, c, c, in.shift, r->v, r->w));
    for (int i = DT_LINEAR; i <= DT_RELU6; i++) {
        enum dt_act act = (enum dt_act)i;
        const dt_real *y = act ? in.y : NULL;
        const struct dt_slope slope = { act, y, NULL }, by_bits = { act, NULL, act ? bits : NULL };

        COMPARE("scale", 14, k->scale(in.x, NULL, n, c, in.big, in.q, act, r->v, NULL));
        COMPARE("scale and add", 16, k->scale(in.x, in.dy, n, c, in.big, in.q, act, r->v, NULL));
        COMPARE("grad_stats", sums, k->grad_stats(in.x, in.dy, &slope, NULL, n, c, c, in.shift, r->v, r->w));
        check_bits(one, ref, c, n, act);
        COMPARE("grad_stats by bits", sums,
                k->grad_stats(in.x, in.dy, k == ref ? &slope : &by_bits, NULL, n, c, c, in.shift, r->v, r->w));
        COMPARE("add_relu", 2, k->add_relu(in.x, in.dy, n * c, act == DT_RELU, r->v));
        for (int add = 0; add < 2; add++) {
            COMPARE("act_grad", 2, k->act_grad(in.dy, y, n * c, act, add, r->v));
            COMPARE("grad_input", 4,
                    k->grad_input(in.x, in.dy, &slope, n, c, c, in.shift, in.a, in.p, in.q, add, r->v));
        }
    }
}

START_TEST(instruction_sets_agree)
{
    const struct dt_rows_kernel *all[4];
    int n = dt_rows_kernels(DT_REAL_DTYPE, all);

    ck_assert_int_ge(n, 1);
    ck_assert_str_eq(all[n - 1]->isa, "plain");
    ck_assert_ptr_eq(dt_rows_kernel(DT_REAL_DTYPE), all[0]);
    draw_all();
    for (int i = 0; i + 1 < n; i++)
        for (int j = 0; j < N_ROWS; j++)
            check_kernel(all[i], all[n - 1], channels[_i], row_counts[j]);
}
END_TEST

static void check_close(double got, double want, double tol)
{
    CHECK_EACH(fabs(got - want) <= tol, "%.9g instead of %.9g", got, want);
}

static double acted(double v, enum dt_act act)
{
    return act == DT_LINEAR ? v : fmin(fmax(0, v), act == DT_RELU6 ? 6 : INFINITY);
}

/* The gradient that passes the activation behind element i. */
static double passed(int i, enum dt_act act)
{
    return passes(i, act) ? (double)in.dy[i] : 0;
}

/* The plain kernel against sums written out here. */
START_TEST(plain_is_right)
{
    enum dt_act act = (enum dt_act)(_i / N_CHANNELS);
    const struct dt_rows_kernel *all[4];
    const struct dt_rows_kernel *k = all[dt_rows_kernels(DT_REAL_DTYPE, all) - 1];
    int c = channels[_i % N_CHANNELS], n = 63;
    double tol = 1e3 * ulp;
    const struct dt_slope slope = { act, act ? in.y : NULL, NULL };

    draw_all();
    memset(&fast, 0, sizeof fast);
    memset(&plain, 0, sizeof plain);
    k->stats(in.x, n, c, c, in.shift, fast.v, fast.w);
    k->grad_stats(in.x, in.dy, &slope, NULL, n, c, c, in.shift, plain.v, plain.w);
    for (int j = 0; j < c; j++) {
        double sum = 0, sq = 0, dot = 0, g = 0;

        for (int i = j; i < n * c; i += c) {
            double d = (double)in.x[i] - (double)in.shift[j], dy = passed(i, act);

            sum += d;
            sq += d * d;
            dot += dy * d;
            g += dy;
        }
        check_close((double)fast.v[j], sum, tol);
        check_close((double)fast.w[j], sq, tol);
        check_close((double)plain.v[j], dot, tol);
        check_close((double)plain.w[j], g, tol);
    }
    k->scale(in.x, NULL, n, c, in.big, in.q, act, fast.v, NULL);
    memcpy(plain.v, in.x, sizeof in.x);
    k->grad_input(in.x, in.dy, &slope, n, c, c, in.shift, in.a, in.p, in.q, true, plain.v);
    for (int i = 0; i < n * c; i++) {
        double x = (double)in.x[i], dy = passed(i, act);
        int j = i % c;

        check_close((double)fast.v[i], acted((double)in.big[j] * x + (double)in.q[j], act), tol);
        check_close((double)plain.v[i],
                    x + (double)in.a[j] * dy + (double)in.p[j] * (x - (double)in.shift[j]) + (double)in.q[j], tol);
    }
}
END_TEST

Suite *rows_suite(void)
{
    Suite *s = suite_create("rows");
    TCase *tc = tcase_create("kernels");

    tcase_add_loop_test(tc, instruction_sets_agree, 0, N_CHANNELS);
    tcase_add_loop_test(tc, plain_is_right, 0, 3 * N_CHANNELS);
    suite_add_tcase(s, tc);
    return s;
}
