/* A problem whose optimum is known. There are two kinds of images with two channels: where the class is the sign of
 * channel 0 the block changes nothing; where it is the sign of channel 1 only the block carries it to where the
 * classifier looks. So an image of the first kind is to skip the block, one of the second to keep it, under every
 * reward that charges for computation; and the agent has to find that out from rewards alone. */
#include <math.h>
#include <string.h>

#include "nets.h"
#include "suites.h"
#include "train/loop.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE, CHANNELS = 2, HIDDEN = 32, BATCH = 64, STEPS = 200, IMAGE = PIXELS * CHANNELS };

static const struct {
    int reward, baseline;
    int64_t samples;
    int critic;
} cases[] = {
    { DT_REWARD_HINGE, DT_BASELINE_CRITIC, 1, DT_CRITIC_STATE },
    { DT_REWARD_BLOCKDROP, DT_BASELINE_SELF_CRITICAL, 1, DT_CRITIC_STATE },
    { DT_REWARD_LAGRANGIAN, DT_BASELINE_LEAVE_ONE_OUT, 2, DT_CRITIC_STATE },
    { DT_REWARD_HINGE, DT_BASELINE_CRITIC, 1, DT_CRITIC_ANSWER },
};
enum { CASES = sizeof cases / sizeof *cases };

struct toy {
    struct dt_loop l;
    struct dt_settings set;
    struct dt_budgetnet_cfg cfg;
    double list[1];
    dt_real x[BATCH * IMAGE];
    int label[BATCH], kind[BATCH];
};

/* ---- the network: stem as it comes, relu(x + block), sign of channel 0 ---- */
static struct dt_tensor *sum_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    return dt_keep(run, m->child, x, x, DT_LINEAR);
}

static const struct dt_module_class sum_class = { "sum", sizeof(struct dt_module), sum_forward, NULL };

static dt_real *weight_of(struct dt_net *net, const char *path)
{
    struct dt_param *p = dt_net_find(net, path)->param;

    memset(p->tensor.data, 0, (size_t)dt_numel(&p->tensor.shape) * sizeof(dt_real));
    return p->tensor.data;
}

static void build(struct dt_net *net, const struct dt_budget_policy_cfg *policy)
{
    struct dt_module *root = dt_seq(net, NULL, "net"), *stem = dt_seq(net, root, "stem"), *sum, *body;

    dt_conv_layer(net, stem, "conv", CHANNELS, CHANNELS, 1, 1, 0, 1, false);
    sum = dt_module_new(net, root, &sum_class, "block");
    body = dt_seq(net, sum, "body");
    dt_conv_layer(net, body, "conv1", CHANNELS, HIDDEN, 3, 1, 1, 1, false);
    dt_conv_layer(net, body, "conv2", HIDDEN, CHANNELS, 3, 1, 1, 1, false);
    dt_choice_new(body, DT_KEEP, 1);
    dt_head_layer(net, root, "head", CHANNELS, 3);
    dt_agent_build(net, policy, CHANNELS, SIDE, 1);
}

static void set_weights(struct dt_net *net)
{
    dt_real *w = weight_of(net, "net/stem/conv"), *b;

    w[0] = w[3] = 1;
    w = weight_of(net, "net/block/body/conv1"); /* [hidden][2][3][3]: the middle of channel 1 */
    w[9 + 4] = 1;
    w = weight_of(net, "net/block/body/conv2"); /* [2][hidden][3][3]: on to channel 0 */
    w[4] = 1;
    w = weight_of(net, "net/head/fc");
    w[0] =
        -1; /* class 0 where channel 0 is negative, 1 where it is positive, 2 where there is nothing: a wrong answer */
    w[2] = 1;
    b = dt_net_find(net, "net/head/fc")->param->next->tensor.data;
    b[0] = b[1] = 0;
    b[2] = (dt_real)0.1;
    dt_net_touch(net);
}

