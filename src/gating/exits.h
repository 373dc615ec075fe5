/* exits: what early_exit and cascade share. Their networks differ, and how these are trained; after that both have a
 * net with heads, and an exit policy is fitted to it:
 *
 *   fit     a phase of one step: policies for a sweep of trade-offs are learned on one part of the held-out images, and
 * one of them is chosen on the other part (risk.c) curve   all of them over the test set, beside what they are to be
 * compared with (compare.c)
 *
 * Sources: Bolukbasi et al., Adaptive neural networks for efficient inference, ICML 2017, for the reduction and the
 * features. [Our additions: temperatures, blended answers, risk control, the choice of the next head.] */
#ifndef DT_GATING_EXITS_H
#define DT_GATING_EXITS_H

#include <dyntrain/gating.h>

#include "gating/cache.h"
#include "train/curve.h"

/* ---- settings: three sections of both methods ---- */
struct dt_exits_cfg {
    struct dt_exits_policy_cfg {
        int family, loss;
        int64_t hidden, passes, sorted, top;
        double l2;
        bool squares, pooled, history, ensemble, choose, temperature;
    } policy;
    struct dt_exits_sweep_cfg {
        int64_t points;
        double from, to;
    } sweep;
    struct dt_exits_risk_cfg {
        double max_accuracy_loss, confidence, calibration;
    } risk;
};
extern const struct dt_opt dt_exits_policy_opts[], dt_exits_sweep_opts[], dt_exits_risk_opts[];
/* Their rows, for the table of a method whose settings have a struct dt_exits_cfg as `member`. */
#define DT_EXITS_ROW(type, member, part, text)                                                                         \
    {                                                                                                                  \
#part, DT_OPT_SECTION, offsetof(type, member.part), "", 0, 0, NULL, dt_exits_##part##_opts, text               \
    }
#define DT_EXITS_ROWS(type, member)                                                                                    \
    DT_EXITS_ROW(type, member, policy, "what decides at an exit"),                                                     \
        DT_EXITS_ROW(type, member, sweep, "trade-offs between accuracy and cost"),                                     \
        DT_EXITS_ROW(type, member, risk, "which of them is the result")
struct dt_exit_policy_cfg dt_exits_policy_cfg(const struct dt_exits_cfg *cfg, int classes, uint64_t seed);

/* ---- costs ---- */
/* Cost of going from node to node, [nodes + 1][nodes] as in dt_route, in a unit (DT_UNIT_MACS, or measured ms of batch
 * 1); `full`: the network alone, exits passed. A head's cost is what looking at it adds, its policy included; the way
 * between is the rest. allowed [nodes + 1][nodes]: where there is a way; NULL: to every later node. */
enum dt_code dt_exit_costs(const struct dt_exit_policy *p, int unit, struct dt_tape *tape, const bool *allowed,
                           double *go, double *full, struct dt_err *err) DT_MUST_CHECK;

/* ---- state of a method: first member of its own ---- */
enum { DT_THRESHOLDS = 9 }; /* points of the confidence threshold rule */
struct dt_exits {
    const struct dt_exits_cfg *cfg;
    const bool *allowed; /* see above; the method's */
    struct dt_arena *arena;
    struct dt_exit_policy policy;
    struct dt_policies **learned; /* [n]: the full network alone, then ever cheaper */
    int n;
    double *threshold; /* [DT_THRESHOLDS][nodes]: MSDNet's rule on the same images */
    double *at_budget; /* [n_budgets + 1]: index of the most accurate policy within each budget; -1: none is */
    int n_budgets;
    bool fitted;
    int64_t target; /* index of the result in `learned` */
};
/* Makes the state of a net that has the policy tree; does nothing the second time. */
enum dt_code dt_exits_open(struct dt_train *t, struct dt_exits *e, const struct dt_exits_cfg *cfg) DT_MUST_CHECK;
enum dt_code dt_exits_fit(struct dt_train *t, struct dt_exits *e) DT_MUST_CHECK;
/* The net with the chosen policy, really skipping; before the fit the full network. */
enum dt_code dt_exits_evaluate(struct dt_train *t, struct dt_exits *e, enum dt_split split,
                               struct dt_eval *out) DT_MUST_CHECK;
enum dt_code dt_exits_curve(struct dt_train *t, struct dt_exits *e, enum dt_split split,
                            struct dt_curve *c) DT_MUST_CHECK;
void dt_exits_visit(struct dt_exits *e, struct dt_visit *v);
void dt_exits_close(struct dt_exits *e);

/* ---- between its files ---- */
/* risk.c, on images the fit has not seen: the last policy, from the safest on, whose bound on the excess loss is within
 * the limit; and the most accurate whose mean cost is at most `most` (-1: none). */
int dt_exits_by_risk(const struct dt_exits *e, const struct dt_samples *s);
int dt_exits_by_cost(const struct dt_exits *e, const struct dt_samples *s, double most);
/* thresholds.c: MSDNet's rule. `ratio`: of those who leave at an exit to those who leave at the one before. */
double dt_threshold_ratio(int i);
enum dt_code dt_thresholds_fit(const struct dt_samples *s, double ratio, double *threshold,
                               struct dt_err *err) DT_MUST_CHECK;

#endif
