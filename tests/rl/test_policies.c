/* Policies against their definition: probabilities by enumeration, gradients by differences, samples by counting. */
#include <dyntrain/rl.h>

#include <math.h>
#include <string.h>

#include "suites.h"

enum { K = 4, ALL = 1 << K };

static const dt_real logits[K] = { -1.5f, 0.25f, 2, -0.125f };
static const double alphas[] = { 1, 0.8, 0.55 }, mixes[] = { 0, 0.1, 0.7 };
static const double step = 1.0 / 64; /* exact in a float */

static void close_to(double a, double b, double tolerance, const char *what)
{
    ck_assert_msg(fabs(a - b) <= tolerance, "%s: %.9g and %.9g", what, a, b);
}

static void switches(int number, int *action)
{
    for (int i = 0; i < K; i++)
        action[i] = number >> i & 1;
}

/* (f(z + step e_i) - f(z - step e_i)) / 2 step */
static double slope(double (*f)(const dt_real *z, const void *ctx), const void *ctx, int i)
{
    dt_real z[K];
    double above;

    memcpy(z, logits, sizeof z);
    z[i] = logits[i] + (dt_real)step;
    above = f(z, ctx);
    z[i] = logits[i] - (dt_real)step;
    return (above - f(z, ctx)) / (2 * step);
}

/* ---- Bernoulli ---- */
struct switch_case {
    double alpha;
    int action[K];
};

static double switch_log_prob(const dt_real *z, const void *ctx)
{
    const struct switch_case *c = ctx;

    return dt_rl_bernoulli_log_prob(z, c->action, K, c->alpha);
}

static double switch_entropy(const dt_real *z, const void *ctx)
{
    return dt_rl_bernoulli_entropy(z, K, ((const struct switch_case *)ctx)->alpha);
}

START_TEST(switches_by_enumeration)
{
    struct switch_case c = { .alpha = alphas[_i] };
    double sum = 0, entropy = 0;

    for (int n = 0; n < ALL; n++) {
        dt_real score[K] = { 0 };
        double l;

        switches(n, c.action);
        l = dt_rl_bernoulli_log_prob(logits, c.action, K, c.alpha);
        sum += exp(l);
        entropy -= exp(l) * l;
        dt_rl_bernoulli_score(logits, c.action, K, c.alpha, 2, score);
        for (int i = 0; i < K; i++)
            close_to((double)score[i], 2 * slope(switch_log_prob, &c, i), 2e-4, "score");
    }
    close_to(sum, 1, 1e-12, "sum of probabilities");
    close_to(dt_rl_bernoulli_entropy(logits, K, c.alpha), entropy, 1e-12, "entropy");
    {
        dt_real grad[K] = { 0 };

        dt_rl_bernoulli_entropy_grad(logits, K, c.alpha, 3, grad);
        for (int i = 0; i < K; i++)
            close_to((double)grad[i], 3 * slope(switch_entropy, &c, i), 3e-4, "entropy's gradient");
    }
    for (int i = 0; i < K; i++) {
        double p = dt_rl_bernoulli_prob((double)logits[i], c.alpha);

        ck_assert(p >= 1 - c.alpha && p <= c.alpha);
    }
}
END_TEST

START_TEST(switches_by_counting)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    int count[K] = { 0 }, action[K], n = 20000;

    for (int i = 0; i < n; i++) {
        dt_rl_bernoulli_sample(logits, K, alphas[_i], &rng, action);
        for (int k = 0; k < K; k++)
            count[k] += action[k];
    }
    for (int k = 0; k < K; k++) {
        double p = dt_rl_bernoulli_prob((double)logits[k], alphas[_i]);

        close_to((double)count[k] / n, p, 4 * sqrt(p * (1 - p) / n), "frequency");
    }
}
END_TEST

/* Certain switches: no infinity, no NaN. */
START_TEST(switches_that_are_certain)
{
    const dt_real z[2] = { 200, -200 };
    const int likely[2] = { 1, 0 }, unlikely[2] = { 0, 1 };

    for (int i = 0; i < 3; i++) {
        dt_real grad[2] = { 0 };

        ck_assert(isfinite(dt_rl_bernoulli_log_prob(z, unlikely, 2, alphas[i])));
        ck_assert_double_le(dt_rl_bernoulli_log_prob(z, likely, 2, alphas[i]), 0);
        dt_rl_bernoulli_score(z, unlikely, 2, alphas[i], 1, grad);
        dt_rl_bernoulli_entropy_grad(z, 2, alphas[i], 1, grad);
        ck_assert(isfinite(dt_rl_bernoulli_entropy(z, 2, alphas[i])));
        ck_assert(isfinite((double)grad[0]) && isfinite((double)grad[1]));
    }
}
END_TEST

