/* budgetnet: what its files share. An agent sees the image and a budget, and says for every body or path of the network
 * with which probability it is kept (Chen, BudgetNet; Wu et al. 2018, BlockDrop).
 *
 *   budgetnet.c           options, phases, the record      budgetnet_agent.c   the agent's network
 *   budgetnet_state.c     what a run keeps
 *   budgetnet_cost.c      what a choice costs, caps        budgetnet_policy.c  what it decides, at run time
 *   budgetnet_reward.c    rewards                          budgetnet_trial.c   sampled choices and their rewards
 *   budgetnet_step.c      a step of each phase             budgetnet_norm.c    statistics of batch norm for each budget
 *   budgetnet_calibrate.c what is fixed after training     budgetnet_measure.c accuracy and cost under a cap
 *   budgetnet_curve.c     the result: points, baselines    budgetnet_static.c  static networks among them
 *
 * Choices are numbered as in the net's space (all of them KEEP); n is their number everywhere. A budget, a cap and a
 * share are shares of C_static: the full net without the agent. */
#ifndef DT_RL_BUDGETNET_H
#define DT_RL_BUDGETNET_H

#include <dyntrain/rl.h>

/* ---- options ---- */
enum { DT_BACKBONE_JOINT, DT_BACKBONE_FROZEN };
enum { DT_AT_INPUT, DT_AT_STEM };
enum { DT_REWARD_BLOCKDROP, DT_REWARD_HINGE, DT_REWARD_LAGRANGIAN };
enum { DT_BASELINE_CRITIC, DT_BASELINE_SELF_CRITICAL, DT_BASELINE_LEAVE_ONE_OUT };
enum { DT_DECIDE_CAP, DT_DECIDE_THRESHOLD };
enum { DT_CRITIC_STATE, DT_CRITIC_ANSWER };

struct dt_budget_policy_cfg {
    int at, decide, critic;
    bool pretrained;
    int64_t width, hidden, waves;
    double lr;
};
struct dt_budget_reward_cfg {
    int name;
    double overshoot, usage, wrong, multiplier_rate;
};
struct dt_budget_learn_cfg {
    int baseline;
    int64_t samples, groups, reuse;
    double clip, explore, entropy, spread, value; /* entropy, value: weights in the loss */
};
struct dt_budget_joint_cfg {
    double policy, distill;
    bool low;
};
struct dt_budgetnet_cfg {
    int backbone;
    int64_t epochs, curriculum, calibrate, subsets;
    struct dt_budget_policy_cfg policy;
    struct dt_budget_reward_cfg reward;
    struct dt_budget_learn_cfg learn;
    struct dt_budget_joint_cfg joint;
    struct dt_strs static_nets;
};
extern const struct dt_opt dt_budgetnet_opts[];

/* ---- costs ---- */
struct dt_costs {
    int n;
    double fixed, full; /* nothing kept, agent included; everything kept, no agent */
    double agent;       /* of fixed */
    double *each;       /* [n] */
};
/* From dry traces: fixed + the sum of what is kept is the trace of any row; KEEP alone adds up so (DESIGN: bodies must
 * not nest). The arrays live in the arena. */
enum dt_code dt_costs_of_macs(struct dt_net *net, struct dt_policy *p, struct dt_arena *arena, struct dt_costs *out,
                              struct dt_err *err) DT_MUST_CHECK;
/* The same in ms, measured now: batch 1, really skipping. */
enum dt_code dt_costs_of_latency(struct dt_tape *tape, struct dt_net *net, struct dt_policy *p, struct dt_arena *arena,
                                 struct dt_costs *out, struct dt_err *err) DT_MUST_CHECK;
double dt_costs_share(const struct dt_costs *c, const int *keep); /* (fixed + kept) / full */
double dt_costs_floor(const struct dt_costs *c);                  /* fixed / full: below it nothing fits */
double dt_costs_most(const struct dt_costs *c);                   /* everything kept: above 1 by the agent's share */
/* The hard promise: by falling score, ties by index, the longest prefix whose share does not exceed the cap. */
void dt_costs_project(const struct dt_costs *c, const dt_real *score, double cap, int *keep);
/* Of sampled choices: those switched on, in the order given (a permutation), as long as they fit. */
void dt_costs_thin(const struct dt_costs *c, const int *sampled, const int *order, double cap, int *keep);

/* ---- reward ---- */
/* used, most: shares of the sampled choices and of all. multiplier: of the budget's constraint (lagrangian). */
double dt_budget_reward(const struct dt_budget_reward_cfg *cfg, bool correct, double used, double most, double budget,
                        double multiplier);

/* ---- agent ---- */
/* Tree "policy" of a net that is not finished: the agent, for n choices, and room for the statistics of `sets` budgets.
 * Fails through the net's error. */
