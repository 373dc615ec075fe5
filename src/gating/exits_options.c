/* The options early_exit and cascade share. */
#include <math.h>

#include "gating/exits.h"

#define POLICY struct dt_exits_policy_cfg
#define SWEEP struct dt_exits_sweep_cfg
#define RISK struct dt_exits_risk_cfg

static const char *const family_names[] = { "constant", "linear", "mlp", NULL };
static const char *const loss_names[] = { "excess", "error", NULL };

const struct dt_opt dt_exits_policy_opts[] = {
    DT_PICK(POLICY, family, "linear", family_names, "form of a decision, as a function of the confidence features"),
    DT_INT(POLICY, hidden, "8", 1, 256, "mlp: hidden units of a decision"),
    DT_REAL(POLICY, l2, "0.1", 0, 1e6, "weight of the squared weights beside the mean logistic loss"),
    DT_INT(POLICY, passes, "2", 1, 20,
           "passes backwards over the exits; from the second on each is fitted to those who come there"),
    DT_INT(POLICY, sorted, "5", 0, 1000,
           "features: so many largest probabilities, beside entropy, maximum, margin and log odds"),
    DT_BOOL(POLICY, squares, "true", "features: their squares as well"),
    DT_BOOL(POLICY, pooled, "false", "features: what the head has pooled as well"),
    DT_BOOL(POLICY, history, "false", "features: those of the answer before as well, and how far the two agree"),
    DT_BOOL(POLICY, ensemble, "false",
            "an answer is blended with the one before, by weights fitted to held-out images"),
    DT_BOOL(POLICY, choose, "false", "where to go on to is chosen image by image; false: one next exit for all"),
    DT_BOOL(POLICY, temperature, "true", "each exit's logits are divided by a fitted temperature"),
    DT_PICK(POLICY, loss, "excess", loss_names,
            "an answer is a loss when it is wrong where the full network's is right, or when it is wrong"),
    DT_INT(POLICY, top, "1", 1, 5, "wrong: the label is not the highest (1), not among the five highest (5)"),
    DT_OPT_END,
};

const struct dt_opt dt_exits_sweep_opts[] = {
    DT_INT(SWEEP, points, "30", 1, 1000, "trade-offs, evenly on a logarithmic scale"),
    DT_REAL(SWEEP, from, "0.1", 1e-9, 1e9, "lowest price of an error, in runs of the full network"),
    DT_REAL(SWEEP, to, "1000", 1e-9, 1e9, "highest price of an error"),
    DT_OPT_END,
};

const struct dt_opt dt_exits_risk_opts[] = {
    DT_REAL(RISK, max_accuracy_loss, "0.01", 0, 1,
            "limit of the excess loss, the share of images answered wrongly only because of an exit; 0: budget.target "
            "chooses the result"),
    DT_REAL(RISK, confidence, "0.95", 0.5, 0.999999, "probability with which the limit holds"),
    DT_REAL(RISK, calibration, "0.5", 0.05, 0.95,
            "share of the held-out images that test the limit; the others fit the policies"),
    DT_OPT_END,
};

struct dt_exit_policy_cfg dt_exits_policy_cfg(const struct dt_exits_cfg *cfg, int classes, uint64_t seed)
{
    const struct dt_exits_policy_cfg *p = &cfg->policy;

    return (struct dt_exit_policy_cfg){
        .sight = { .sorted = p->sorted < classes ? p->sorted : classes,
                   .squares = p->squares,
                   .pooled = p->pooled,
                   .history = p->history,
                   .ensemble = p->ensemble },
        .family = p->family,
        .fit = { .hidden = (int)p->hidden, .l2 = p->l2, .seed = seed },
        .choose = p->choose,
    };
}
