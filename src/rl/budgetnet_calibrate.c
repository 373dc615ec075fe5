/* After training, for every budget of the list: running statistics of batch norm over what the agent keeps; the
 * conditioning value, since an agent that is told 0.5 may spend its images' cap of 0.4 better than one that is told
 * 0.4; the best fixed subset, which the agent has to beat; how much of the reward's variance the critic explains.
 * Everything is chosen on validation images. */
#include "rl/budgetnet.h"

#include <math.h>
#include <string.h>

#include "train/loop.h"

enum { NEIGHBOURS = 2 };

static bool has_validation(const struct dt_train *t)
{
    return dt_dataset_info(t->data)->n[DT_VAL] > 0;
}

/* Statistics of this plan, from those of the full path on. */
static enum dt_code calibrate(struct dt_train *t, const struct dt_plan *p)
{
    dt_norms_back(t);
    return dt_plan_calibrate(t, p, ((const struct dt_budgetnet_cfg *)t->cfg)->calibrate);
}

static enum dt_code accuracy(struct dt_train *t, const struct dt_plan *p, double *out)
{
    struct dt_measured m;
    enum dt_code code = dt_plan_measure(t, p, DT_VAL, false, &m);

    *out = m.accuracy;
    return code;
}

/* ---- what to tell the agent ---- */

/* Of the budget and its neighbours in the list; equal ones: the nearest. */
static enum dt_code choose_condition(struct dt_train *t, int k)
{
    struct dt_budgetnet *s = t->state;
    struct dt_plan p = { .kind = DT_PLAN_AGENT, .cap = s->list[k], .condition = s->list[k] };
    double best, got, chosen = p.condition;

    if (calibrate(t, &p))
        return t->err.code;
    if (has_validation(t) && accuracy(t, &p, &best) == DT_OK) {
        for (int d = 1; d <= NEIGHBOURS; d++)
            for (int side = -1; side <= 1; side += 2) {
                int at = k + side * d;

                if (at < 0 || at >= s->n_list)
                    continue;
                p.condition = s->list[at];
                if (accuracy(t, &p, &got))
                    return t->err.code;
                if (got > best) {
                    best = got;
                    chosen = p.condition;
                }
            }
    }
    s->condition[k] = chosen;
    p.condition = chosen;
    if (!t->err.code && chosen != s->list[k])
        (void)calibrate(t, &p);
    dt_norms_store(t, k);
    return t->err.code;
}

/* ---- the best fixed subset ---- */

/* What the agent keeps most often, as far as it fits. */
static enum dt_code frequent(struct dt_train *t, const struct dt_plan *agent, int *row)
{
    struct dt_budgetnet *s = t->state;
    dt_real *score = dt_arena_calloc(s->arena, (size_t)s->n, sizeof *score);
    struct dt_measured m = { 0 };

    if (!score) {
        dt_fail(&t->err, DT_ENOMEM, "out of memory for a subset");
        return t->err.code;
    }
    if (dt_plan_measure(t, agent, DT_VAL, true, &m) == DT_OK)
        for (int64_t i = 0; i < m.n; i++)
            for (int c = 0; c < s->n; c++)
                score[c] += (dt_real)m.rows[i * s->n + c];
    dt_free(m.rows);
    dt_costs_project(&s->cost, score, agent->cap + s->cost.agent / s->cost.full, row);
    return t->err.code;
}

static void random_subset(struct dt_train *t, double cap, int k, int number, int *row)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_rng rng =
        dt_rng_at((uint64_t)t->set->seed, DT_STREAM_POLICY, (uint32_t)-2 - (uint32_t)k, (uint32_t)number);
    int *on = dt_arena_calloc(s->arena, 2 * (size_t)s->n, sizeof *on), *order = on + s->n;

    if (!on)
        return;
    for (int i = 0; i < s->n; i++) {
        on[i] = 1;
        order[i] = i;
    }
    dt_rng_shuffle(&rng, order, s->n);
    dt_costs_thin(&s->cost, on, order, cap, row);
}