/* ---- data ---- */
static void draw(struct toy *t, uint32_t number)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 2, number);

    for (int i = 0; i < BATCH; i++) {
        t->kind[i] = (int)dt_rng_below(&rng, 2);
        t->label[i] = (int)dt_rng_below(&rng, 2);
        for (int p = 0; p < PIXELS; p++)
            for (int c = 0; c < CHANNELS; c++)
                t->x[i * IMAGE + p * CHANNELS + c] =
                    c == t->kind[i] ? (t->label[i] ? 1 : -1) * (dt_real)(0.5 + dt_rng_uniform(&rng)) : 0;
    }
}

static void open(struct toy *t, int which)
{
    struct dt_train *train = &t->l.t;

    memset(t, 0, sizeof *t);
    dt_par_set_threads(1);
    t->list[0] = 0.2;
    t->cfg = (struct dt_budgetnet_cfg){
        .backbone = DT_BACKBONE_FROZEN,
        .epochs = 1,
        .policy = { .at = DT_AT_STEM, .width = 8, .hidden = 16, .waves = 1, .lr = 2e-3, .critic = cases[which].critic },
        .reward = { .name = cases[which].reward, .overshoot = 0, .usage = 0.5, .wrong = 1, .multiplier_rate = 0 },
        .learn = { .baseline = cases[which].baseline,
                   .samples = cases[which].samples,
                   .groups = 1,
                   .reuse = 2,
                   .clip = 0.2,
                   .explore = 0.8,
                   .entropy = 0.01,
                   .value = 0.5 },
    };
    t->set = (struct dt_settings){ .seed = 1, .data.batch = BATCH };
    t->set.budget = (struct dt_budget_cfg){ .target = 0.2, .list = { 1, t->list } };
    t->l.per_epoch = STEPS;
    t->l.epochs = 1;
    train->loop = &t->l;
    train->set = &t->set;
    train->cfg = &t->cfg;
    train->phase = 1;
    train->state = dt_calloc(1, sizeof(struct dt_budgetnet));
    train->engine = dt_engine_new("ref", &train->err);
    train->tape = dt_tape_new(train->engine, &train->err);
    train->net = dt_net_new(2, &train->err);
    build(train->net, &t->cfg.policy);
    ck_assert_int_eq(dt_net_finish(train->net, SIDE, SIDE, CHANNELS, &train->err), DT_OK);
    set_weights(train->net);
    dt_module_freeze(dt_net_root(train->net), true);
    ck_assert_ptr_nonnull(dt_budgetnet_state(train));
    ((struct dt_budgetnet *)train->state)->multiplier[0] = 0.5;
    /* Budgets of 1 only, the agent not counted: everything fits, and what is not worth its price is to be left out. */
    ((struct dt_budgetnet *)train->state)->low = 1;
    ((struct dt_budgetnet *)train->state)->cost.fixed -= ((struct dt_budgetnet *)train->state)->cost.agent;
    ck_assert_int_eq(dt_train_group(train, "policy/agent", &((struct dt_budgetnet *)train->state)->agent_optim), DT_OK);
}

static void close(struct toy *t)
{
    dt_budget_close(&t->l.t);
    dt_free(t->l.t.state);
    dt_groups_clear(&t->l);
    dt_net_free(t->l.t.net);
    dt_tape_free(t->l.t.tape);
    dt_engine_free(t->l.t.engine);
}

/* Share of new images for which the policy's likeliest choice is the right one. */
static double share_right(struct toy *t)
{
    struct dt_train *train = &t->l.t;
    struct dt_batch b = { .n = BATCH, .x = t->x, .label = t->label };
    double budget[BATCH];
    struct dt_tensor *seen;
    int right = 0;

    draw(t, 1000000);
    for (int i = 0; i < BATCH; i++)
        budget[i] = 1;
    dt_tape_reset(train->tape);
    seen = dt_budget_look(train, dt_budget_images(train, &b, 0, BATCH), budget, NULL,
                          (struct dt_run){ .training = false });
    ck_assert_int_eq(dt_budget_failed(train), DT_OK);
    for (int i = 0; i < BATCH; i++)
        right += (seen->data[2 * i] > 0) == t->kind[i];
    return (double)right / BATCH;
}

