/* Following a policy: states, decisions, the way of a sample. Learning one: learn.c. */
#include "gating/route.h"

#include <math.h>
#include <string.h>

int dt_route_states(const struct dt_route *r)
{
    return r->pairs ? r->n_nodes * (r->n_nodes + 1) / 2 : r->n_nodes;
}

int dt_route_state(const struct dt_route *r, int node, int before)
{
    return r->pairs ? node * (node + 1) / 2 + before + 1 : node;
}

int dt_route_node(const struct dt_route *r, int state)
{
    int node = 0;

    if (!r->pairs)
        return state;
    while ((node + 1) * (node + 2) / 2 <= state)
        node++;
    return node;
}

struct dt_policies *dt_policies_new(const struct dt_route *r, const struct dt_route_cfg *cfg, struct dt_arena *arena)
{
    int n_states = dt_route_states(r);
    struct dt_policies *p = dt_arena_calloc(arena, 1, sizeof *p);

    if (!p)
        return NULL;
    p->rule = dt_arena_calloc(arena, (size_t)n_states * (size_t)r->n_nodes, sizeof *p->rule);
    for (int s = 0; p->rule && s < n_states; s++)
        for (int k = 0; k < r->n_nodes - 1 - dt_route_node(r, s); k++) {
            int n = cfg->family->n_params(r->n_x[s], &cfg->family_cfg);

            if (k > 0 && !r->choose)
                continue;
            p->rule[s * r->n_nodes + k].p = dt_arena_calloc(arena, (size_t)n, sizeof(double));
            if (!p->rule[s * r->n_nodes + k].p)
                return NULL;
        }
    return p->rule ? p : NULL;
}

int dt_policies_flat(const struct dt_route *r, const struct dt_route_cfg *cfg, struct dt_policies *p, double *row,
                     bool load)
{
    double head[2] = { p->tradeoff, p->start };
    int at = 2, n_states = dt_route_states(r);

    for (int i = 0; row && i < 2; i++)
        *(load ? &head[i] : &row[i]) = load ? row[i] : head[i];
    p->tradeoff = head[0];
    p->start = (int)head[1];
    for (int s = 0; s < n_states; s++)
        for (int k = 0; k < r->n_nodes - 1 - dt_route_node(r, s); k++) {
            struct dt_rule *rule = &p->rule[s * r->n_nodes + k];
            int n = rule->p ? cfg->family->n_params(r->n_x[s], &cfg->family_cfg) : 0;

            if (row && load)
                rule->kind = (enum dt_rule_kind)row[at];
            else if (row)
                row[at] = rule->kind;
            at++;
            if (row && n > 0)
                memcpy(load ? rule->p : row + at, load ? row + at : rule->p, (size_t)n * sizeof *row);
            at += n;
        }
    return at;
}

static bool says_yes(const struct dt_rule *rule, const struct dt_route_cfg *cfg, const double *x, int n_x)
{
    if (rule->kind != DT_FITTED)
        return rule->kind == DT_ALWAYS;
    return cfg->family->score(rule->p, x, n_x, &cfg->family_cfg) > 0;
}

int dt_policies_next(const struct dt_route *r, const struct dt_route_cfg *cfg, const struct dt_policies *p, int state,
                     const double *x)
{
    int node = dt_route_node(r, state), last = node;
    const struct dt_rule *rule = p->rule + state * r->n_nodes;

    for (int to = node + 1; to < r->n_nodes; to++)
        if (isfinite(dt_route_go(r, node, to)))
            last = to;
    if (last == node || says_yes(&rule[0], cfg, x, r->n_x[state]))
        return -1;
    for (int to = node + 1; to < last; to++)
        if (isfinite(dt_route_go(r, node, to)) && says_yes(&rule[to - node], cfg, x, r->n_x[state]))
            return to;
    return last;
}

int dt_route_walk(const struct dt_route *r, const struct dt_route_cfg *cfg, const struct dt_policies *p, int sample,
                  int *visited)
{
    int n = 0, before = -1;

    for (int at = p->start; at >= 0;) {
        int s = dt_route_state(r, at, before);

        visited[n++] = before = at;
        at = dt_policies_next(r, cfg, p, s, r->x[s] + (int64_t)sample * r->n_x[s]);
    }
    return n;
}

struct dt_route_value dt_route_mean(const struct dt_route *r, const struct dt_route_cfg *cfg,
                                    const struct dt_policies *p)
{
    int visited[DT_ROUTE_MAX_NODES];
    struct dt_route_value sum = { 0, 0 };

    for (int i = 0; i < r->n_samples; i++) {
        int n = dt_route_walk(r, cfg, p, i, visited);

        for (int k = 0; k < n; k++)
            sum.cost += dt_route_go(r, k ? visited[k - 1] : -1, visited[k]) / r->n_samples;
        sum.loss += r->loss[dt_route_state(r, visited[n - 1], n > 1 ? visited[n - 2] : -1)][i] / r->n_samples;
    }
    return sum;
}
