/* Which policy of the sweep is the result. Risk control is learn-then-test (Angelopoulos et al. 2021) with a fixed
 * sequence: from the safest policy to the cheapest, each must have an upper Clopper-Pearson bound on its excess loss
 * (wrong where the full network is right) within the limit. The walk ends at the first that has not: so the confidence
 * holds for the one that is taken, however many were tried. The images must not have been seen by the fit. */
#include <math.h>

#include "gating/bound.h"
#include "gating/exits.h"

/* Excess errors, errors and mean cost of one policy. */
struct outcome {
    int excess, wrong;
    double cost;
};

static struct outcome outcome_of(const struct dt_exits *e, const struct dt_samples *s, const struct dt_policies *p)
{
    bool top5 = e->cfg->policy.top == 5;
    int visited[DT_ROUTE_MAX_NODES];
    struct outcome o = { 0, 0, 0 };

    for (int i = 0; i < s->n; i++) {
        int n = dt_route_walk(&s->route, &e->policy.learn, p, i, visited);
        int state = dt_route_state(&s->route, visited[n - 1], n > 1 ? visited[n - 2] : -1);
        bool wrong = s->wrong[top5][state][i];

        o.wrong += wrong;
        o.excess += wrong && !s->full_wrong[top5][i];
        for (int k = 0; k < n; k++)
            o.cost += dt_route_go(&s->route, k ? visited[k - 1] : -1, visited[k]) / s->n;
    }
    return o;
}

int dt_exits_by_risk(const struct dt_exits *e, const struct dt_samples *s)
{
    double limit = e->cfg->risk.max_accuracy_loss, bound = 0, passed = 0;
    int chosen = 0;

    for (int i = 0; i < e->n; i++) {
        bound = dt_clopper_pearson(outcome_of(e, s, e->learned[i]).excess, s->n, e->cfg->risk.confidence);
        if (bound > limit)
            break;
        chosen = i;
        passed = bound;
    }
    if (chosen == 0)
        dt_log(DT_WARN,
               "no policy but the full network keeps the bound on its excess loss within %g%%: it is %.2f%% "
               "on %d images; more held-out images (data.val_split) or a higher risk.max_accuracy_loss help",
               100 * limit, 100 * bound, s->n);
    else
        dt_log(DT_INFO, "policy %d of %d: excess loss at most %.2f%% with confidence %g (%d images)", chosen, e->n - 1,
               100 * passed, e->cfg->risk.confidence, s->n);
    return chosen;
}

int dt_exits_by_cost(const struct dt_exits *e, const struct dt_samples *s, double most)
{
    struct outcome o, of_best = { 0, 0, 0 };
    int best = -1;

    for (int i = 0; i < e->n; i++) {
        o = outcome_of(e, s, e->learned[i]);
        if (o.cost > most || (best >= 0 && o.wrong >= of_best.wrong))
            continue;
        best = i;
        of_best = o;
    }
    return best;
}
