/* Fitting an exit policy, running it, keeping it: see exits.h. */
#include "gating/exits.h"

#include <math.h>
#include <string.h>

#include "data/split.h"

enum { FIT_PART = 2 }; /* of dt_split_validation */

/* ---- state ---- */

static bool alloc_learned(struct dt_exits *e, int n_budgets)
{
    e->n = (int)e->cfg->sweep.points + 1;
    e->n_budgets = n_budgets;
    e->learned = dt_arena_calloc(e->arena, (size_t)e->n, sizeof *e->learned);
    e->threshold = dt_arena_calloc(e->arena, DT_THRESHOLDS * (size_t)e->policy.heads.n, sizeof(double));
    e->at_budget = dt_arena_calloc(e->arena, (size_t)n_budgets + 1, sizeof(double));
    for (int i = 0; e->learned && i < e->n; i++) {
        e->learned[i] = dt_policies_new(&e->policy.route, &e->policy.learn, e->arena);
        if (!e->learned[i])
            return false;
    }
    return e->learned && e->threshold && e->at_budget;
}

enum dt_code dt_exits_open(struct dt_train *t, struct dt_exits *e, const struct dt_exits_cfg *cfg)
{
    int classes = dt_dataset_info(t->data)->classes;
    struct dt_exit_policy_cfg policy;

    if (e->arena)
        return DT_OK;
    if (t->set->model.classes > 0)
        classes = (int)t->set->model.classes;
    policy = dt_exits_policy_cfg(cfg, classes, (uint64_t)t->set->seed);
    e->cfg = cfg;
    e->arena = dt_arena_new(0, &t->err);
    if (!e->arena || dt_exit_policy_open(&e->policy, t->net, &policy, e->arena, &t->err))
        return t->err.code;
    e->policy.learn.passes = (int)cfg->policy.passes;
    if (!alloc_learned(e, t->set->budget.list.n))
        dt_fail(&t->err, DT_ENOMEM, "out of memory for %d policies", e->n);
    return t->err.code;
}

void dt_exits_close(struct dt_exits *e)
{
    dt_arena_free(e->arena);
    e->arena = NULL;
}

void dt_exits_visit(struct dt_exits *e, struct dt_visit *v)
{
    int nodes = e->policy.heads.n, n;
    double *row;
    char name[32];

    dt_visit_bool(v, "fitted", &e->fitted);
    if (!e->fitted)
        return;
    dt_visit_i64(v, "target", &e->target);
    dt_visit_reals(v, "at_budget", e->at_budget, e->n_budgets + 1);
    dt_visit_reals(v, "threshold", e->threshold, (int64_t)DT_THRESHOLDS * nodes);
    n = dt_policies_flat(&e->policy.route, &e->policy.learn, e->learned[0], NULL, false);
    row = dt_arena_calloc(e->arena, (size_t)n, sizeof *row);
    for (int i = 0; row && i < e->n; i++) {
        snprintf(name, sizeof name, "policy%04d", i);
        dt_policies_flat(&e->policy.route, &e->policy.learn, e->learned[i], row, false);
        dt_visit_reals(v, name, row, n);
        dt_policies_flat(&e->policy.route, &e->policy.learn, e->learned[i], row, true);
    }
    if (!row)
        e->fitted = false; /* out of memory: a checkpoint without policies, to be fitted again */
}

/* ---- fit ---- */

/* Learning a sweep: the trade-offs are independent of each other. */
struct sweep {
    struct dt_exits *e;
    const struct dt_route *route;
    struct dt_err *err; /* [n] */
};

/* Point 0 is the full network alone; then from dear errors to cheap ones. */
static double tradeoff_of(const struct dt_exits *e, int i)
{
    const struct dt_exits_sweep_cfg *s = &e->cfg->sweep;

    return s->points < 2 ? s->to : s->to * pow(s->from / s->to, (i - 1.0) / ((double)s->points - 1));
}

static void learn_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct sweep *s = ctx;

    (void)chunk;
    for (int64_t i = begin; i < end; i++)
        (void)(dt_route_learn(s->route, &s->e->policy.learn, tradeoff_of(s->e, (int)i + 1), s->e->learned[i + 1],
                              &s->err[i]) == DT_OK);
}

static enum dt_code learn(struct dt_train *t, struct dt_exits *e, const struct dt_route *route)
{
    struct sweep s = { e, route, dt_calloc((size_t)e->n, sizeof(struct dt_err)) };

    if (!s.err) {
        dt_fail(&t->err, DT_ENOMEM, "out of memory for %d policies", e->n);
        return DT_ENOMEM;
    }
    e->learned[0]->start = route->n_nodes - 1;
    e->learned[0]->tradeoff = INFINITY;
    dt_par_for(e->n - 1, 1, learn_chunk, &s);
    for (int i = 0; i + 1 < e->n && !t->err.code; i++)
        if (s.err[i].code)
            t->err = s.err[i];
    dt_free(s.err);
    return t->err.code;
}

