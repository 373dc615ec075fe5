/* The policy gradient on a net of six blocks. All 64 policies of every image are run, so that the expected reward and
 * its gradient are known exactly; the estimate from samples must be unbiased: within three standard errors, with every
 * baseline, exploration bounded or not. */
#include <dyntrain/rl.h>

#include <math.h>

#include "suites.h"

enum { BLOCKS = 6, ALL = 1 << BLOCKS, IMAGES = 6, SIDE = 8, CLASSES = 3, SAMPLES = 4000, TOGETHER = 4 };

struct bandit {
    double reward[IMAGES][ALL];
    dt_real z[IMAGES][BLOCKS]; /* of the policy */
};

static void switches(int number, int *action)
{
    for (int i = 0; i < BLOCKS; i++)
        action[i] = number >> i & 1;
}

/* 1 - u^2 where the net is right, else -1: BlockDrop's reward of every policy for every image. */
static void run_all(struct dt_net *net, struct dt_tape *tape, const dt_real *x, struct bandit *b)
{
    int label[IMAGES];

    for (int a = 0; a < ALL; a++) {
        int action[BLOCKS];
        struct dt_run run = { .tape = tape, .exec = DT_SKIP, .arch = { 1, BLOCKS, action, NULL } };
        struct dt_tensor *y;

        switches(a, action);
        dt_tape_reset(tape);
        dt_tape_no_grad(tape, true);
        y = dt_net_forward(net, &run, dt_tape_leaf(tape, dt_shape4(IMAGES, SIDE, SIDE, 1), x));
        dt_tape_no_grad(tape, false);
        dt_test_ok(dt_tape_err(tape));
        for (int i = 0; i < IMAGES; i++) {
            const dt_real *logit = y->data + (size_t)(i * CLASSES);
            int best = 0, used = 0;

            for (int k = 1; k < CLASSES; k++)
                best = logit[k] > logit[best] ? k : best;
            label[i] = a == 0 ? best : label[i]; /* of the empty net: some policies agree with it and some do not */
            for (int k = 0; k < BLOCKS; k++)
                used += action[k];
            b->reward[i][a] = best == label[i] ? 1 - (double)(used * used) / (BLOCKS * BLOCKS) : -1;
        }
    }
}

static struct bandit make_bandit(void)
{
    static const struct dt_model_cfg cfg = { .arch = "resnet14", .classes = CLASSES, .width = 4, .dynamic = true };
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("ref", &err);
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct dt_net *net = dt_net_new(3, &err);
    struct dt_rng rng = dt_rng_at(3, DT_STREAM_TEST, 0, 0);
    dt_real x[IMAGES * SIDE * SIDE];
    struct bandit b;

    ck_assert_int_eq(dt_model_build(net, &cfg, 1, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, SIDE, SIDE, 1, &err), DT_OK);
    ck_assert_int_eq(dt_net_space(net)->n, BLOCKS);
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    for (int i = 0; i < IMAGES; i++)
        for (int k = 0; k < BLOCKS; k++)
            b.z[i][k] = (dt_real)(1.5 * dt_rng_normal(&rng));
    run_all(net, tape, x, &b);
    dt_net_free(net);
    dt_tape_free(tape);
    dt_engine_free(e);
    return b;
}

static double expected(const struct bandit *b, int image, double alpha)
{
    double sum = 0;
    int action[BLOCKS];

    for (int a = 0; a < ALL; a++) {
        switches(a, action);
        sum += exp(dt_rl_bernoulli_log_prob(b->z[image], action, BLOCKS, alpha)) * b->reward[image][a];
    }
    return sum;
}

/* By differences of the expected reward: no score function in it. */
static void exact(struct bandit *b, int image, double alpha, double grad[BLOCKS])
{
    const dt_real step = 1.0f / 256;

    for (int k = 0; k < BLOCKS; k++) {
        dt_real z = b->z[image][k];
        double above;

        b->z[image][k] = z + step;
        above = expected(b, image, alpha);
        b->z[image][k] = z - step;
        grad[k] = (above - expected(b, image, alpha)) / (2 * (double)step);
        b->z[image][k] = z;
    }
}