void dt_agent_build(struct dt_net *net, const struct dt_budget_policy_cfg *cfg, int channels, int size, int sets);
struct dt_module *dt_agent_of(struct dt_net *net);
struct dt_budgetnet;
/* What it looks at -> [rows, features]; and with run->budget -> [rows, n + 1]: logits of keeping, value. s: it is told
 * the conditioning value of each budget; NULL: the budget. */
struct dt_tensor *dt_agent_features(struct dt_module *agent, struct dt_run *run, struct dt_tensor *x);
struct dt_tensor *dt_agent_head(struct dt_module *agent, struct dt_run *run, struct dt_tensor *features,
                                const struct dt_budgetnet *s);
/* What the critic adds to its value, [rows,1], for what the full path gave the labels, answer [rows]. The agent has
 * been built to see it. */
struct dt_tensor *dt_agent_judge(struct dt_module *agent, struct dt_run *run, const dt_real *answer, int rows);
/* Choices of a net that is being built. */
int dt_budget_count(struct dt_net *net);

/* ---- state ---- */
struct dt_budget_policy { /* as the net runs it: look and decide */
    struct dt_policy base;
    const struct dt_budgetnet *s;
};
struct dt_trial { /* sampled plans, `samples` rounds of one for each image of a batch: [round][batch] of numbers, or
                   * [round][batch][n] of switches */
    double *budget, *cap, *log_prob, *value, *reward, *base, *advantage;
    int *action, *keep, *bin;
    dt_real *seen, *grad; /* [batch][n + 1]: logits and value when the actions were drawn; d loss by those of now */
    dt_real *answer;      /* [batch]: probability of the label on the full path, for the critic */
};
struct dt_budgetnet {
    struct dt_arena *arena; /* NULL: nothing is set up yet */
    struct dt_budget_policy policy;
    struct dt_optim_cfg agent_optim;
    int n, n_list; /* choices; budgets of the list */
    const double *list;
    struct dt_costs macs, cost; /* cost: in the unit of the budget */
    double *condition;          /* [n_list]: the agent is told this when so much is asked for (visited) */
    double *multiplier;         /* [n_list] (visited) */
    double *subset;             /* [n_list][n], 0 or 1: the best fixed subset for each budget (visited) */
    struct dt_rl_fit critic;    /* on held-out images (visited) */
    bool calibrated;            /* policy/norms/sets and condition are those of the trained net (visited) */
    bool threshold;
    struct dt_trial trial;
    double low;    /* the lowest budget of the list */
    dt_real *norm; /* running statistics of the full path while others are in place */
    int64_t n_norm;
    struct dt_loader *calibration;
};
/* Sets up what follows from config and net; NULL: t->err has it. */
struct dt_budgetnet *dt_budgetnet_state(struct dt_train *t);
void dt_budget_visit(struct dt_train *t, struct dt_visit *v);
void dt_budget_close(struct dt_train *t);
/* Measures the table of costs where it is asked for and not there yet (latency.json keeps it readable), and refuses
 * budgets below the floor. */
enum dt_code dt_budget_price(struct dt_train *t) DT_MUST_CHECK;
int dt_budget_bin(const struct dt_budgetnet *s, double budget); /* the nearest of the list */
/* What the agent is told for a budget asked for. */
double dt_budget_condition(const struct dt_budgetnet *s, double budget);

/* ---- running ---- */
/* z [n]: logits; under the cap, or whatever passes 0.5 when the config says so. */
void dt_budget_decide(const struct dt_budgetnet *s, const dt_real *z, double cap, int *keep);
void dt_budget_policy_init(struct dt_budgetnet *s, struct dt_net *net, int at);
/* What the agent says about images x [rows,...]: whatever is before it runs without gradient. `how` gives training and
 * freeze_stats of the agent's own norms. answer [rows], for the critic (dt_budget_answer), or NULL. */
struct dt_tensor *dt_budget_look(struct dt_train *t, struct dt_tensor *x, const double *budget, const dt_real *answer,
                                 struct dt_run how);
/* Into trial.answer what the full path gives the labels, from its logits; logits NULL: runs it, so, without gradients.
 * Returns it; NULL: the critic does not see it, or the tape has failed. */
const dt_real *dt_budget_answer(struct dt_train *t, const struct dt_batch *b, struct dt_tensor *logits,
                                struct dt_run how);
/* Part of a batch as a leaf. */
struct dt_tensor *dt_budget_images(struct dt_train *t, const struct dt_batch *b, int from, int n);
/* The whole net, run so: rows `keep` [n_rows][n] (NULL: everything). */
struct dt_tensor *dt_budget_run(struct dt_train *t, struct dt_tensor *x, const int *keep, struct dt_run how);
enum dt_code dt_budget_failed(struct dt_train *t); /* the tape's failure, if any, in t->err */