static void tell(const struct dt_exits *e, const struct dt_samples *s, const double *macs)
{
    const struct dt_heads *h = &e->policy.heads;

    for (int k = 0; k < h->n; k++) {
        int wrong = 0;

        for (int i = 0; i < s->n; i++)
            wrong += s->wrong[0][dt_route_state(&s->route, k, -1)][i];
        dt_log(DT_INFO, "%-32s %6.2f%% of %d held-out images, %.2fM MACs when met first", h->path[k],
               100 - 100.0 * wrong / s->n, s->n, macs[k] / 1e6);
    }
}

/* Everything that is chosen on the second part. */
static enum dt_code choose(struct dt_train *t, struct dt_exits *e, const struct dt_samples *s, double full)
{
    const struct dt_budget_cfg *budget = &t->set->budget;

    for (int i = 0; i < e->n_budgets; i++)
        e->at_budget[i] = dt_exits_by_cost(e, s, budget->list.v[i] * full);
    if (e->cfg->risk.max_accuracy_loss > 0) {
        e->target = dt_exits_by_risk(e, s);
    } else {
        e->target = dt_exits_by_cost(e, s, budget->target * full);
        if (e->target < 0) {
            dt_log(DT_WARN, "no policy costs as little as budget.target = %g: the cheapest is the result",
                   budget->target);
            e->target = e->n - 1;
        }
    }
    return DT_OK;
}

/* Parts one and two of the held-out images. */
struct parts {
    struct dt_samples s[2];
    int *order, n[2];
};

static enum dt_code take_parts(struct dt_train *t, struct dt_exits *e, const struct dt_cache *c, struct parts *p)
{
    const struct dt_exits_policy_cfg *cfg = &e->cfg->policy;
    const int *image;

    p->n[1] = (int)lround(c->n * e->cfg->risk.calibration);
    p->n[0] = c->n - p->n[1];
    p->order = dt_calloc((size_t)c->n, sizeof *p->order);
    if (!p->order)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for %d images", c->n);
    if (t->err.code || !dt_split_validation(c->n, p->n[1], (uint64_t)t->set->seed, FIT_PART, p->order, &t->err))
        return t->err.code;
    image = p->order;
    if (dt_cache_fit_blends(c, &e->policy, image, p->n[0], cfg->temperature, &t->err))
        return t->err.code;
    for (int k = 0; k < 2; image += p->n[k++])
        if (dt_samples_take(t, c, &e->policy, image, p->n[k], cfg->loss, cfg->top == 5, &p->s[k]))
            return t->err.code;
    return DT_OK;
}

static enum dt_code fit_parts(struct dt_train *t, struct dt_exits *e, struct parts *p)
{
    int nodes = e->policy.heads.n, unit = t->set->budget.unit;
    size_t n = (size_t)(nodes + 1) * (size_t)nodes;
    double *macs = dt_arena_calloc(e->arena, 2 * n, sizeof *macs), *go, full_macs, full;

    if (!macs) {
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the costs of the exits");
        return DT_ENOMEM;
    }
    go = macs + n;
    if (dt_exit_costs(&e->policy, DT_UNIT_MACS, NULL, e->allowed, macs, &full_macs, &t->err) ||
        dt_exit_costs(&e->policy, unit, t->tape, e->allowed, go, &full, &t->err))
        return t->err.code;
    for (size_t i = 0; i < n; i++)
        go[i] /= full; /* so that a trade-off is the price of an error in runs of the full network */
    p->s[0].route.go = p->s[1].route.go = go;
    tell(e, &p->s[0], macs);
    if (learn(t, e, &p->s[0].route))
        return t->err.code;
    for (int i = 0; i < DT_THRESHOLDS; i++)
        if (dt_thresholds_fit(&p->s[0], dt_threshold_ratio(i), e->threshold + i * nodes, &t->err))
            return t->err.code;
    return choose(t, e, &p->s[1], 1);
}

enum dt_code dt_exits_fit(struct dt_train *t, struct dt_exits *e)
{
    struct dt_cache cache = { .arena = NULL };
    struct parts p = { .order = NULL };
    enum dt_code code;

    if (dt_dataset_info(t->data)->n[DT_VAL] < 4) {
        dt_fail(&t->err, DT_ECONFIG, "%s: exit policies are fitted to held-out images: set data.val_split",
                t->method->name);
        return t->err.code;
    }
    code = dt_cache_fill(t, &e->policy, DT_VAL, &cache);
    if (code)
        dt_fail(&t->err, code, "stopped while the exits answered the held-out images");
    else
        code = take_parts(t, e, &cache, &p);
    if (!code)
        code = fit_parts(t, e, &p);
    if (!code) {
        e->fitted = true;
        dt_exit_policy_set(&e->policy, e->learned[e->target]);
    }
    dt_samples_free(&p.s[0]);
    dt_samples_free(&p.s[1]);
    dt_free(p.order);
    dt_cache_free(&cache);
    return code;
}