enum { CRITIC, SELF_CRITICAL, LEAVE_ONE_OUT, NONE, N_BASELINES };

/* TOGETHER samples of one image, their rewards and baselines; returns their mean gradient. */
static void estimate(const struct bandit *b, int image, double alpha, int baseline, struct dt_rng *rng,
                     double grad[BLOCKS])
{
    double reward[TOGETHER], base[TOGETHER];
    int action[TOGETHER][BLOCKS], likely = 0;
    dt_real sum[BLOCKS] = { 0 };

    for (int k = 0; k < BLOCKS; k++)
        likely |= (b->z[image][k] >= 0) << k;
    for (int j = 0; j < TOGETHER; j++) {
        int number = 0;

        dt_rl_bernoulli_sample(b->z[image], BLOCKS, alpha, rng, action[j]);
        for (int k = 0; k < BLOCKS; k++)
            number |= action[j][k] << k;
        reward[j] = b->reward[image][number];
        base[j] = baseline == CRITIC ? 0.3 : baseline == SELF_CRITICAL ? b->reward[image][likely] : 0;
    }
    if (baseline == LEAVE_ONE_OUT)
        dt_rl_leave_one_out(reward, 1, TOGETHER, base);
    for (int j = 0; j < TOGETHER; j++)
        dt_rl_bernoulli_score(b->z[image], action[j], BLOCKS, alpha, (reward[j] - base[j]) / TOGETHER, sum);
    for (int k = 0; k < BLOCKS; k++)
        grad[k] = (double)sum[k];
}

/* Largest distance in standard errors; *variance: of the estimates, summed. */
static double distance(struct bandit *b, int image, double alpha, int baseline, double *variance)
{
    struct dt_rng rng = dt_rng_at(8, DT_STREAM_TEST, (uint32_t)image, (uint32_t)baseline);
    double want[BLOCKS], got[BLOCKS], sum[BLOCKS] = { 0 }, squares[BLOCKS] = { 0 }, worst = 0;

    exact(b, image, alpha, want);
    for (int s = 0; s < SAMPLES; s++) {
        estimate(b, image, alpha, baseline, &rng, got);
        for (int k = 0; k < BLOCKS; k++) {
            sum[k] += got[k];
            squares[k] += got[k] * got[k];
        }
    }
    for (int k = 0; k < BLOCKS; k++) {
        double mean = sum[k] / SAMPLES, v = squares[k] / SAMPLES - mean * mean, error = sqrt(v / SAMPLES);

        worst = fmax(worst, fabs(mean - want[k]) / (error + 1e-6));
        *variance += v;
    }
    return worst;
}

START_TEST(unbiased)
{
    struct bandit b = make_bandit();
    double alpha = _i ? 0.8 : 1, variance[N_BASELINES] = { 0 };

    for (int baseline = 0; baseline < N_BASELINES; baseline++)
        for (int image = 0; image < IMAGES; image += 3) {
            double d = distance(&b, image, alpha, baseline, &variance[baseline]);

            ck_assert_msg(d < 3, "alpha %g, baseline %d, image %d: %.2f standard errors", alpha, baseline, image, d);
        }
    ck_assert_double_lt(variance[LEAVE_ONE_OUT], variance[NONE]); /* what a baseline is for */
}
END_TEST

/* The score of the unbounded policy on samples of the bounded one is what an implementation gets wrong. */
START_TEST(the_bound_matters)
{
    struct bandit b = make_bandit();
    double want[BLOCKS], other[BLOCKS], d = 0;

    exact(&b, 0, 0.8, want);
    exact(&b, 0, 1, other);
    for (int k = 0; k < BLOCKS; k++)
        d = fmax(d, fabs(want[k] - other[k]));
    ck_assert_double_gt(d, 0.01);
}
END_TEST

Suite *suite_gradient(void)
{
    Suite *s = suite_create("gradient");
    TCase *c = tcase_create("gradient");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, unbiased, 0, 2);
    tcase_add_test(c, the_bound_matters);
    suite_add_tcase(s, c);
    return s;
}
