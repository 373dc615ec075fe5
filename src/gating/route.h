/* route: where to stop, and where to go on to, learned backwards.
 *
 * The nodes are the exits of a network, or the networks of a cascade, from cheap to costly. A sample starts at some
 * node, and at each node either stops or goes on to a later one; going from i to j costs go[i][j], stopping at a node
 * costs tradeoff times the sample's loss there. Bolukbasi et al. (ICML 2017) reduce learning to weighted binary
 * classification, last node first: under the policies already learned for later nodes, stopping gains
 *
 *     gain_i = (go on: cost + value of what follows) - (stop: tradeoff loss_i)
 *
 * and a decision is fitted to the sign of the gain, weighted by its size. Of {always, never, fitted}, that which gains
 * most in truth is kept, so the policy is never worse on its objective than the best constant one. With more than one
 * node to go on to, the same reduction chooses among them first, costliest first, and then decides about stopping.
 *
 * Where to start is one choice for all samples: nothing has been seen yet. [Our additions: the choice of the next node,
 * the start, and the later passes, which fit each decision on the samples that reach it and cannot raise the
 * objective.] */
#ifndef DT_GATING_ROUTE_H
#define DT_GATING_ROUTE_H

#include "gating/family.h"

enum { DT_ROUTE_MAX_NODES = 64 };

/* What a decision may depend on: the node alone, or with the node that was visited before (pairs), when answers or
 * features of two nodes are used together. State of node k, before it node j (-1: none): dt_route_state(). */
struct dt_route {
    int n_nodes, n_samples;
    bool pairs;
    bool choose;      /* the next node is chosen sample by sample; else one for all of a state */
    const double *go; /* [n_nodes + 1][n_nodes]: row 0 from the start, row i + 1 from node i; INFINITY: no way */
    const double *const *loss; /* [states][n_samples] */
    const double *const *x;    /* [states][n_samples][n_x] */
    const int *n_x;            /* [states] */
};

struct dt_route_cfg {
    const struct dt_family *family;
    struct dt_family_cfg family_cfg;
    int passes; /* at least 1 */
};

enum dt_rule_kind { DT_NEVER, DT_ALWAYS, DT_FITTED };
struct dt_rule {
    enum dt_rule_kind kind;
    double *p; /* the family's; NULL: its family is constant */
};
/* Rule 0 of a state at node k: stop? Rule r > 0: go to node k + r, rather than to a later one? The last needs none. */
struct dt_policies { /* of one trade-off */
    double tradeoff;
    int start;
    struct dt_rule *rule; /* [states][n_nodes] */
};

int dt_route_states(const struct dt_route *r);
int dt_route_state(const struct dt_route *r, int node, int before);
int dt_route_node(const struct dt_route *r, int state);

/* Empty policies (never, everywhere) in the arena; NULL: out of memory. */
struct dt_policies *dt_policies_new(const struct dt_route *r, const struct dt_route_cfg *cfg, struct dt_arena *arena);
/* Its numbers to row[], or from there; returns how many. row NULL: counts only. */
int dt_policies_flat(const struct dt_route *r, const struct dt_route_cfg *cfg, struct dt_policies *p, double *row,
                     bool load);
enum dt_code dt_route_learn(const struct dt_route *r, const struct dt_route_cfg *cfg, double tradeoff,
                            struct dt_policies *p, struct dt_err *err) DT_MUST_CHECK;

/* Stop (-1), or the next node, for features x in a state. */
int dt_policies_next(const struct dt_route *r, const struct dt_route_cfg *cfg, const struct dt_policies *p, int state,
                     const double *x);
/* The whole way of a sample: visited[] has room for n_nodes; returns how many. The last is where it stops. */
int dt_route_walk(const struct dt_route *r, const struct dt_route_cfg *cfg, const struct dt_policies *p, int sample,
                  int *visited);
/* Mean over samples of cost and loss. */
struct dt_route_value {
    double cost, loss;
};
struct dt_route_value dt_route_mean(const struct dt_route *r, const struct dt_route_cfg *cfg,
                                    const struct dt_policies *p);

static inline double dt_route_go(const struct dt_route *r, int from, int to)
{
    return r->go[(from + 1) * r->n_nodes + to];
}

#endif
