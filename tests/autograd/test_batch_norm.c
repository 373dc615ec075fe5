/* What batch norm's modes mean to each other: which statistics they use, who changes the running ones, and that a
 * sample of weight 0 is to the statistics as if it were not there. */
#include "case_run.h"
#include "suites.h"

#include <math.h>
#include <string.h>
#include <support.h>

enum { N = 5, PIXELS = 6, C = 3, SAMPLE = PIXELS * C };

/* One call: operands and what came of them. */
struct norm_run {
    int n;
    dt_real x[N * SAMPLE], cot[N * SAMPLE], weight[N], gamma[C], beta[C], mean[C], var[C]; /* mean, var: after it */
    dt_real y[N * SAMPLE], dx[N * SAMPLE], dgamma[C], dbeta[C];
};

static void fill(struct norm_run *r, const double *weight)
{
    struct dt_rng rng = dt_rng_at(4, DT_STREAM_TEST, 0, 0);
    struct dt_shape x = dt_shape4(N, 2, 3, C), c = dt_shape1(C);

    *r = (struct norm_run){ .n = N };
    case_fill(SIGNED, &x, &rng, r->x);
    case_fill(ANY, &x, &rng, r->cot);
    case_fill(POSITIVE, &c, &rng, r->gamma);
    case_fill(SMALL, &c, &rng, r->beta);
    case_fill(RUNNING_MEAN, &c, &rng, r->mean);
    case_fill(RUNNING_VAR, &c, &rng, r->var);
    for (int i = 0; i < N; i++)
        r->weight[i] = (dt_real)(weight ? weight[i] : 1);
}

static struct dt_tensor *wanted(struct dt_tape *t, struct dt_shape shape, const dt_real *v)
{
    struct dt_tensor *x = dt_tape_leaf(t, shape, v);

    x->wants_grad = true;
    return x;
}

static void run(struct norm_run *r, bool weighted, const struct dt_norm_cfg *cfg)
{
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    struct dt_shape shape = dt_shape4(r->n, 2, 3, C), c = dt_shape1(C);
    struct dt_tensor *x = wanted(t, shape, r->x), *gamma = wanted(t, c, r->gamma), *beta = wanted(t, c, r->beta), *y;
    struct dt_norm_in in = { gamma,
                             beta,
                             dt_tape_leaf(t, c, r->mean),
                             dt_tape_leaf(t, c, r->var),
                             weighted ? dt_tape_leaf(t, dt_shape1(r->n), r->weight) : NULL,
                             NULL };
    size_t bytes = (size_t)r->n * SAMPLE * sizeof(dt_real);

    y = dt_batch_norm(t, x, &in, cfg);
    dt_test_ok(dt_tape_err(t));
    memcpy(r->y, y->data, bytes);
    ck_assert_int_eq(dt_backward(t, dt_sum(t, dt_mul(t, y, dt_tape_leaf(t, shape, r->cot)))), DT_OK);
    memcpy(r->dx, x->grad, bytes);
    memcpy(r->dgamma, gamma->grad, sizeof r->dgamma);
    memcpy(r->dbeta, beta->grad, sizeof r->dbeta);
    dt_tape_free(t);
    dt_engine_free(e);
}

static void check_near(const dt_real *got, const dt_real *want, int n, const char *what)
{
    double tol = sizeof(dt_real) == 8 ? 1e-12 : 2e-6;

    for (int i = 0; i < n; i++)
        CHECK_EACH(fabs((double)got[i] - (double)want[i]) <= tol * (1 + fabs((double)want[i])), "%s %d: %.9g, not %.9g",
                   what, i, (double)got[i], (double)want[i]);
}

static bool same_running(const struct norm_run *a, const struct norm_run *b)
{
    return memcmp(a->mean, b->mean, sizeof a->mean) == 0 && memcmp(a->var, b->var, sizeof a->var) == 0;
}

/* Nobody, one: a training call is an inference call. */
START_TEST(too_few_samples_use_running_statistics)
{
    static const double weights[2][N] = { { 0 }, { 0, 0, 0, 1 } };
    struct norm_run training, inference;

    fill(&training, weights[_i]);
    fill(&inference, NULL);
    run(&training, true, &(struct dt_norm_cfg){ .training = true });
    run(&inference, false, &(struct dt_norm_cfg){ .training = false });
    ck_assert(same_running(&training, &inference));
    ck_assert_int_eq(memcmp(training.y, inference.y, sizeof training.y), 0);
    check_near(training.dx, inference.dx, N * SAMPLE, "dx");
    check_near(training.dgamma, inference.dgamma, C, "dgamma");
}
END_TEST

START_TEST(batch_of_one_uses_running_statistics)
{
    struct norm_run training, inference;

    fill(&training, NULL);
    inference = training;
    training.n = inference.n = 1;
    run(&training, false, &(struct dt_norm_cfg){ .training = true });
    run(&inference, false, &(struct dt_norm_cfg){ .training = false });
    ck_assert(same_running(&training, &inference));
    ck_assert_int_eq(memcmp(training.y, inference.y, SAMPLE * sizeof(dt_real)), 0);
}
END_TEST

