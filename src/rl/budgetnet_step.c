/* A step of each phase.
 *
 * curriculum (and finetune with a frozen backbone): sampled plans of the agent are run without gradients, one round of
 * them at least; the agent then learns from them `reuse` times.
 *
 * finetune, joint: the sandwich of Yu & Huang 2019, by budgets. The full path learns from the labels; the lowest
 * budget, decided as at inference, and the sampled plans of random budgets learn from labels and from what the full
 * path says (self-distillation); the agent learns from the rewards of the same sampled plans. Only the full path
 * updates running statistics. What is skipped is not computed, so a step costs the sum of its budgets. */
#include "rl/budgetnet.h"

#include <string.h>

#include "train/loop.h"

static void count(struct dt_train *t, int n, const struct dt_tensor *logits, const int *label, double loss)
{
    int classes = logits->shape.d[1];

    for (int i = 0; i < logits->shape.d[0]; i++)
        t->correct_sum += dt_logit_rank(logits->data + (int64_t)i * classes, classes, label[i]) == 0;
    t->loss_sum += loss * n;
    t->seen += n;
}

/* Batch statistics, running ones left alone: what is trained on is what recalibration will find. */
static const struct dt_run sampled_run = { .training = true, .freeze_stats = true };

/* ---- plans without gradients ---- */

/* Runs rows `keep` in their groups and gives rewards for what was asked for. Returns how many are right. */
static int earn(struct dt_train *t, const struct dt_batch *b, const int *keep, const int *asked, double *reward)
{
    const struct dt_budgetnet *s = t->state;
    int groups = dt_trial_groups(t, b->n), right = 0;

    for (int g = 0; g < groups && !dt_budget_failed(t); g++) {
        int from = g * b->n / groups, rows = (g + 1) * b->n / groups - from;
        struct dt_tensor *y =
            dt_budget_run(t, dt_budget_images(t, b, from, rows), keep + (int64_t)from * s->n, sampled_run);

        if (!dt_budget_failed(t))
            right += dt_trial_reward(t, asked, from, y, b->label, reward);
    }
    return right;
}

/* Rounds from `first` on, and what they are compared with. Returns how many of round 0 are right. */
static int earn_rounds(struct dt_train *t, const struct dt_batch *b, int first, const struct dt_anneal *a)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    const struct dt_budgetnet *s = t->state;
    const struct dt_trial *r = &s->trial;
    int *likeliest, right = 0;

    dt_tape_no_grad(t->tape, true);
    for (int k = first; k < (int)cfg->learn.samples; k++) {
        int64_t at = k * t->set->data.batch;
        int n = earn(t, b, r->keep + at * s->n, r->action + at * s->n, r->reward + at);

        right = k == 0 ? n : right;
    }
    if (cfg->learn.baseline == DT_BASELINE_SELF_CRITICAL) {
        likeliest = dt_tape_alloc(t->tape, (size_t)b->n * (size_t)s->n * sizeof *likeliest);
        if (likeliest) {
            dt_trial_likeliest(t, b->n, a, likeliest);
            earn(t, b, likeliest, likeliest, r->base);
        }
    }
    dt_tape_no_grad(t->tape, false);
    return right;
}

static void draw(struct dt_train *t, const struct dt_batch *b, const struct dt_anneal *a, const struct dt_tensor *seen,
                 struct dt_rng *rng)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;

    dt_trial_see(t, seen);
    for (int k = 0; k < (int)cfg->learn.samples; k++)
        dt_trial_sample(t, b->n, k, a, rng);
}

static double mean_reward(const struct dt_train *t, int n)
{
    const struct dt_budgetnet *s = t->state;
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += s->trial.reward[i];
    return sum / n;
}

/* ---- the agent alone ---- */
static enum dt_code learn(struct dt_train *t, const struct dt_batch *b, const struct dt_anneal *a,
                          const dt_real *answer)
{
    struct dt_budgetnet *s = t->state;
    struct dt_tensor *seen, *loss;
    double value;

    dt_tape_reset(t->tape);
    seen = dt_budget_look(t, dt_budget_images(t, b, 0, b->n), s->trial.budget, answer,
                          (struct dt_run){ .training = true });
    if (dt_budget_failed(t))
        return t->err.code;
    value = dt_trial_gradient(t, a, seen, 1);
    loss = dt_rl_inject(t->tape, seen, s->trial.grad);
    if (dt_backward(t->tape, loss))
        return dt_budget_failed(t);
    return dt_train_update(t, value);
}

enum dt_code dt_budget_step_agent(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    struct dt_rng rng = dt_train_rng(t, DT_STREAM_POLICY);
    struct dt_anneal a;
    struct dt_tensor *seen;
    const dt_real *answer;
    int right;

    if (!s)
        return t->err.code;
    a = dt_budget_anneal(t);
    dt_trial_budgets(t, b->n, &a, &rng);
    answer = dt_budget_answer(t, b, NULL, sampled_run);
    dt_tape_no_grad(t->tape, true);
    seen = dt_budget_look(t, dt_budget_images(t, b, 0, b->n), s->trial.budget, answer, sampled_run);
    dt_tape_no_grad(t->tape, false);
    if (dt_budget_failed(t))
        return t->err.code;
    draw(t, b, &a, seen, &rng);
    right = earn_rounds(t, b, 0, &a);
    if (dt_budget_failed(t))
        return t->err.code;
    dt_trial_judge(t, b->n);
    for (int i = 0; i < (int)cfg->learn.reuse; i++)
        if (learn(t, b, &a, answer))
            return t->err.code;
    t->loss_sum -= mean_reward(t, b->n) * b->n; /* the agent's loss is what it did not earn */
    t->correct_sum += right;
    t->seen += b->n;
    return DT_OK;
}

