/* Sampled plans and what they earn.
 *
 * Actions are drawn from the bounded policy; what is run is as many of them as fit under the cap, in random order: the
 * promise at inference is hard, so the network is trained on plans that keep it. The cut belongs to the environment
 * (the gradient of the log probability of the actions stays unbiased); the reward charges for what was asked for. */
#include "rl/budgetnet.h"

#include <math.h>
#include <string.h>

#include "train/loop.h"

enum { MOST = 4096 }; /* choices of a network */

/* ---- schedules ---- */
struct dt_anneal dt_budget_anneal(const struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    const struct dt_budgetnet *s = t->state;
    double epoch = (double)t->epoch + (double)t->batch / (double)t->loop->per_epoch;
    double all = (double)(cfg->curriculum + cfg->epochs), done, released = 1;
    struct dt_anneal a;

    if (t->phase == 0)
        released = cfg->curriculum > 0 ? epoch / (0.7 * (double)cfg->curriculum) : 1;
    else
        epoch += (double)cfg->curriculum;
    done = all > 0 && epoch < all ? epoch / all : 1;
    a.alpha = cfg->learn.explore + (1 - cfg->learn.explore) * done;
    a.entropy = cfg->learn.entropy * pow(0.01, done);
    a.free = released < 1 ? 1 + (int)(released * s->n) : s->n;
    a.free = a.free > s->n ? s->n : a.free;
    return a;
}

int dt_trial_groups(const struct dt_train *t, int n)
{
    int groups = (int)((const struct dt_budgetnet_cfg *)t->cfg)->learn.groups;

    return n >= 4 * groups ? groups : 1;
}

/* ---- budgets ---- */
static double cap_of(const struct dt_budgetnet *s, double budget, int free)
{
    double forced = s->cost.fixed, loose = 0, floor = dt_costs_floor(&s->cost), share;

    for (int i = 0; i < s->n; i++)
        *(i < s->n - free ? &forced : &loose) += s->cost.each[i];
    if (free == s->n)
        return budget;
    share = (budget - floor) / (dt_costs_most(&s->cost) - floor);
    return (forced + share * loose) / s->cost.full;
}

void dt_trial_budgets(struct dt_train *t, int n, const struct dt_anneal *a, struct dt_rng *rng)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_trial *r = &((struct dt_budgetnet *)t->state)->trial;
    int groups = dt_trial_groups(t, n);
    for (int g = 0; g < groups; g++) {
        double b = s->low + (1 - s->low) * (g + dt_rng_uniform(rng)) / groups, cap = cap_of(s, b, a->free);

        for (int i = g * n / groups; i < (g + 1) * n / groups; i++) {
            r->budget[i] = b;
            r->cap[i] = cap;
        }
    }
}

/* ---- actions ---- */
void dt_trial_see(struct dt_train *t, const struct dt_tensor *seen)
{
    struct dt_budgetnet *s = t->state;
    int n = seen->shape.d[0];

    DT_ASSERT(seen->shape.d[1] == s->n + 1);
    memcpy(s->trial.seen, seen->data, (size_t)n * (size_t)(s->n + 1) * sizeof *s->trial.seen);
    for (int i = 0; i < n; i++)
        s->trial.value[i] = (double)seen->data[(int64_t)i * (s->n + 1) + s->n];
}

/* Those that are forced first, the others in random order. */
static void shuffle(int n, int free, struct dt_rng *rng, int *order)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    dt_rng_shuffle(rng, order + n - free, free);
}

