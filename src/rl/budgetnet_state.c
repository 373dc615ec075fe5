/* What a run of budgetnet keeps: made from config and net; part of it is visited, so that a checkpoint has it. */
#include "rl/budgetnet.h"

#include <string.h>

#include "train/loop.h"

/* ---- checks that need the network ---- */
static bool check_choices(struct dt_train *t)
{
    const struct dt_space *space = dt_net_space(t->net);

    for (int i = 0; i < space->n; i++)
        DT_ASSERT(space->choice[i].kind == DT_KEEP); /* what models with model.dynamic own */
    return true;
}

static bool check_budget(struct dt_train *t, const char *key, double budget)
{
    const struct dt_budgetnet *s = t->state;
    double floor = dt_costs_floor(&s->cost);

    return budget >= floor || dt_fail(&t->err, DT_ECONFIG,
                                      "budget.%s: %g is below the floor of this network: %.4f of its cost is "
                                      "spent with nothing kept (stem, shortcuts, classifier, agent)",
                                      key, budget, floor);
}

static bool check_budgets(struct dt_train *t)
{
    const struct dt_budgetnet *s = t->state;
    bool ok = check_budget(t, "target", t->set->budget.target);

    for (int i = 0; i < s->n_list && ok; i++)
        ok = check_budget(t, "list", s->list[i]);
    return ok;
}

/* ---- the table of costs ---- */
static bool write_table(struct dt_train *t)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_json *o = dt_json_object(), *each = dt_json_put(o, "ms", dt_json_object());
    char path[DT_PATH];
    enum dt_code code;

    dt_json_num(o, "full", s->cost.full);
    dt_json_num(o, "fixed", s->cost.fixed);
    for (int i = 0; i < s->n; i++)
        dt_json_num(each, dt_net_space(t->net)->choice[i].path, s->cost.each[i]);
    code = dt_json_save(o, dt_rundir_file(&t->loop->dir, "latency.json", path, sizeof path), &t->err);
    dt_json_free(o);
    return code == DT_OK;
}

enum dt_code dt_budget_price(struct dt_train *t)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    struct dt_budget_policy looks;

    if (!s)
        return t->err.code;
    if (t->set->budget.unit == DT_UNIT_LATENCY && s->cost.full <= 0) { /* once: a resumed run has the numbers */
        looks = s->policy;
        looks.base.decide = NULL;
        if (dt_costs_of_latency(t->tape, t->net, &looks.base, s->arena, &s->cost, &t->err) ||
            (*t->loop->dir.path && !write_table(t)))
            return t->err.code;
    }
    (void)check_budgets(t);
    return t->err.code;
}

/* ---- making it ---- */
static bool alloc_trial(struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;
    struct dt_trial *r = &s->trial;
    size_t n = (size_t)(t->set->data.batch * cfg->learn.samples), k = (size_t)s->n;

    r->budget = dt_arena_calloc(s->arena, n, sizeof *r->budget);
    r->cap = dt_arena_calloc(s->arena, n, sizeof *r->cap);
    r->log_prob = dt_arena_calloc(s->arena, n, sizeof *r->log_prob);
    r->value = dt_arena_calloc(s->arena, n, sizeof *r->value);
    r->reward = dt_arena_calloc(s->arena, n, sizeof *r->reward);
    r->base = dt_arena_calloc(s->arena, n, sizeof *r->base);
    r->advantage = dt_arena_calloc(s->arena, n, sizeof *r->advantage);
    r->bin = dt_arena_calloc(s->arena, n, sizeof *r->bin);
    r->action = dt_arena_calloc(s->arena, n * k, sizeof *r->action);
    r->keep = dt_arena_calloc(s->arena, n * k, sizeof *r->keep);
    r->seen = dt_arena_calloc(s->arena, n * (k + 1), sizeof *r->seen);
    r->grad = dt_arena_calloc(s->arena, n * (k + 1), sizeof *r->grad);
    r->answer = dt_arena_calloc(s->arena, n, sizeof *r->answer);
    return r->budget && r->cap && r->log_prob && r->value && r->reward && r->base && r->advantage && r->bin &&
           r->action && r->keep && r->seen && r->grad && r->answer;
}

