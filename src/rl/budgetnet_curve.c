/* The result: a point for every budget of the list, and who else spends as much: plans drawn at random, the best fixed
 * subset, the agent's plans given to other images, static networks. */
#include "rl/budgetnet.h"

#include <math.h>
#include <string.h>

#include "train/curve.h"
#include "train/latency.h"
#include "train/loop.h"

enum { TIMED = 24 }; /* images whose latency is measured */

struct job {
    struct dt_train *t;
    enum dt_split split;
    struct dt_curve *c;
    dt_real *image; /* [n_image,h,w,c], of the split */
    int n_image;
};

static void fill(struct dt_point *p, double budget, const struct dt_measured *m)
{
    p->budget = budget;
    p->accuracy = m->accuracy;
    p->top5 = m->top5;
    p->loss = m->loss;
    p->macs_mean = m->macs_mean;
    p->macs_std = m->macs_std;
    p->macs_max = m->macs_max;
}

/* ---- latency ---- */
static bool keep_images(struct job *j)
{
    struct dt_loader *loader = dt_train_loader(j->t, j->split);
    struct dt_shape in = dt_net_input(j->t->net);
    size_t one = (size_t)dt_numel(&in);
    struct dt_batch b;

    if (!loader)
        return false;
    dt_loader_start(loader, 0, 0);
    if (!dt_loader_next(loader, &b, &j->t->err))
        return false;
    j->n_image = b.n < TIMED ? b.n : TIMED;
    j->image = dt_calloc(one * (size_t)j->n_image, sizeof *j->image);
    if (!j->image)
        return dt_fail(&j->t->err, DT_ENOMEM, "out of memory for images");
    memcpy(j->image, b.x, one * (size_t)j->n_image * sizeof *j->image);
    return true;
}

static double latency(struct job *j, double budget)
{
    struct dt_budgetnet *s = j->t->state;
    double caps[TIMED], ms = NAN;
    struct dt_timed timed = {
        .net = j->t->net, .policy = &s->policy.base, .n = j->n_image, .image = j->image, .budget = caps
    };

    for (int i = 0; i < TIMED; i++)
        caps[i] = budget;
    if (dt_latency_net(j->t->tape, &timed, &ms, &j->t->err))
        return NAN;
    return ms;
}

/* ---- baselines ---- */
static enum dt_code rival(struct job *j, const struct dt_plan *p, const char *name, bool calibrate)
{
    const struct dt_budgetnet_cfg *cfg = j->t->cfg;
    struct dt_measured m;
    enum dt_code code = DT_OK;

    if (calibrate) { /* as good as it can be: statistics of its own */
        dt_norms_back(j->t);
        code = dt_plan_calibrate(j->t, p, cfg->calibrate);
    }
    if (!code)
        code = dt_plan_measure(j->t, p, j->split, false, &m);
    if (!code)
        fill(dt_curve_baseline(j->c, "%s, b=%.2f", name, p->cap), p->cap, &m);
    return code;
}

/* The agent's rows, each given to another image. Where it has one plan for all, that changes nothing. */
static enum dt_code shuffled(struct job *j, double budget, const struct dt_measured *m, double *accuracy)
{
    static const char name[] = "agent's plans, shuffled";
    const struct dt_budgetnet *s = j->t->state;
    struct dt_rng rng = dt_rng_at((uint64_t)j->t->set->seed, DT_STREAM_POLICY, (uint32_t)-1, 0);
    int *order, *other;
    struct dt_plan p = { .kind = DT_PLAN_ROWS, .cap = budget };
    enum dt_code code = DT_OK;

    if (m->distinct == 1) {
        fill(dt_curve_baseline(j->c, "%s, b=%.2f", name, budget), budget, m);
        *accuracy = m->accuracy;
        return DT_OK;
    }
    order = dt_calloc((size_t)m->n + 1, sizeof *order);
    p.rows = other = dt_calloc((size_t)m->n * (size_t)s->n + 1, sizeof *other);
    if (!order || !other) {
        dt_fail(&j->t->err, DT_ENOMEM, "out of memory for shuffled plans");
        code = DT_ENOMEM;
    } else {
        for (int i = 0; i < (int)m->n; i++)
            order[i] = i;
        dt_rng_shuffle(&rng, order, (int)m->n);
        for (int64_t i = 0; i < m->n; i++)
            memcpy(other + i * s->n, m->rows + (int64_t)order[i] * s->n, (size_t)s->n * sizeof *other);
        code = rival(j, &p, name, false);
        *accuracy = code ? NAN : j->c->baselines.at[j->c->baselines.n - 1]->accuracy;
    }
    dt_free(order);
    dt_free(other);
    return code;
}