START_TEST(only_training_moves_running_statistics)
{
    struct norm_run before, training, frozen, inference;

    fill(&before, NULL);
    training = frozen = inference = before;
    run(&training, false, &(struct dt_norm_cfg){ .training = true });
    run(&frozen, false, &(struct dt_norm_cfg){ .training = true, .frozen = true });
    run(&inference, false, &(struct dt_norm_cfg){ .frozen = true });
    ck_assert(!same_running(&training, &before));
    ck_assert(same_running(&frozen, &before));
    ck_assert(same_running(&inference, &before));
    ck_assert_int_eq(memcmp(training.y, frozen.y, sizeof training.y), 0);
    ck_assert_int_ne(memcmp(training.y, inference.y, sizeof training.y), 0);
}
END_TEST

/* Masked against skipping execution: the active samples alone give the same, where the others get no gradient. */
START_TEST(weight_0_is_as_if_not_there)
{
    static const double weight[N] = { 1, 0, 1, 0, 1 };
    const struct dt_norm_cfg cfg = { .training = true, .act = (enum dt_act)_i };
    struct norm_run masked, skipped;

    fill(&masked, weight);
    skipped = masked;
    skipped.n = 0;
    for (int i = 0; i < N; i++) {
        if (weight[i] > 0) {
            memcpy(skipped.x + skipped.n * SAMPLE, masked.x + i * SAMPLE, SAMPLE * sizeof(dt_real));
            memcpy(skipped.cot + skipped.n++ * SAMPLE, masked.cot + i * SAMPLE, SAMPLE * sizeof(dt_real));
        } else
            memset(masked.cot + i * SAMPLE, 0, SAMPLE * sizeof(dt_real));
    }
    run(&masked, true, &cfg);
    run(&skipped, false, &cfg);
    check_near(masked.mean, skipped.mean, C, "running mean");
    check_near(masked.var, skipped.var, C, "running variance");
    check_near(masked.dgamma, skipped.dgamma, C, "dgamma");
    check_near(masked.dbeta, skipped.dbeta, C, "dbeta");
    for (int i = 0, k = 0; i < N; i++)
        if (weight[i] > 0) {
            check_near(masked.y + i * SAMPLE, skipped.y + k * SAMPLE, SAMPLE, "y");
            check_near(masked.dx + i * SAMPLE, skipped.dx + k++ * SAMPLE, SAMPLE, "dx");
        }
}
END_TEST

/* A sample of weight 0 is scaled as the others, and its gradient is that of the scaling only. */
START_TEST(weight_0_passes_gradient_through_the_scale)
{
    static const double weight[N] = { 1, 0, 1, 1, 1 };
    struct norm_run r;

    fill(&r, weight);
    run(&r, true, &(struct dt_norm_cfg){ .training = true });
    for (int k = 0; k < C; k++) {
        double slope = ((double)r.y[SAMPLE + k] - (double)r.y[SAMPLE + C + k]) /
                       ((double)r.x[SAMPLE + k] - (double)r.x[SAMPLE + C + k]);

        for (int p = 0; p < PIXELS; p++) {
            int i = SAMPLE + p * C + k;

            ck_assert_double_eq_tol((double)r.dx[i], slope * (double)r.cot[i], 1e-5);
        }
    }
}
END_TEST

/* Numbers far from 0 with little between them: squares of the numbers themselves would cancel. */
START_TEST(a_large_mean_does_not_cancel)
{
    struct norm_run near_zero, far;

    fill(&near_zero, NULL);
    for (int i = 0; i < N * SAMPLE; i++)
        near_zero.x[i] = (dt_real)(round(64 * (double)near_zero.x[i]) / 64); /* exact when moved */
    far = near_zero;
    for (int i = 0; i < N * SAMPLE; i++)
        far.x[i] += 4096;
    run(&near_zero, false, &(struct dt_norm_cfg){ .training = true });
    run(&far, false, &(struct dt_norm_cfg){ .training = true });
    for (int i = 0; i < N * SAMPLE; i++)
        CHECK_EACH(fabs((double)far.y[i] - (double)near_zero.y[i]) < 2e-3, "%d: %g, not %g", i, (double)far.y[i],
                   (double)near_zero.y[i]);
    check_near(far.var, near_zero.var, C, "running variance");
}
END_TEST

Suite *batch_norm_suite(void)
{
    Suite *s = suite_create("batch_norm");
    TCase *tc = tcase_create("modes");

    tcase_add_loop_test(tc, too_few_samples_use_running_statistics, 0, 2);
    tcase_add_test(tc, batch_of_one_uses_running_statistics);
    tcase_add_test(tc, only_training_moves_running_statistics);
    tcase_add_loop_test(tc, weight_0_is_as_if_not_there, 0, 3);
    tcase_add_test(tc, weight_0_passes_gradient_through_the_scale);
    tcase_add_test(tc, a_large_mean_does_not_cancel);
    suite_add_tcase(s, tc);
    return s;
}
