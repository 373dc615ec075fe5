/* exit_policy: decides, at each head that was run, whether a sample leaves, and which head it meets next.
 *
 * The nodes of its route are the EXIT choices of a net in the order they are met, and the end of the net. So it serves
 * heads along one network, whole networks that are heads of one net (a cascade), and nets of several stages.
 *
 * What it sees of a head is the confidence of its answer (dt_confidence of the logits over a temperature), squares of
 * that, on demand the pooled features, and with `history` the confidence of the head that was run before and how far
 * the two agree. All of it is ops and modules of the net's tree "policy": counted, saved and walked like any other. The
 * numbers come from dt_route_learn. */
#ifndef DT_GATING_EXIT_POLICY_H
#define DT_GATING_EXIT_POLICY_H

#include <dyntrain/nn.h>

#include "gating/route.h"

/* ---- the heads of a net ---- */
struct dt_heads {
    int n, classes;                       /* nodes: the EXIT choices, and the end */
    int choice[DT_ROUTE_MAX_NODES];       /* column in the space; of the end: -1 */
    int pooled[DT_ROUTE_MAX_NODES];       /* features that the head pools, 0: none known */
    const char *path[DT_ROUTE_MAX_NODES]; /* of the module; lives as long as the net */
};
/* Found by running a finished net dry. DT_ECONFIG: no EXIT, too many, or heads with unequal answers. */
enum dt_code dt_heads_find(struct dt_net *net, struct dt_heads *out, struct dt_err *err) DT_MUST_CHECK;

/* ---- what is seen of one ---- */
struct dt_sight {
    int64_t sorted; /* so many largest probabilities, one by one */
    bool squares, pooled, history;
    bool ensemble; /* an answer is blended with that of the head before */
};
int dt_sight_width(const struct dt_sight *s, const struct dt_heads *h, int node);
/* [n, width] of answers over their temperatures. before: those of the head before, or zeros; NULL without history and
 * ensemble. pooled: [n,c], or NULL where it is not looked at. */
struct dt_tensor *dt_sight_look(struct dt_tape *t, const struct dt_sight *s, struct dt_tensor *answer,
                                struct dt_tensor *before, struct dt_tensor *pooled);

/* ---- the policy ---- */
enum { DT_FAMILY_CONSTANT, DT_FAMILY_LINEAR, DT_FAMILY_MLP };
struct dt_exit_policy_cfg {
    struct dt_sight sight;
    int family; /* of those above */
    struct dt_family_cfg fit;
    bool choose; /* the next head is chosen sample by sample */
};

struct dt_exit_policy {
    struct dt_policy base; /* first: a run is given this, and look and decide get it back */
    struct dt_exit_policy_cfg cfg;
    struct dt_heads heads;
    struct dt_route route; /* nodes, pairs, choose, n_x: no samples */
    struct dt_route_cfg learn;
    struct dt_param *start;
    struct dt_module *node[DT_ROUTE_MAX_NODES];
};

/* Adds the tree to a net that is being built and has the heads `like` was found to have. */
void dt_exit_policy_build(struct dt_net *net, const struct dt_heads *like, const struct dt_exit_policy_cfg *cfg);
/* Of a finished net that has the tree. Small arrays come from the arena. */
enum dt_code dt_exit_policy_open(struct dt_exit_policy *p, struct dt_net *net, const struct dt_exit_policy_cfg *cfg,
                                 struct dt_arena *arena, struct dt_err *err) DT_MUST_CHECK;
/* What was learned goes into the tree, as floats. */
void dt_exit_policy_set(struct dt_exit_policy *p, const struct dt_policies *learned);
/* Buffers of the tree: one over the temperature of a node; of a state, the two weights of its blend (own, before). */
dt_real *dt_exit_policy_cool(const struct dt_exit_policy *p, int node);
dt_real *dt_exit_policy_blend(const struct dt_exit_policy *p, int state);

/* The row of an arch that looks at the first n - 1 of visited[] and leaves at the last. value [choices of the space].
 */
void dt_exit_policy_row(const struct dt_exit_policy *p, const int *visited, int n, int *value);
/* After a run: every sample's answer, [n][classes] logits as the policy blends them, and the node it comes from. `end`:
 * what dt_net_forward returned. */
void dt_exit_policy_answers(const struct dt_exit_policy *p, const struct dt_run *run, const struct dt_tensor *end,
                            dt_real *answer, int *node);

/* ---- between its files ---- */
struct dt_tensor *dt_exit_look(struct dt_policy *base, struct dt_run *run, int choice, struct dt_tensor *x);
void dt_exit_decide(struct dt_policy *base, struct dt_run *run, int choice, const struct dt_tensor *seen);
const dt_real *dt_exit_policy_kind(const struct dt_exit_policy *p, int state);  /* [rules] enum dt_rule_kind */
int dt_exit_policy_column(const struct dt_exit_policy *p, int state, int rule); /* of what dt_exit_look returns */

#endif
