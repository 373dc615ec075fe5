/* An exit policy over a split, beside what it is to be compared with, all from one cache:
 *
 *   learned       each policy of the sweep
 *   oracle        knows for each image what every exit would answer and takes the cheapest way to the best value
 *   threshold     MSDNet's rule on the largest probability
 *   random        stops as often at each exit as the result does, but anywhere: its accuracy is an exact expectation
 *   fixed         always the same exit */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gating/exits.h"
#include "train/latency.h"

enum { MOST_PATHS = 4096 };

struct path { /* a way through the nodes, as a set of bits: nodes are visited in order */
    uint64_t nodes;
    double ms;
};
struct comparison {
    struct dt_train *t;
    struct dt_exits *e;
    struct dt_curve *curve;
    const struct dt_samples *s;
    double *macs, full_macs; /* dt_exit_costs */
    struct path *path;
    int n_paths;
};

/* How a rule leads sample i: visited nodes, their number. */
typedef int way_fn(const struct comparison *c, const void *rule, int i, int *visited);

/* ---- time ---- */

static uint64_t bits_of(const int *visited, int n)
{
    uint64_t bits = 0;

    for (int k = 0; k < n; k++)
        bits |= (uint64_t)1 << visited[k];
    return bits;
}

/* Milliseconds of one image that goes this way, measured when it is first met. */
static double ms_of(struct comparison *c, const int *visited, int n)
{
    struct dt_exit_policy forced = c->e->policy;
    struct dt_timed timed = { .net = c->t->net, .policy = &forced.base, .n = 1 };
    uint64_t bits = bits_of(visited, n);
    double ms = NAN;
    int *row;

    for (int i = 0; i < c->n_paths; i++)
        if (c->path[i].nodes == bits)
            return c->path[i].ms;
    if (c->t->err.code || c->n_paths == MOST_PATHS)
        return NAN;
    forced.base.decide = NULL; /* looks all the same */
    row = dt_calloc((size_t)dt_net_space(c->t->net)->n + 1, sizeof *row);
    if (!row) {
        dt_fail(&c->t->err, DT_ENOMEM, "out of memory for a row of choices");
        return NAN;
    }
    dt_exit_policy_row(&c->e->policy, visited, n, row);
    timed.row = row;
    if (dt_latency_net(c->t->tape, &timed, &ms, &c->t->err) == DT_OK)
        c->path[c->n_paths++] = (struct path){ bits, ms };
    dt_free(row);
    return ms;
}

/* ---- points ---- */

static int state_of(const struct comparison *c, const int *visited, int n)
{
    return dt_route_state(&c->s->route, visited[n - 1], n > 1 ? visited[n - 2] : -1);
}

static double macs_of(const struct comparison *c, const int *visited, int n)
{
    double sum = 0;

    for (int k = 0; k < n; k++)
        sum += c->macs[((k ? visited[k - 1] : -1) + 1) * c->e->policy.heads.n + visited[k]];
    return sum;
}

static void fill_point(struct comparison *c, struct dt_point *p, way_fn *way, const void *rule)
{
    int visited[DT_ROUTE_MAX_NODES], n_samples = c->s->n, nodes = c->e->policy.heads.n;
    double share[DT_ROUTE_MAX_NODES] = { 0 }, one = 1.0 / n_samples, square = 0;
    char name[32];

    p->accuracy = p->top5 = p->macs_mean = p->macs_max = p->latency_ms = 0;
    for (int i = 0; i < n_samples; i++) {
        int n = way(c, rule, i, visited), state = state_of(c, visited, n);
        double macs = macs_of(c, visited, n);

        p->accuracy += one * !c->s->wrong[0][state][i];
        p->top5 += one * !c->s->wrong[1][state][i];
        p->macs_mean += one * macs;
        square += one * macs * macs;
        p->macs_max = fmax(p->macs_max, macs);
        p->latency_ms += one * ms_of(c, visited, n);
        share[visited[n - 1]] += one;
    }
    p->macs_std = sqrt(fmax(0, square - p->macs_mean * p->macs_mean));
    for (int k = 0; k < nodes; k++) {
        snprintf(name, sizeof name, "exit%d %%", k + 1);
        dt_point_number(c->curve, p, name, 100 * share[k]);
    }
}

static int way_of_policy(const struct comparison *c, const void *rule, int i, int *visited)
{
    return dt_route_walk(&c->s->route, &c->e->policy.learn, rule, i, visited);
}

static int way_of_node(const struct comparison *c, const void *rule, int i, int *visited)
{
    (void)c;
    (void)i;
    visited[0] = *(const int *)rule;
    return 1;
}

static int way_of_thresholds(const struct comparison *c, const void *rule, int i, int *visited)
{
    const double *threshold = rule;
    int n = 0;

    do
        visited[n] = n;
    while (c->s->sure[n][i] < threshold[n] && ++n + 1 < c->e->policy.heads.n);
    visited[n] = n;
    return n + 1;
}

/* rule: the trade-off. The cheapest way to a node is the one that passes all others. */
static int way_of_oracle(const struct comparison *c, const void *rule, int i, int *visited)
{
    double best = INFINITY;

    for (int k = 0; k < c->e->policy.heads.n; k++) {
        double value = c->macs[k] / c->full_macs +
                       *(const double *)rule * c->s->route.loss[dt_route_state(&c->s->route, k, -1)][i];

        if (value < best) {
            best = value;
            visited[0] = k;
        }
    }
    return 1;
}

/* ---- the curve ---- */