static enum dt_code subset(struct job *j, int k)
{
    const struct dt_budgetnet *s = j->t->state;
    int *row = dt_calloc((size_t)s->n + 1, sizeof *row);
    struct dt_plan p = { .kind = DT_PLAN_FIXED, .cap = s->list[k], .rows = row };
    enum dt_code code;

    if (!row) {
        dt_fail(&j->t->err, DT_ENOMEM, "out of memory for a subset");
        return DT_ENOMEM;
    }
    for (int i = 0; i < s->n; i++)
        row[i] = s->subset[(int64_t)k * s->n + i] > 0;
    code = rival(j, &p, "best fixed subset", true);
    dt_free(row);
    return code;
}

/* ---- one budget ---- */
static struct dt_point *new_point(struct job *j, double budget, const struct dt_measured *m)
{
    struct dt_point *p = dt_curve_point(j->c, "b=%.2f", budget);

    fill(p, budget, m);
    p->latency_ms = latency(j, budget);
    dt_point_number(j->c, p, "used", m->used);
    dt_point_number(j->c, p, "policies", m->distinct);
    dt_point_number(j->c, p, "share_max", m->share_max);
    dt_point_number(j->c, p, "gap", m->gap);
    return p;
}

static enum dt_code rivals(struct job *j, double budget, const struct dt_measured *m, struct dt_point *p)
{
    const struct dt_budgetnet_cfg *cfg = j->t->cfg;
    const struct dt_budgetnet *s = j->t->state;
    struct dt_plan random = { .kind = DT_PLAN_RANDOM, .cap = budget };
    double accuracy = NAN;
    int k = dt_budget_bin(s, budget);
    bool chosen;
    enum dt_code code = shuffled(j, budget, m, &accuracy);

    dt_point_number(j->c, p, "shuffled", accuracy);
    if (!code)
        code = rival(j, &random, "random policy", true);
    chosen = s->calibrated && cfg->subsets > 0 && dt_dataset_info(j->t->data)->n[DT_VAL] > 0;
    if (!code && chosen && fabs(s->list[k] - budget) < 1e-9)
        code = subset(j, k);
    return code;
}

static enum dt_code one_budget(struct job *j, double budget)
{
    struct dt_measured m = { 0 };
    struct dt_point *p;
    struct dt_plan plan;
    enum dt_code code;

    if (budget >= 1) {
        p = dt_curve_point(j->c, "b=%.2f", budget);
        *p = (struct dt_point){ .name = p->name,
                                .budget = budget,
                                .accuracy = j->c->full.accuracy,
                                .top5 = j->c->full.top5,
                                .loss = j->c->full.loss,
                                .macs_mean = j->c->full.macs_mean,
                                .macs_std = 0,
                                .macs_max = j->c->full.macs_mean,
                                .latency_ms = j->c->full.latency_ms };
        j->c->target = budget == j->t->set->budget.target ? p : j->c->target;
        return DT_OK;
    }
    code = dt_plan_of(j->t, budget, &plan);
    if (!code)
        code = dt_plan_measure(j->t, &plan, j->split, true, &m);
    if (!code) {
        p = new_point(j, budget, &m);
        j->c->target = budget == j->t->set->budget.target ? p : j->c->target;
        code = rivals(j, budget, &m, p);
    }
    dt_free(m.rows);
    dt_norms_back(j->t);
    return code;
}

static enum dt_code all_budgets(struct job *j)
{
    const struct dt_budgetnet *s = j->t->state;
    bool listed = false;
    enum dt_code code = DT_OK;

    for (int i = 0; i < s->n_list && !code; i++) {
        listed = listed || s->list[i] == j->t->set->budget.target;
        code = one_budget(j, s->list[i]);
    }
    if (!code && !listed)
        code = one_budget(j, j->t->set->budget.target);
    return code;
}

enum dt_code dt_budget_curve(struct dt_train *t, enum dt_split split, struct dt_curve *c)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    struct job j = { .t = t, .split = split, .c = c };
    enum dt_code code;

    if (!s || dt_curve_full(t, split, c) || !keep_images(&j))
        return t->err.code;
    dt_norms_save(t);
    code = all_budgets(&j);
    dt_norms_back(t);
    if (!code)
        dt_budget_static_points(t, c);
    if (!code && s->critic.n > 0)
        dt_point_number(c, c->target, "critic_explained", dt_rl_fit_explained(&s->critic));
    dt_free(j.image);
    return t->err.code ? t->err.code : code;
}