/* ---- trials ---- */
struct dt_anneal { /* what follows from how far the training is */
    double alpha, entropy;
    int free; /* the last so many choices are the agent's, the others are kept */
};
struct dt_anneal dt_budget_anneal(const struct dt_train *t);
/* The batch in parts that each have one budget, since batch norm is to see one budget at a time: part g is rows
 * [g n / groups, (g + 1) n / groups). */
int dt_trial_groups(const struct dt_train *t, int n);
/* Budgets of every row, stratified over the groups, and the caps: while only some choices are free, the same share of
 * what they cost. */
void dt_trial_budgets(struct dt_train *t, int n, const struct dt_anneal *a, struct dt_rng *rng);
/* Keeps what the agent says, [n][choices + 1]. */
void dt_trial_see(struct dt_train *t, const struct dt_tensor *seen);
/* Actions of a round, and of them what fits under the cap, in random order: that is what is run. */
void dt_trial_sample(struct dt_train *t, int n, int round, const struct dt_anneal *a, struct dt_rng *rng);
/* Likeliest choices under the cap, for the self-critical baseline: keep [n][choices]. */
void dt_trial_likeliest(struct dt_train *t, int n, const struct dt_anneal *a, int *keep);
/* Rewards of rows from `from` on, from their logits and what was asked for (asked, label, reward: of row 0). Returns
 * how many are right. */
int dt_trial_reward(struct dt_train *t, const int *asked, int from, const struct dt_tensor *logits, const int *label,
                    double *reward);
/* Advantages of all rounds, the multipliers' ascent. */
void dt_trial_judge(struct dt_train *t, int n);
/* Gradient of the loss by what the agent says now into trial.grad; returns the loss. */
double dt_trial_gradient(struct dt_train *t, const struct dt_anneal *a, const struct dt_tensor *seen, double scale);

/* ---- steps ---- */
enum dt_code dt_budget_step_agent(struct dt_train *t, const struct dt_batch *b);
enum dt_code dt_budget_step_joint(struct dt_train *t, const struct dt_batch *b);

/* ---- batch norm ---- */
int64_t dt_norms_size(struct dt_module *root);
void dt_norms_save(struct dt_train *t);         /* of the full path, out of the net */
void dt_norms_back(struct dt_train *t);         /* and back */
void dt_norms_store(struct dt_train *t, int k); /* what is in the net becomes set k */
void dt_norms_load(struct dt_train *t, int k);  /* set k into the net */

/* ---- plans: who is kept ---- */
enum dt_plan_kind { DT_PLAN_AGENT, DT_PLAN_RANDOM, DT_PLAN_FIXED, DT_PLAN_ROWS };
struct dt_plan {
    enum dt_plan_kind kind;
    double cap;       /* of the whole image, agent included where it runs (agent, rows) */
    double condition; /* agent: what it is told */
    const int *rows;  /* fixed: [choices]; rows: [images][choices] */
};
struct dt_measured {
    int64_t n;
    double accuracy, top5, loss, macs_mean, macs_std, macs_max;
    double share_mean, share_max, gap; /* of the budget's cost; gap: mean distance from the cap */
    double used;                       /* choices kept, mean */
    int distinct;                      /* different rows */
    int *rows;                         /* [n][choices], for dt_free; NULL: not asked for */
};
/* Running statistics become those of this plan over so many images. */
enum dt_code dt_plan_calibrate(struct dt_train *t, const struct dt_plan *p, int64_t images) DT_MUST_CHECK;
enum dt_code dt_plan_measure(struct dt_train *t, const struct dt_plan *p, enum dt_split split, bool want_rows,
                             struct dt_measured *out) DT_MUST_CHECK;
/* The agent's plan for a budget that is asked for, and its statistics into the net: dt_norms_save before, dt_norms_back
 * after. */
enum dt_code dt_plan_of(struct dt_train *t, double budget, struct dt_plan *out) DT_MUST_CHECK;

/* ---- after training ---- */
/* For every budget of the list: statistics, conditioning value, the best fixed subset as a rival, the critic's worth.
 */
enum dt_code dt_budget_calibrate(struct dt_train *t);
/* The critic's values for sampled plans of validation images under the k-th budget, whose statistics are stored, into
 * state.critic. */
enum dt_code dt_budget_critic(struct dt_train *t, int k) DT_MUST_CHECK;
enum dt_code dt_budget_evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out);
struct dt_curve;
enum dt_code dt_budget_curve(struct dt_train *t, enum dt_split split, struct dt_curve *out);

/* ---- static networks to compare with ---- */
/* Before training: can every result that static_nets names be read, and is it about this data set? */
enum dt_code dt_budget_static_check(struct dt_train *t) DT_MUST_CHECK;
/* A baseline of each. What cannot be read any more is left out with a warning: a finished training is not lost for it.
 */
void dt_budget_static_points(struct dt_train *t, struct dt_curve *c);

#endif