/* The best of `subsets` on validation images, each with statistics of its own. */
static enum dt_code choose_subset(struct dt_train *t, int k)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;
    int *row = dt_arena_calloc(s->arena, (size_t)s->n, sizeof *row);
    struct dt_plan agent = { .kind = DT_PLAN_AGENT, .cap = s->list[k], .condition = s->condition[k] };
    struct dt_plan p = { .kind = DT_PLAN_FIXED, .cap = s->list[k], .rows = row };
    double best = -1, got;

    if (!row)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for a subset");
    for (int i = 0; i < (int)cfg->subsets && !t->err.code && has_validation(t); i++) {
        if (i == 0 && frequent(t, &agent, row))
            return t->err.code;
        if (i > 0)
            random_subset(t, p.cap + s->cost.agent / s->cost.full, k, i, row);
        if (calibrate(t, &p) || accuracy(t, &p, &got))
            return t->err.code;
        if (got <= best)
            continue;
        best = got;
        for (int c = 0; c < s->n; c++)
            s->subset[(int64_t)k * s->n + c] = row[c];
    }
    return t->err.code;
}

/* ---- the critic ---- */
static bool judge_batch(struct dt_train *t, const struct dt_batch *b, int k, struct dt_rng *rng)
{
    struct dt_budgetnet *s = t->state;
    struct dt_anneal a = { .alpha = 1, .free = s->n };
    struct dt_tensor *x, *seen, *y = NULL;
    const dt_real *answer;

    dt_tape_reset(t->tape);
    dt_norms_back(t);
    answer = dt_budget_answer(t, b, NULL, (struct dt_run){ .training = false });
    dt_norms_load(t, k);
    dt_tape_no_grad(t->tape, true);
    for (int i = 0; i < b->n; i++)
        s->trial.budget[i] = s->trial.cap[i] = s->list[k];
    x = dt_budget_images(t, b, 0, b->n);
    seen = dt_budget_look(t, x, s->trial.budget, answer, (struct dt_run){ .training = false });
    if (!dt_budget_failed(t)) {
        dt_trial_see(t, seen);
        dt_trial_sample(t, b->n, 0, &a, rng);
        y = dt_budget_run(t, x, s->trial.keep, (struct dt_run){ .training = false });
    }
    dt_tape_no_grad(t->tape, false);
    if (dt_budget_failed(t))
        return false;
    (void)dt_trial_reward(t, s->trial.action, 0, y, b->label, s->trial.reward);
    for (int i = 0; i < b->n; i++)
        dt_rl_fit_add(&s->critic, s->trial.reward[i], s->trial.value[i]);
    return true;
}

enum dt_code dt_budget_critic(struct dt_train *t, int k)
{
    struct dt_loader *loader = dt_train_loader(t, DT_VAL);
    struct dt_rng rng = dt_train_rng(t, DT_STREAM_POLICY);
    struct dt_batch b;

    if (!loader)
        return t->err.code;
    dt_loader_start(loader, 0, 0);
    while (dt_loader_next(loader, &b, &t->err) && judge_batch(t, &b, k, &rng))
        ;
    dt_tape_reset(t->tape);
    return t->err.code;
}

/* ---- all of it ---- */
enum dt_code dt_budget_calibrate(struct dt_train *t)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);

    if (!s)
        return t->err.code;
    s->calibrated = false;
    s->critic = (struct dt_rl_fit){ 0 };
    dt_norms_save(t);
    for (int k = 0; k < s->n_list && !t->err.code; k++) {
        if (s->list[k] >= 1) { /* the full path: no agent */
            dt_norms_back(t);
            dt_norms_store(t, k);
            continue;
        }
        if (choose_condition(t, k) == DT_OK && has_validation(t) && dt_budget_critic(t, k) == DT_OK)
            (void)choose_subset(t, k);
        dt_log(DT_INFO, "budget %.3g: the agent is told %.3g", s->list[k], s->condition[k]);
    }
    dt_norms_back(t);
    s->calibrated = !t->err.code;
    return t->err.code;
}
