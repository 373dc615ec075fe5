/* The solver, the families, temperatures and the bound, each against a solution known from elsewhere. */
#include <math.h>

#include "gating/blend.h"
#include "gating/bound.h"
#include "gating/family.h"
#include "gating/lbfgs.h"
#include "suites.h"

/* ---- solver ---- */

/* Rosenbrock's valley in n dimensions: minimum 0 at (1, ..., 1). */
struct valley {
    int n, calls;
};

static double rosenbrock(void *ctx, const double *x, double *g)
{
    struct valley *v = ctx;
    double sum = 0;

    v->calls++;
    for (int i = 0; i < v->n; i++)
        g[i] = 0;
    for (int i = 0; i + 1 < v->n; i++) {
        double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];

        sum += a * a + 100 * b * b;
        g[i] += -2 * a - 400 * b * x[i];
        g[i + 1] += 200 * b;
    }
    return sum;
}

START_TEST(solver_finds_the_floor_of_the_valley)
{
    struct dt_err err = { .code = DT_OK };
    struct valley v = { .n = 10 };
    double x[10], value;

    for (int i = 0; i < v.n; i++)
        x[i] = i % 2 ? 1 : -1.2;
    ck_assert_int_eq(dt_lbfgs(v.n, rosenbrock, &v, NULL, x, &value, &err), DT_OK);
    for (int i = 0; i < v.n; i++)
        ck_assert_double_eq_tol(x[i], 1, 1e-6);
    ck_assert_double_lt(value, 1e-12);
    ck_assert_int_lt(v.calls, 200); /* steepest descent needs tens of thousands */
}
END_TEST

static double nowhere(void *ctx, const double *x, double *g)
{
    (void)ctx;
    (void)x;
    g[0] = 0;
    return NAN;
}

START_TEST(solver_refuses_what_is_not_finite)
{
    struct dt_err err = { .code = DT_OK }, memory = { .code = DT_OK };
    struct valley v = { .n = 2 };
    double x[2] = { 3, 4 };

    ck_assert_int_eq(dt_lbfgs(1, nowhere, NULL, NULL, x, NULL, &err), DT_ENUMERIC);
    ck_assert_double_eq(x[0], 3);
    dt_alloc_fail_at(0);
    ck_assert_int_eq(dt_lbfgs(2, rosenbrock, &v, NULL, x, NULL, &memory), DT_ENOMEM);
    dt_alloc_fail_at(-1);
}
END_TEST

/* ---- families ---- */

enum { N = 8, K = 2 };
static const double x8[N][K] = { { 0.5, -1.0 },   { 1.5, 0.25 },  { -0.75, 0.5 }, { 2.0, -0.5 },
                                 { -1.25, -1.5 }, { 0.25, 1.75 }, { -2.0, 1.0 },  { 1.0, 1.0 } };
static const double gain8[N] = { 1.0, 0.5, -2.0, 1.5, -0.25, -1.0, 0.75, -0.5 };
static const int row8[N] = { 0, 1, 2, 3, 4, 5, 6, 7 };

/* The same problem by Newton's method in numpy, to a gradient of 1e-17. */
START_TEST(linear_family_solves_the_weighted_logistic_problem)
{
    static const double want[3] = { 0.23160469902302563, 0.4394326085778754, -1.158878189141257 };
    struct dt_examples e = { N, K, row8, &x8[0][0], gain8 };
    struct dt_family_cfg cfg = { .l2 = 1e-2 };
    struct dt_err err = { .code = DT_OK };
    double p[3];

    ck_assert_int_eq(dt_family_linear.n_params(K, &cfg), 3);
    ck_assert_int_eq(dt_family_linear.fit(&e, &cfg, p, &err), DT_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(p[i], want[i], 1e-5);
    ck_assert_double_eq_tol(dt_family_linear.score(p, x8[3], K, &cfg), p[0] + 2 * p[1] - 0.5 * p[2], 1e-12);
}
END_TEST

/* Twice the gain is the sample twice; no gain is no sample; a feature that does not vary has no weight. */
START_TEST(weights_count_samples)
{
    static const double twice[3] = { 2, -1, 0 }, gain[4] = { 1, 1, -1, 0 };
    static const double x[4][K] = { { 1, 5 }, { 1, 5 }, { -1, 5 }, { 9, 5 } };
    static const double x3[3][K] = { { 1, 5 }, { -1, 5 }, { 9, 5 } };
    struct dt_family_cfg cfg = { .l2 = 1e-2 };
    struct dt_err err = { .code = DT_OK };
    double a[3], b[3], at_one[2];
    int rows[4] = { 0, 1, 2, 2 };

    ck_assert_int_eq(dt_family_linear.fit(&(struct dt_examples){ 3, K, rows, &x[0][0], gain }, &cfg, a, &err), DT_OK);
    ck_assert_int_eq(dt_family_linear.fit(&(struct dt_examples){ 2, K, rows, &x3[0][0], twice }, &cfg, b, &err), DT_OK);
    ck_assert_double_eq(a[2], 0);
    at_one[0] = dt_family_linear.score(a, x[0], K, &cfg);
    at_one[1] = dt_family_linear.score(b, x3[0], K, &cfg);
    ck_assert_double_gt(at_one[0], 0);
    /* standardised by the rows, not by the weights: the scale differs, the sides do not */
    ck_assert_double_gt(at_one[1], 0);
    ck_assert_double_lt(dt_family_linear.score(b, x3[1], K, &cfg), 0);
}
END_TEST

/* Exclusive or: no line separates it, a small network does. */
START_TEST(mlp_family_bends)
{
    static const double x[4][K] = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }, gain[4] = { 1, -1, -1, 1 };
    struct dt_examples e = { 4, K, row8, &x[0][0], gain };
    struct dt_family_cfg cfg = { .hidden = 6, .l2 = 1e-5, .seed = 1 };
    struct dt_err err = { .code = DT_OK };
    double p[1 + 6 * 4];
    int right[2] = { 0, 0 };

    ck_assert_int_eq(dt_family_mlp.n_params(K, &cfg), 1 + 6 * 4);
    ck_assert_int_eq(dt_family_mlp.fit(&e, &cfg, p, &err), DT_OK);
    for (int i = 0; i < 4; i++)
        right[0] += (dt_family_mlp.score(p, x[i], K, &cfg) > 0) == (gain[i] > 0);
    ck_assert_int_eq(dt_family_linear.fit(&e, &cfg, p, &err), DT_OK);
    for (int i = 0; i < 4; i++)
        right[1] += (dt_family_linear.score(p, x[i], K, &cfg) > 0) == (gain[i] > 0);
    ck_assert_int_eq(right[0], 4);
    ck_assert_int_lt(right[1], 4);
}
END_TEST