/* One step on the images drawn; in the second half of the training the critic's values are noted. */
static void learn(struct toy *t, int step, struct dt_rl_fit *critic)
{
    struct dt_train *train = &t->l.t;
    struct dt_budgetnet *s = train->state;
    struct dt_batch b = { .n = BATCH, .x = t->x, .label = t->label };

    dt_tape_reset(train->tape);
    if (dt_budget_step_agent(train, &b))
        dt_test_ok(&train->err);
    for (int i = 0; i < BATCH && step >= STEPS / 2; i++)
        dt_rl_fit_add(critic, s->trial.reward[i], s->trial.value[i]);
    train->step++;
    train->batch++;
}

START_TEST(the_policy_finds_the_optimum)
{
    struct toy *t = dt_calloc(1, sizeof *t);
    struct dt_rl_fit critic = { 0 };

    open(t, _i);
    for (int step = 0; step < STEPS; step++) {
        draw(t, (uint32_t)step);
        learn(t, step, &critic);
    }
    ck_assert_msg(share_right(t) == 1, "only %.2f of the images have the best policy", share_right(t));
    if (cases[_i].reward == DT_REWARD_BLOCKDROP) /* what the exploration costs depends on the kind of image */
        ck_assert_double_gt(dt_rl_fit_explained(&critic), 0.1);
    close(t);
    dt_free(t);
}
END_TEST

/* In images of which the full path gets some wrong, the critic learns from its answers; what the agent says of the
 * choices does not depend on them. */
START_TEST(the_critic_sees_the_answer)
{
    struct toy *t = dt_calloc(1, sizeof *t);
    struct dt_train *train = &t->l.t;
    struct dt_rl_fit critic = { 0 };
    struct dt_tensor *seen[2];
    double budget[BATCH];
    dt_real answer[2][BATCH];
    struct dt_batch b = { .n = BATCH, .x = t->x, .label = t->label };

    open(t, CASES - 1);
    for (int step = 0; step < STEPS; step++) {
        draw(t, (uint32_t)step);
        for (int i = 0; i < BATCH; i += 3)
            t->label[i] = 2; /* which nothing in the image tells */
        learn(t, step, &critic);
    }
    ck_assert_double_gt(dt_rl_fit_explained(&critic), 0.5);
    dt_tape_reset(train->tape);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < BATCH; i++) {
            answer[k][i] = (dt_real)(k ? 0.9 : 0.01);
            budget[i] = 1;
        }
        seen[k] = dt_budget_look(train, dt_budget_images(train, &b, 0, BATCH), budget, answer[k],
                                 (struct dt_run){ .training = false });
    }
    ck_assert_int_eq(dt_budget_failed(train), DT_OK);
    for (int i = 0; i < BATCH; i++) {
        ck_assert(seen[0]->data[2 * i] == seen[1]->data[2 * i]);
        ck_assert_double_gt((double)seen[1]->data[2 * i + 1], (double)seen[0]->data[2 * i + 1] + 0.5);
    }
    close(t);
    dt_free(t);
}
END_TEST

/* The loss of trial.c: objective, entropy, spread and critic, its gradient by differences. */
static double loss_at(struct toy *t, const struct dt_anneal *a, dt_real *z)
{
    dt_tape_reset(t->l.t.tape);
    return dt_trial_gradient(&t->l.t, a, dt_tape_leaf(t->l.t.tape, dt_shape2(BATCH, 2), z), 1);
}