void dt_trial_sample(struct dt_train *t, int n, int round, const struct dt_anneal *a, struct dt_rng *rng)
{
    struct dt_budgetnet *s = t->state;
    struct dt_trial *r = &s->trial;
    int64_t first = round * t->set->data.batch;
    int order[MOST], forced = s->n - a->free;

    DT_ASSERT(s->n <= MOST);
    for (int i = 0; i < n; i++) {
        const dt_real *z = r->seen + (int64_t)i * (s->n + 1) + forced;
        int *action = r->action + (first + i) * s->n;

        for (int k = 0; k < forced; k++)
            action[k] = 1;
        dt_rl_bernoulli_sample(z, a->free, a->alpha, rng, action + forced);
        r->log_prob[first + i] = dt_rl_bernoulli_log_prob(z, action + forced, a->free, a->alpha);
        shuffle(s->n, a->free, rng, order);
        dt_costs_thin(&s->cost, action, order, r->cap[i], r->keep + (first + i) * s->n);
    }
}

void dt_trial_likeliest(struct dt_train *t, int n, const struct dt_anneal *a, int *keep)
{
    const struct dt_budgetnet *s = t->state;
    dt_real score[MOST];

    for (int i = 0; i < n; i++, keep += s->n) {
        const dt_real *z = s->trial.seen + (int64_t)i * (s->n + 1);

        for (int k = 0; k < s->n; k++)
            score[k] = k < s->n - a->free ? (dt_real)INFINITY : z[k];
        dt_costs_project(&s->cost, score, s->trial.cap[i], keep);
        for (int k = 0; k < s->n; k++)
            keep[k] = keep[k] && score[k] >= 0;
    }
}

/* ---- rewards ---- */
int dt_trial_reward(struct dt_train *t, const int *asked, int from, const struct dt_tensor *logits, const int *label,
                    double *reward)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    const struct dt_budgetnet *s = t->state;
    int rows = logits->shape.d[0], classes = logits->shape.d[1], n_right = 0;
    double most = dt_costs_most(&s->cost);

    for (int i = 0; i < rows; i++) {
        bool right = dt_logit_rank(logits->data + (int64_t)i * classes, classes, label[from + i]) == 0;
        double used = dt_costs_share(&s->cost, asked + (int64_t)(from + i) * s->n);
        double multiplier = s->multiplier[dt_budget_bin(s, s->trial.budget[from + i])];

        reward[from + i] = dt_budget_reward(&cfg->reward, right, used, most, s->trial.cap[from + i], multiplier);
        n_right += right;
    }
    return n_right;
}

/* ---- advantages ---- */
static void leave_one_out(struct dt_train *t, int n, int rounds)
{
    struct dt_trial *r = &((struct dt_budgetnet *)t->state)->trial;
    int64_t batch = t->set->data.batch;
    double reward[64], base[64];

    DT_ASSERT(rounds <= 64);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < rounds; k++)
            reward[k] = r->reward[k * batch + i];
        dt_rl_leave_one_out(reward, 1, rounds, base);
        for (int k = 0; k < rounds; k++)
            r->base[k * batch + i] = base[k];
    }
}

/* One multiplier a budget of the list climbs while what is sampled costs more than was asked for. */
static void climb(struct dt_train *t, int n)
{
    enum { MOST_MULTIPLIER = 20 };
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;

    for (int b = 0; b < s->n_list; b++) {
        double excess = 0;
        int count = 0;

        for (int i = 0; i < n; i++)
            if (dt_budget_bin(s, s->trial.budget[i]) == b) {
                excess += dt_costs_share(&s->cost, s->trial.action + (int64_t)i * s->n) - s->trial.cap[i];
                count++;
            }
        if (count > 0)
            s->multiplier[b] =
                dt_rl_dual(s->multiplier[b], cfg->reward.multiplier_rate, excess / count, MOST_MULTIPLIER);
    }
}

