/* Learning a policy for one trade-off, last node first: see route.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gating/route.h"

struct learn {
    const struct dt_route *r;
    const struct dt_route_cfg *cfg;
    struct dt_policies *p;
    struct dt_err *err;
    double *value;      /* [states][n_samples]: cost to come under the policy so far */
    double *now, *gain; /* [n_samples] */
    struct ranked *ranked;
    int *row, n_rows;         /* the samples that count for the decision at hand */
    int *reached, *n_reached; /* [states][n_samples], [states]: who comes there */
    double *fitted;           /* parameters of the candidate */
};
struct ranked {
    double score, gain;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->score, y = ((const struct ranked *)b)->score;

    return (x < y) - (x > y);
}

/* The bias shift with which the scored samples gain most in truth, and that gain: yes for a prefix of the falling
 * scores.
 */
static double best_cut(struct ranked *v, int n, double *shift)
{
    double sum = 0, best = 0;

    *shift = -INFINITY;
    qsort(v, (size_t)n, sizeof *v, by_score);
    for (int i = 0; i < n; i++) {
        sum += v[i].gain;
        if (i + 1 < n && sum > best && v[i].score > v[i + 1].score) {
            best = sum;
            *shift = -(v[i].score + v[i + 1].score) / 2;
        }
    }
    return best;
}

static double gain_of(const struct learn *l, int state, const struct dt_rule *rule)
{
    const struct dt_route *r = l->r;
    double sum = 0;

    for (int i = 0; i < l->n_rows && rule->kind != DT_NEVER; i++) {
        int at = l->row[i];
        const double *x = r->x[state] + (int64_t)at * r->n_x[state];

        if (rule->kind == DT_ALWAYS || l->cfg->family->score(rule->p, x, r->n_x[state], &l->cfg->family_cfg) > 0)
            sum += l->gain[at];
    }
    return sum;
}

/* A fitted decision, its bias set to what gains most. Returns the gain. */
static double try_fit(struct learn *l, int state)
{
    const struct dt_route *r = l->r;
    const struct dt_family *f = l->cfg->family;
    int n_x = r->n_x[state];
    struct dt_examples e = { .n = l->n_rows, .n_x = n_x, .row = l->row, .x = r->x[state], .gain = l->gain };
    double shift, best;

    if (f->fit(&e, &l->cfg->family_cfg, l->fitted, l->err))
        return 0;
    for (int i = 0; i < l->n_rows; i++) {
        const double *x = r->x[state] + (int64_t)l->row[i] * n_x;

        l->ranked[i] = (struct ranked){ f->score(l->fitted, x, n_x, &l->cfg->family_cfg), l->gain[l->row[i]] };
    }
    best = best_cut(l->ranked, l->n_rows, &shift);
    l->fitted[0] += shift;
    return isfinite(shift) ? best : 0;
}

/* Keeps the best of never, always, what was there before (later passes) and fitted, for the gains of l->row. */
static void set_rule(struct learn *l, int state, struct dt_rule *rule, bool again)
{
    double total = 0, size = 0, best, g;
    enum dt_rule_kind constant;

    if (l->n_rows == 0) /* nobody comes here: as it was */
        return;
    for (int i = 0; i < l->n_rows; i++) {
        total += l->gain[l->row[i]];
        size += fabs(l->gain[l->row[i]]);
    }
    constant = total > 0 ? DT_ALWAYS : DT_NEVER;
    best = total > 0 ? total : 0;
    if (again && rule->kind == DT_FITTED) {
        g = gain_of(l, state, rule);
        if (g >= best)
            constant = DT_FITTED;
        best = fmax(best, g);
    }
    if (rule->p && fabs(total) < size) { /* else all agree */
        g = try_fit(l, state);
        if (g > best + 1e-12 * size) {
            memcpy(rule->p, l->fitted,
                   (size_t)l->cfg->family->n_params(l->r->n_x[state], &l->cfg->family_cfg) * sizeof(double));
            rule->kind = DT_FITTED;
            return;
        }
    }
    rule->kind = constant;
}

/* What the samples gain by `take` instead of l->now; the rule decides, and l->now becomes what it decided. */
static void decide(struct learn *l, int state, struct dt_rule *rule, const double *take, double scale, double plus,
                   bool again)
{
    const struct dt_route *r = l->r;

    for (int i = 0; i < r->n_samples; i++)
        l->gain[i] = l->now[i] - (scale * take[i] + plus);
    set_rule(l, state, rule, again);
    for (int i = 0; i < r->n_samples; i++) {
        const double *x = r->x[state] + (int64_t)i * r->n_x[state];
        bool yes = rule->kind == DT_ALWAYS;

        if (rule->kind == DT_FITTED)
            yes = l->cfg->family->score(rule->p, x, r->n_x[state], &l->cfg->family_cfg) > 0;
        if (yes)
            l->now[i] = scale * take[i] + plus;
    }
}

/* The samples that reach the state, and of them, when `going`, those that the stop rule lets go on: a way is chosen for
 * these alone, so that no pass can raise the objective. */