static bool differs(const struct dt_points *list)
{
    const struct dt_point *a, *b;

    if (list->n < 2)
        return true;
    a = list->at[list->n - 1];
    b = list->at[list->n - 2];
    return a->accuracy != b->accuracy || a->macs_mean != b->macs_mean;
}

/* Every policy of the sweep, but those that do on this split what the one before does. */
static void add_learned(struct comparison *c)
{
    struct dt_exits *e = c->e;
    struct dt_point *p;
    bool named;

    for (int i = 0; i < e->n; i++) {
        if (i == 0)
            p = dt_curve_point(c->curve, "no exits");
        else
            p = dt_curve_point(c->curve, "error = %.3g runs", e->learned[i]->tradeoff);
        fill_point(c, p, way_of_policy, e->learned[i]);
        named = i == (int)e->target;
        for (int b = 0; b < e->n_budgets; b++)
            if ((int)e->at_budget[b] == i) {
                p->budget = c->t->set->budget.list.v[b];
                named = true;
            }
        if (i == (int)e->target)
            c->curve->target = p;
        if (!named && !differs(&c->curve->points))
            c->curve->points.n--;
    }
}

/* Stops where the result stops, as often, but at random images: so the accuracy is that of each stop on all images. */
static void add_random(struct comparison *c)
{
    const struct dt_policies *result = c->e->learned[c->e->target];
    struct dt_point *p = dt_curve_baseline(c->curve, "random, at the cost of the result");
    const struct dt_point *like = c->curve->target;
    int visited[DT_ROUTE_MAX_NODES], n_samples = c->s->n, states = dt_route_states(&c->s->route);
    double right[2] = { 0, 0 }, *share = dt_calloc((size_t)states, sizeof *share);

    if (!share) {
        dt_fail(&c->t->err, DT_ENOMEM, "out of memory for a baseline");
        return;
    }
    for (int i = 0; i < n_samples; i++)
        share[state_of(c, visited, way_of_policy(c, result, i, visited))] += 1.0 / n_samples;
    for (int s = 0; s < states; s++)
        for (int j = 0; j < 2; j++)
            for (int i = 0; i < n_samples && share[s] > 0; i++)
                right[j] += share[s] * !c->s->wrong[j][s][i] / n_samples;
    dt_free(share);
    p->accuracy = right[0];
    p->top5 = right[1];
    p->macs_mean = like->macs_mean;
    p->macs_std = like->macs_std;
    p->macs_max = like->macs_max;
    p->latency_ms = like->latency_ms;
}

static void add_baselines(struct comparison *c)
{
    static const double prices[] = { 1000, 0.9, 0.5, 0.2 };
    int nodes = c->e->policy.heads.n;

    add_random(c);
    for (int k = 0; k < nodes; k++)
        fill_point(c, dt_curve_baseline(c->curve, "always %s", c->e->policy.heads.path[k]), way_of_node, &k);
    for (int i = 0; i < DT_THRESHOLDS; i++)
        fill_point(c, dt_curve_baseline(c->curve, "threshold, ratio %.3g", dt_threshold_ratio(i)), way_of_thresholds,
                   c->e->threshold + i * nodes);
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        fill_point(c, dt_curve_baseline(c->curve, "oracle, error = %.3g runs", prices[i]), way_of_oracle, &prices[i]);
        if (i > 0 && !differs(&c->curve->baselines))
            c->curve->baselines.n--;
    }
}

static enum dt_code compare(struct dt_train *t, struct dt_exits *e, const struct dt_samples *s, struct dt_curve *curve)
{
    struct comparison c = { .t = t, .e = e, .curve = curve, .s = s };
    size_t n = (size_t)e->policy.heads.n;

    c.macs = dt_calloc(n * (n + 1), sizeof *c.macs);
    c.path = dt_calloc(MOST_PATHS, sizeof *c.path);
    if (!c.macs || !c.path)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for a comparison");
    /* without `allowed`: the baselines may go where the policy may not */
    else if (dt_exit_costs(&e->policy, DT_UNIT_MACS, NULL, NULL, c.macs, &c.full_macs, &t->err) == DT_OK) {
        add_learned(&c);
        add_baselines(&c);
    }
    dt_free(c.macs);
    dt_free(c.path);
    return t->err.code;
}

enum dt_code dt_exits_curve(struct dt_train *t, struct dt_exits *e, enum dt_split split, struct dt_curve *curve)
{
    struct dt_cache cache = { .arena = NULL };
    struct dt_samples s = { .arena = NULL };
    enum dt_code code = dt_curve_full(t, split, curve);
    int *all = NULL;
    size_t n = (size_t)e->policy.heads.n;
    double *go = NULL, full;

    curve->target = &curve->full;
    if (code || !e->fitted)
        return code;
    code = dt_cache_fill(t, &e->policy, split, &cache);
    if (!code) {
        all = dt_calloc((size_t)cache.n + 1, sizeof *all);
        go = dt_calloc(n * (n + 1), sizeof *go);
        if (!all || !go)
            dt_fail(&t->err, DT_ENOMEM, "out of memory for a comparison over %d images", cache.n);
        for (int i = 0; all && i < cache.n; i++)
            all[i] = i;
        code = t->err.code;
    }
    if (!code)
        code = dt_exit_costs(&e->policy, DT_UNIT_MACS, NULL, e->allowed, go, &full, &t->err);
    if (!code)
        code = dt_samples_take(t, &cache, &e->policy, all, cache.n, e->cfg->policy.loss, e->cfg->policy.top == 5, &s);
    s.route.go = go; /* which ways there are */
    if (!code)
        code = compare(t, e, &s, curve);
    dt_samples_free(&s);
    dt_cache_free(&cache);
    dt_free(all);
    dt_free(go);
    return code;
}