START_TEST(the_gradient_is_that_of_the_loss)
{
    struct toy *t = dt_calloc(1, sizeof *t);
    struct dt_rng rng = dt_rng_at(9, DT_STREAM_TEST, 0, 0);
    struct dt_anneal a = { .alpha = 0.9, .entropy = 0.3, .free = 1 };
    const dt_real step = 1.0f / 64;
    struct dt_budgetnet *s;
    dt_real z[2 * BATCH], grad[2 * BATCH];

    open(t, 0);
    s = t->l.t.state;
    t->cfg.learn.spread = 20;
    t->cfg.learn.groups = 2;
    for (int i = 0; i < 2 * BATCH; i++)
        z[i] = (dt_real)dt_rng_normal(&rng);
    dt_tape_reset(t->l.t.tape);
    dt_trial_budgets(&t->l.t, BATCH, &a, &rng);
    dt_trial_see(&t->l.t, dt_tape_leaf(t->l.t.tape, dt_shape2(BATCH, 2), z));
    dt_trial_sample(&t->l.t, BATCH, 0, &a, &rng);
    for (int i = 0; i < BATCH; i++) {
        s->trial.reward[i] = dt_rng_normal(&rng);
        s->trial.advantage[i] = dt_rng_normal(&rng);
        z[2 * i] += (dt_real)(0.1 * dt_rng_normal(&rng)); /* the agent has moved: ratios are not 1 */
    }
    loss_at(t, &a, z);
    memcpy(grad, s->trial.grad, sizeof grad);
    for (int i = 0; i < 2 * BATCH; i++) {
        dt_real at = z[i];
        double above;

        z[i] = at + step;
        above = loss_at(t, &a, z);
        z[i] = at - step;
        above = (above - loss_at(t, &a, z)) / (2 * (double)step);
        z[i] = at;
        ck_assert_msg(fabs(above - (double)grad[i]) < 1e-5 + 1e-2 * fabs(above), "%d: %g by differences, %g", i, above,
                      (double)grad[i]);
    }
    close(t);
    dt_free(t);
}
END_TEST

/* An agent may cost much of what it saves: in the curriculum, caps then reach above 1, where everything that is forced
 * counts. What a right answer earns stays within 1 and 1 - overshoot there, too. */
START_TEST(a_dear_agent_earns_no_less)
{
    enum { STEPS_OF_CAP = 1000 };
    struct toy *t = dt_calloc(1, sizeof *t);
    struct dt_budgetnet *s;
    const dt_real logits[2] = { 1, 0 };
    const int all = 1, label = 0;

    open(t, 0);
    s = t->l.t.state;
    t->cfg.reward = (struct dt_budget_reward_cfg){ .name = DT_REWARD_HINGE, .overshoot = 1 };
    s->cost.fixed += 0.3 * s->cost.full;
    for (int i = 0; i <= STEPS_OF_CAP; i++) {
        double reward = 0, floor = dt_costs_floor(&s->cost), most = dt_costs_most(&s->cost);

        ck_assert_double_gt(most, 1.25);
        dt_tape_reset(t->l.t.tape);
        s->trial.cap[0] = floor + (most - floor) * i / STEPS_OF_CAP;
        ck_assert_int_eq(
            dt_trial_reward(&t->l.t, &all, 0, dt_tape_leaf(t->l.t.tape, dt_shape2(1, 2), logits), &label, &reward), 1);
        ck_assert_msg(reward > 0 && reward <= 1, "cap %g: reward %g", s->trial.cap[0], reward);
    }
    close(t);
    dt_free(t);
}
END_TEST

Suite *suite_toy(void)
{
    Suite *s = suite_create("toy");
    TCase *c = tcase_create("toy");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, the_policy_finds_the_optimum, 0, CASES);
    tcase_add_test(c, the_critic_sees_the_answer);
    tcase_add_test(c, the_gradient_is_that_of_the_loss);
    tcase_add_test(c, a_dear_agent_earns_no_less);
    suite_add_tcase(s, c);
    return s;
}