static void take_reached(struct learn *l, int state, bool going)
{
    const struct dt_route *r = l->r;
    const int *reached = l->reached + (int64_t)state * r->n_samples;

    l->n_rows = 0;
    for (int i = 0; i < l->n_reached[state]; i++) {
        const double *x = r->x[state] + (int64_t)reached[i] * r->n_x[state];

        if (!going || dt_policies_next(r, l->cfg, l->p, state, x) >= 0)
            l->row[l->n_rows++] = reached[i];
    }
}

/* All decisions of a state: which way on, then whether at all. */
static void learn_state(struct learn *l, int state, bool again)
{
    const struct dt_route *r = l->r;
    int node = dt_route_node(r, state), n = r->n_samples;
    struct dt_rule *rule = l->p->rule + state * r->n_nodes;
    bool way = false;

    if (again)
        take_reached(l, state, true);
    for (int to = r->n_nodes - 1; to > node; to--) {
        const double *next = l->value + (int64_t)dt_route_state(r, to, node) * n;
        double cost = dt_route_go(r, node, to);

        if (!isfinite(cost))
            continue;
        if (way) {
            decide(l, state, &rule[to - node], next, 1, cost, again);
            continue;
        }
        for (int i = 0; i < n; i++)
            l->now[i] = cost + next[i];
        rule[to - node].kind = DT_ALWAYS; /* the last way there is */
        way = true;
    }
    if (again)
        take_reached(l, state, false);
    if (way)
        decide(l, state, &rule[0], r->loss[state], l->p->tradeoff, 0, again);
    else
        rule[0].kind = DT_ALWAYS;
    for (int i = 0; i < n; i++)
        l->value[(int64_t)state * n + i] = way ? l->now[i] : l->p->tradeoff * r->loss[state][i];
}

/* One start for all. */
static void choose_start(struct learn *l)
{
    const struct dt_route *r = l->r;
    double best = INFINITY;

    for (int k = 0; k < r->n_nodes; k++) {
        const double *value = l->value + (int64_t)dt_route_state(r, k, -1) * r->n_samples;
        double mean = dt_route_go(r, -1, k);

        for (int i = 0; i < r->n_samples && isfinite(mean); i++)
            mean += value[i] / r->n_samples;
        if (mean < best) {
            best = mean;
            l->p->start = k;
        }
    }
}

static void find_reached(struct learn *l)
{
    const struct dt_route *r = l->r;
    int visited[DT_ROUTE_MAX_NODES], n_states = dt_route_states(r);

    memset(l->n_reached, 0, (size_t)n_states * sizeof(int));
    for (int i = 0; i < r->n_samples; i++) {
        int n = dt_route_walk(r, l->cfg, l->p, i, visited);

        for (int k = 0; k < n; k++) {
            int s = dt_route_state(r, visited[k], k ? visited[k - 1] : -1);

            l->reached[(int64_t)s * r->n_samples + l->n_reached[s]++] = i;
        }
    }
}

static bool learn_open(struct learn *l, struct dt_arena *arena)
{
    const struct dt_route *r = l->r;
    size_t n = (size_t)r->n_samples, states = (size_t)dt_route_states(r), most = 1;

    for (size_t s = 0; s < states; s++) {
        size_t k = (size_t)l->cfg->family->n_params(r->n_x[s], &l->cfg->family_cfg);

        most = k > most ? k : most;
    }
    l->value = dt_arena_calloc(arena, states * n, sizeof(double));
    l->now = dt_arena_calloc(arena, 2 * n, sizeof(double));
    l->ranked = dt_arena_calloc(arena, n, sizeof *l->ranked);
    l->reached = dt_arena_calloc(arena, states * n, sizeof(int));
    l->n_reached = dt_arena_calloc(arena, states, sizeof(int));
    l->row = dt_arena_calloc(arena, n, sizeof(int));
    l->fitted = dt_arena_calloc(arena, most, sizeof(double));
    if (!l->value || !l->now || !l->ranked || !l->reached || !l->n_reached || !l->row || !l->fitted)
        return dt_fail(l->err, DT_ENOMEM, "out of memory for learning a policy from %d samples", r->n_samples);
    l->gain = l->now + n;
    return true;
}

enum dt_code dt_route_learn(const struct dt_route *r, const struct dt_route_cfg *cfg, double tradeoff,
                            struct dt_policies *p, struct dt_err *err)
{
    struct learn l = { .r = r, .cfg = cfg, .p = p, .err = err };
    struct dt_arena *arena = dt_arena_new(0, err);
    int n_states = dt_route_states(r);

    DT_ASSERT(r->n_nodes >= 1 && r->n_nodes <= DT_ROUTE_MAX_NODES && r->n_samples > 0 && cfg->passes >= 1);
    p->tradeoff = tradeoff;
    if (arena && learn_open(&l, arena))
        for (int pass = 0; pass < cfg->passes && !err->code; pass++) {
            if (pass > 0)
                find_reached(&l);
            for (l.n_rows = 0; l.n_rows < r->n_samples; l.n_rows++)
                l.row[l.n_rows] = l.n_rows;
            for (int s = n_states - 1; s >= 0 && !err->code; s--)
                learn_state(&l, s, pass > 0);
            choose_start(&l);
        }
    dt_arena_free(arena);
    return err->code;
}