static bool alloc_numbers(struct dt_train *t)
{
    struct dt_budgetnet *s = t->state;

    s->n_norm = dt_norms_size(dt_net_root(t->net));
    s->norm = dt_arena_calloc(s->arena, (size_t)s->n_norm + 1, sizeof *s->norm);
    s->condition = dt_arena_calloc(s->arena, (size_t)s->n_list, sizeof *s->condition);
    s->multiplier = dt_arena_calloc(s->arena, (size_t)s->n_list, sizeof *s->multiplier);
    s->subset = dt_arena_calloc(s->arena, (size_t)s->n_list * (size_t)s->n, sizeof *s->subset);
    s->cost.n = s->n;
    s->cost.each = dt_arena_calloc(s->arena, (size_t)s->n, sizeof *s->cost.each);
    for (int i = 0; i < s->n_list && s->condition; i++)
        s->condition[i] = s->list[i];
    return s->norm && s->condition && s->multiplier && s->subset && s->cost.each && alloc_trial(t);
}

static bool make(struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = t->state;

    s->n = dt_net_space(t->net)->n;
    s->list = t->set->budget.list.v;
    s->n_list = t->set->budget.list.n;
    s->low = s->list[0];
    for (int i = 1; i < s->n_list; i++)
        s->low = s->list[i] < s->low ? s->list[i] : s->low;
    s->threshold = cfg->policy.decide == DT_DECIDE_THRESHOLD;
    s->agent_optim = (struct dt_optim_cfg){ .name = DT_ADAM,
                                            .lr = cfg->policy.lr,
                                            .beta1 = 0.9,
                                            .beta2 = 0.999,
                                            .eps = 1e-8,
                                            .clip_norm = 1,
                                            .schedule = { .name = DT_CONSTANT } };
    dt_budget_policy_init(s, t->net, cfg->policy.at);
    if (!check_choices(t) || !alloc_numbers(t))
        return dt_fail(&t->err, DT_ENOMEM, "out of memory for the state of budgetnet");
    if (dt_costs_of_macs(t->net, &s->policy.base, s->arena, &s->macs, &t->err))
        return false;
    if (t->set->budget.unit == DT_UNIT_MACS) {
        s->cost.full = s->macs.full;
        s->cost.fixed = s->macs.fixed;
        s->cost.agent = s->macs.agent;
        memcpy(s->cost.each, s->macs.each, (size_t)s->n * sizeof *s->cost.each);
    }
    return true;
}

struct dt_budgetnet *dt_budgetnet_state(struct dt_train *t)
{
    struct dt_budgetnet *s = t->state;

    if (s->arena)
        return t->err.code ? NULL : s; /* what failed half-made is not used */
    s->arena = dt_arena_new(0, &t->err);
    return s->arena && make(t) ? s : NULL;
}

void dt_budget_visit(struct dt_train *t, struct dt_visit *v)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    double *critic[] = { &s->critic.n, &s->critic.reward, &s->critic.reward2, &s->critic.error, &s->critic.error2 };
    static const char *const name[] = { "critic_n", "critic_reward", "critic_reward2", "critic_error",
                                        "critic_error2" };

    if (!s)
        return; /* t->err has it */
    dt_visit_bool(v, "calibrated", &s->calibrated);
    dt_visit_reals(v, "condition", s->condition, s->n_list);
    dt_visit_reals(v, "multiplier", s->multiplier, s->n_list);
    dt_visit_real(v, "cost_full", &s->cost.full);
    dt_visit_real(v, "cost_fixed", &s->cost.fixed);
    dt_visit_real(v, "cost_agent", &s->cost.agent);
    dt_visit_reals(v, "subset", s->subset, (int64_t)s->n_list * s->n);
    dt_visit_reals(v, "cost", s->cost.each, s->n);
    for (int i = 0; i < 5; i++)
        dt_visit_real(v, name[i], critic[i]);
}

void dt_budget_close(struct dt_train *t)
{
    struct dt_budgetnet *s = t->state;

    dt_loader_free(s->calibration);
    dt_arena_free(s->arena);
}