/* ---- temperature and blend ---- */

enum { SAMPLES = 4000, CLASSES = 3 };

/* Labels drawn from softmax(z / 2.5): the temperature is found again, and a head of noise is ignored. */
START_TEST(temperature_is_found_again)
{
    static dt_real z[SAMPLES * CLASSES], noise[SAMPLES * CLASSES];
    static int label[SAMPLES];
    const dt_real *heads[2] = { z, noise };
    struct dt_err err = { .code = DT_OK };
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 0, 0);
    double w[2];

    for (int i = 0; i < SAMPLES; i++) {
        double sum = 0, u;
        int k = 0;

        for (int c = 0; c < CLASSES; c++) {
            z[i * CLASSES + c] = (dt_real)(4 * dt_rng_normal(&rng));
            noise[i * CLASSES + c] = (dt_real)dt_rng_normal(&rng);
            sum += exp((double)z[i * CLASSES + c] / 2.5);
        }
        u = sum * dt_rng_uniform(&rng);
        for (; k + 1 < CLASSES && u >= exp((double)z[i * CLASSES + k] / 2.5); k++)
            u -= exp((double)z[i * CLASSES + k] / 2.5);
        label[i] = k;
    }
    ck_assert_int_eq(dt_blend_fit(SAMPLES, CLASSES, 1, heads, label, w, &err), DT_OK);
    ck_assert_double_eq_tol(1 / w[0], 2.5, 0.15);
    ck_assert_int_eq(dt_blend_fit(SAMPLES, CLASSES, 2, heads, label, w, &err), DT_OK);
    ck_assert_double_eq_tol(1 / w[0], 2.5, 0.15);
    ck_assert_double_eq_tol(w[1], 0, 0.06);
}
END_TEST

/* ---- bound ---- */

/* By whole-number arithmetic to 60 digits; k = 0 is 1 - 0.05^(1/n). */
START_TEST(clopper_pearson_is_exact)
{
    ck_assert_double_eq_tol(dt_clopper_pearson(0, 100, 0.95), 0.029513049607039935, 1e-12);
    ck_assert_double_eq_tol(dt_clopper_pearson(5, 20, 0.95), 0.4555824040017488, 1e-12);
    ck_assert_double_eq_tol(dt_clopper_pearson(16, 2500, 0.95), 0.009704329260284831, 1e-12);
    ck_assert_double_eq_tol(dt_clopper_pearson(3, 10, 0.99), 0.7028835276794626, 1e-12);
    ck_assert_double_eq_tol(dt_clopper_pearson(120, 1000, 0.9), 0.13423319773683873, 1e-12);
    ck_assert_double_eq(dt_clopper_pearson(7, 7, 0.95), 1);
    ck_assert_double_eq(dt_clopper_pearson(0, 0, 0.95), 1);
}
END_TEST

Suite *suite_fit(void)
{
    Suite *s = suite_create("fit");
    TCase *t = tcase_create("fit");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, solver_finds_the_floor_of_the_valley);
    tcase_add_test(t, solver_refuses_what_is_not_finite);
    tcase_add_test(t, linear_family_solves_the_weighted_logistic_problem);
    tcase_add_test(t, weights_count_samples);
    tcase_add_test(t, mlp_family_bends);
    tcase_add_test(t, temperature_is_found_again);
    tcase_add_test(t, clopper_pearson_is_exact);
    suite_add_tcase(s, t);
    return s;
}