/* ---- agent and backbone ---- */
struct joint {
    struct dt_train *t;
    const struct dt_batch *b;
    struct dt_tensor *loss; /* the sum so far */
    struct dt_tensor *soft; /* what the full path says, [n][classes] */
};

static void add(struct joint *j, struct dt_tensor *loss, double weight)
{
    struct dt_tape *tape = j->t->tape;

    loss = dt_affine(tape, loss, weight, 0);
    j->loss = j->loss ? dt_add(tape, j->loss, loss, DT_LINEAR) : loss;
}

/* (1 - d) CE(label) + d CE(full path), of rows from `from` on. */
static void add_student(struct joint *j, int from, struct dt_tensor *logits, double weight)
{
    struct dt_tape *tape = j->t->tape;
    double d = ((const struct dt_budgetnet_cfg *)j->t->cfg)->joint.distill;
    struct dt_tensor *soft;

    if (dt_budget_failed(j->t))
        return;
    soft = dt_tape_leaf(tape, logits->shape, j->soft->data + (int64_t)from * logits->shape.d[1]);
    if (d < 1)
        add(j, dt_mean(tape, dt_cross_entropy(tape, logits, j->b->label + from, NULL, NULL, 0)), weight * (1 - d));
    if (d > 0)
        add(j, dt_mean(tape, dt_cross_entropy(tape, logits, NULL, soft, NULL, 0)), weight * d);
}

/* Returns what it gives the labels, where the critic sees that. */
static const dt_real *full_path(struct joint *j)
{
    struct dt_train *t = j->t;
    struct dt_tensor *y =
        dt_budget_run(t, dt_budget_images(t, j->b, 0, j->b->n), NULL, (struct dt_run){ .training = true });

    add(j, dt_mean(t->tape, dt_cross_entropy(t->tape, y, j->b->label, NULL, NULL, 0)), 1);
    dt_tape_no_grad(t->tape, true);
    j->soft = dt_softmax(t->tape, y);
    dt_tape_no_grad(t->tape, false);
    if (!dt_budget_failed(t))
        count(t, j->b->n, y, j->b->label, (double)j->loss->data[0]);
    return dt_budget_answer(t, j->b, y, sampled_run);
}

/* The lowest budget, as at inference. */
static void low_path(struct joint *j)
{
    struct dt_train *t = j->t;
    struct dt_budgetnet *s = t->state;
    int n = j->b->n, *keep = dt_tape_alloc(t->tape, (size_t)n * (size_t)s->n * sizeof *keep);
    double *budget = dt_tape_alloc(t->tape, (size_t)n * sizeof *budget);
    struct dt_tensor *x = dt_budget_images(t, j->b, 0, n), *seen;

    if (!keep || !budget)
        return;
    for (int i = 0; i < n; i++)
        budget[i] = s->low;
    dt_tape_no_grad(t->tape, true);
    seen = dt_budget_look(t, x, budget, NULL, sampled_run);
    dt_tape_no_grad(t->tape, false);
    if (dt_budget_failed(t))
        return;
    for (int i = 0; i < n; i++)
        dt_costs_project(&s->cost, seen->data + (int64_t)i * (s->n + 1), s->low, keep + (int64_t)i * s->n);
    add_student(j, 0, dt_budget_run(t, x, keep, sampled_run), 1);
}

/* Round 0 of the sampled plans, with gradients. */
static void sampled_paths(struct joint *j)
{
    struct dt_train *t = j->t;
    struct dt_budgetnet *s = t->state;
    int n = j->b->n, groups = dt_trial_groups(t, n);

    for (int g = 0; g < groups; g++) {
        int from = g * n / groups, rows = (g + 1) * n / groups - from;
        struct dt_tensor *y =
            dt_budget_run(t, dt_budget_images(t, j->b, from, rows), s->trial.keep + (int64_t)from * s->n, sampled_run);

        if (dt_budget_failed(t))
            return;
        (void)dt_trial_reward(t, s->trial.action, from, y, j->b->label, s->trial.reward);
        add_student(j, from, y, (double)rows / n);
    }
}

enum dt_code dt_budget_step_joint(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    struct dt_rng rng = dt_train_rng(t, DT_STREAM_POLICY);
    struct joint j = { .t = t, .b = b };
    struct dt_anneal a;
    struct dt_tensor *seen;
    const dt_real *answer;

    if (!s)
        return t->err.code;
    a = dt_budget_anneal(t);
    dt_trial_budgets(t, b->n, &a, &rng);
    answer = full_path(&j);
    seen = dt_budget_look(t, dt_budget_images(t, b, 0, b->n), s->trial.budget, answer,
                          (struct dt_run){ .training = true });
    if (dt_budget_failed(t))
        return t->err.code;
    draw(t, b, &a, seen, &rng);
    sampled_paths(&j);
    if (cfg->joint.low)
        low_path(&j);
    (void)earn_rounds(t, b, 1, &a);
    if (dt_budget_failed(t))
        return t->err.code;
    dt_trial_judge(t, b->n);
    (void)dt_trial_gradient(t, &a, seen, cfg->joint.policy);
    add(&j, dt_rl_inject(t->tape, seen, s->trial.grad), 1);
    if (dt_backward(t->tape, j.loss))
        return dt_budget_failed(t);
    return dt_train_update(t, (double)j.loss->data[0]);
}