void dt_trial_judge(struct dt_train *t, int n)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;
    struct dt_trial *r = &s->trial;
    int64_t batch = t->set->data.batch;
    int rounds = (int)cfg->learn.samples, groups = dt_trial_groups(t, n);

    if (cfg->learn.baseline == DT_BASELINE_LEAVE_ONE_OUT)
        leave_one_out(t, n, rounds);
    for (int g = 0; g < groups; g++)
        for (int i = g * n / groups; i < (g + 1) * n / groups; i++)
            r->bin[i] = g;
    for (int k = 0; k < rounds; k++) {
        double *advantage = r->advantage + k * batch;

        for (int i = 0; i < n; i++) {
            double base = cfg->learn.baseline == DT_BASELINE_CRITIC          ? r->value[i]
                          : cfg->learn.baseline == DT_BASELINE_LEAVE_ONE_OUT ? r->base[k * batch + i]
                                                                             : r->base[i];

            advantage[i] = r->reward[k * batch + i] - base;
        }
        dt_rl_normalise(advantage, r->bin, n, groups);
    }
    if (cfg->reward.name == DT_REWARD_LAGRANGIAN)
        climb(t, n);
}

/* ---- the gradient ---- */
/* One row of one round: policy, entropy, value; returns its part of the loss. */
static double row_gradient(const struct dt_train *t, int64_t at, const struct dt_anneal *a, const dt_real *now,
                           double scale, dt_real *grad)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    const struct dt_budgetnet *s = t->state;
    const struct dt_trial *r = &s->trial;
    int forced = s->n - a->free;
    const int *action = r->action + at * s->n + forced;
    double log_prob = dt_rl_bernoulli_log_prob(now + forced, action, a->free, a->alpha), weight, gain, miss;

    gain = dt_rl_ppo(r->advantage[at], log_prob, r->log_prob[at], cfg->learn.clip, &weight);
    dt_rl_bernoulli_score(now + forced, action, a->free, a->alpha, -scale * weight, grad + forced);
    dt_rl_bernoulli_entropy_grad(now + forced, a->free, a->alpha, -scale * a->entropy, grad + forced);
    miss = (double)now[s->n] - r->reward[at];
    grad[s->n] += (dt_real)(2 * scale * cfg->learn.value * miss);
    return scale * (cfg->learn.value * miss * miss - gain -
                    a->entropy * dt_rl_bernoulli_entropy(now + forced, a->free, a->alpha));
}

/* Var over the images of a group of every choice's probability, to be large: a policy that says the same of all images
 * is what the first rewards lead to, and then no body can specialise (Bengio et al. 2016). */
static double spread(const struct dt_train *t, const struct dt_anneal *a, const struct dt_tensor *seen, double scale)
{
    const struct dt_budgetnet *s = t->state;
    int n = seen->shape.d[0], wide = s->n + 1, groups = dt_trial_groups(t, n);
    double sum = 0;

    for (int g = 0; g < groups; g++)
        for (int k = s->n - a->free; k < s->n; k++) {
            int from = g * n / groups, to = (g + 1) * n / groups;
            double mean = 0;

            for (int i = from; i < to; i++)
                mean += dt_rl_bernoulli_prob((double)seen->data[(int64_t)i * wide + k], 1) / (to - from);
            for (int i = from; i < to; i++) {
                double p = dt_rl_bernoulli_prob((double)seen->data[(int64_t)i * wide + k], 1), d = p - mean;

                sum += d * d;
                s->trial.grad[(int64_t)i * wide + k] -= (dt_real)(scale / n * 2 * d * p * (1 - p));
            }
        }
    return -scale * sum / n;
}

double dt_trial_gradient(struct dt_train *t, const struct dt_anneal *a, const struct dt_tensor *seen, double scale)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;
    int64_t batch = t->set->data.batch;
    int n = seen->shape.d[0], wide = s->n + 1, rounds = (int)cfg->learn.samples;
    double loss = 0;

    memset(s->trial.grad, 0, (size_t)n * (size_t)wide * sizeof *s->trial.grad);
    for (int k = 0; k < rounds; k++)
        for (int i = 0; i < n; i++)
            loss += row_gradient(t, k * batch + i, a, seen->data + (int64_t)i * wide, scale / (n * rounds),
                                 s->trial.grad + (int64_t)i * wide);
    return loss + spread(t, a, seen, scale * cfg->learn.spread);
}