/* The op of the tape says the same, value and gradient. */
START_TEST(switches_as_the_op)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("ref", &err);
    struct dt_tape *t = dt_tape_new(e, &err);
    int action[K] = { 1, 0, 0, 1 };
    dt_real score[K] = { 0 };
    struct dt_tensor *z = dt_tape_leaf(t, dt_shape2(1, K), logits), *l;

    z->wants_grad = true;
    l = dt_sum(t, dt_bernoulli_log_prob(t, z, action));
    ck_assert_int_eq(dt_backward(t, l), DT_OK);
    close_to((double)l->data[0], dt_rl_bernoulli_log_prob(logits, action, K, 1), 1e-5, "log probability");
    dt_rl_bernoulli_score(logits, action, K, 1, 1, score);
    for (int i = 0; i < K; i++)
        close_to((double)z->grad[i], (double)score[i], 1e-6, "score");
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

/* ---- categorical ---- */
struct pick_case {
    double mix;
    int action;
};

static double pick_log_prob(const dt_real *z, const void *ctx)
{
    const struct pick_case *c = ctx;

    return dt_rl_categorical_log_prob(z, c->action, K, c->mix);
}

static double pick_entropy(const dt_real *z, const void *ctx)
{
    return dt_rl_categorical_entropy(z, K, ((const struct pick_case *)ctx)->mix);
}

START_TEST(picks_by_enumeration)
{
    struct pick_case c = { .mix = mixes[_i] };
    double prob[K], sum = 0, entropy = 0;
    dt_real grad[K] = { 0 };

    dt_rl_categorical_probs(logits, K, c.mix, prob);
    for (c.action = 0; c.action < K; c.action++) {
        dt_real score[K] = { 0 };
        double l = pick_log_prob(logits, &c);

        close_to(exp(l), prob[c.action], 1e-12, "probability");
        sum += exp(l);
        entropy -= exp(l) * l;
        dt_rl_categorical_score(logits, c.action, K, c.mix, 2, score);
        for (int i = 0; i < K; i++)
            close_to((double)score[i], 2 * slope(pick_log_prob, &c, i), 2e-4, "score");
    }
    close_to(sum, 1, 1e-12, "sum of probabilities");
    close_to(pick_entropy(logits, &c), entropy, 1e-12, "entropy");
    dt_rl_categorical_entropy_grad(logits, K, c.mix, 3, grad);
    for (int i = 0; i < K; i++)
        close_to((double)grad[i], 3 * slope(pick_entropy, &c, i), 3e-4, "entropy's gradient");
}
END_TEST

START_TEST(picks_by_counting)
{
    struct dt_rng rng = dt_rng_at(2, DT_STREAM_TEST, 0, 0);
    int count[K] = { 0 }, n = 20000;
    double prob[K];

    for (int i = 0; i < n; i++)
        count[dt_rl_categorical_sample(logits, K, mixes[_i], &rng)]++;
    dt_rl_categorical_probs(logits, K, mixes[_i], prob);
    for (int k = 0; k < K; k++)
        close_to((double)count[k] / n, prob[k], 4 * sqrt(prob[k] * (1 - prob[k]) / n), "frequency");
}
END_TEST

/* Two classes with a mixed-in share are one switch with its bound. */
START_TEST(two_picks_are_a_switch)
{
    const dt_real two[2] = { 0, 1.5f }, one[1] = { 1.5f };
    const int on[1] = { 1 };

    close_to(dt_rl_categorical_log_prob(two, 1, 2, 0.4), dt_rl_bernoulli_log_prob(one, on, 1, 0.8), 1e-12, "log");
}
END_TEST

Suite *suite_policies(void)
{
    Suite *s = suite_create("policies");
    TCase *c = tcase_create("policies");

    tcase_add_loop_test(c, switches_by_enumeration, 0, 3);
    tcase_add_loop_test(c, switches_by_counting, 0, 3);
    tcase_add_test(c, switches_that_are_certain);
    tcase_add_test(c, switches_as_the_op);
    tcase_add_loop_test(c, picks_by_enumeration, 0, 3);
    tcase_add_loop_test(c, picks_by_counting, 0, 3);
    tcase_add_test(c, two_picks_are_a_switch);
    suite_add_tcase(s, c);
    return s;
}
