/* budgetnet: options, phases, the record. See budgetnet.h for who does what. */
#include "rl/budgetnet.h"

#include <math.h>

#include "train/loop.h"

static const char *const backbones[] = { "joint", "frozen", NULL };
static const char *const places[] = { "input", "stem", NULL };
static const char *const rewards[] = { "blockdrop", "budget_hinge", "lagrangian", NULL };
static const char *const baselines[] = { "critic", "self_critical", "leave_one_out", NULL };
static const char *const decisions[] = { "cap", "threshold", NULL };
static const char *const critics[] = { "state", "answer", NULL };

static const struct dt_opt policy_opts[] = {
    DT_PICK(struct dt_budget_policy_cfg, at, "stem", places,
            "what the agent sees: the image (a ResNet-8 trunk, as published) or the backbone's stem (cheap)"),
    DT_PICK(struct dt_budget_policy_cfg, decide, "cap", decisions,
            "cap: the likeliest that fit, so that no image exceeds its budget; threshold: all with p >= 0.5"),
    DT_INT(struct dt_budget_policy_cfg, width, "32", 1, 1024, "stem: channels of its first convolution"),
    DT_INT(struct dt_budget_policy_cfg, hidden, "64", 0, 4096, "units of the hidden layer; 0: none, as published"),
    DT_INT(struct dt_budget_policy_cfg, waves, "2", 0, 16,
           "sine and cosine waves of the budget beside the number; 0: as published"),
    DT_PICK(struct dt_budget_policy_cfg, critic, "answer", critics,
            "what the critic sees: the state (image and budget), or also what the full path gives the label"),
    DT_REAL(struct dt_budget_policy_cfg, lr, "1e-3", 0, INFINITY, "learning rate of the agent (Adam)"),
    DT_BOOL(struct dt_budget_policy_cfg, pretrained, "false",
            "the agent of a budgetnet checkpoint goes on, too (key pretrained): a long training in several runs"),
    DT_OPT_END,
};
static const struct dt_opt reward_opts[] = {
    DT_PICK(struct dt_budget_reward_cfg, name, "budget_hinge", rewards, "see src/rl/budgetnet_reward.c"),
    DT_REAL(struct dt_budget_reward_cfg, overshoot, "1", 0, INFINITY, "budget_hinge: price of exceeding the budget"),
    DT_REAL(struct dt_budget_reward_cfg, usage, "0", 0, INFINITY, "budget_hinge: price of computation as such"),
    DT_REAL(struct dt_budget_reward_cfg, wrong, "1", 0, INFINITY, "price of a wrong answer"),
    DT_REAL(struct dt_budget_reward_cfg, multiplier_rate, "0.05", 0, INFINITY,
            "lagrangian: step of the ascent on each budget's multiplier"),
    DT_OPT_END,
};
static const struct dt_opt learn_opts[] = {
    DT_PICK(struct dt_budget_learn_cfg, baseline, "critic", baselines, "what a reward is compared with"),
    DT_INT(struct dt_budget_learn_cfg, samples, "1", 1, 64, "sampled plans an image; leave_one_out: at least 2"),
    DT_INT(struct dt_budget_learn_cfg, groups, "2", 1, 64, "budgets in a batch"),
    DT_INT(struct dt_budget_learn_cfg, reuse, "2", 1, 64, "curriculum: updates from each batch of rewards"),
    DT_REAL(struct dt_budget_learn_cfg, clip, "0.2", 0, 1, "PPO's bound on the change of a probability; 0: none"),
    DT_REAL(struct dt_budget_learn_cfg, explore, "0.8", 0.5, 1,
            "probabilities are kept below this and above its complement; rises to 1 over the training"),
    DT_REAL(struct dt_budget_learn_cfg, entropy, "0.01", 0, INFINITY,
            "bonus on the policy's entropy; falls to a hundredth over the training"),
    DT_REAL(struct dt_budget_learn_cfg, spread, "0", 0, INFINITY,
            "bonus on how much the probabilities of a choice vary among images: plans that differ, at some accuracy"),
    DT_REAL(struct dt_budget_learn_cfg, value, "0.5", 0, INFINITY, "weight of the critic's squared error"),
    DT_OPT_END,
};
static const struct dt_opt joint_opts[] = {
    DT_REAL(struct dt_budget_joint_cfg, policy, "1", 0, INFINITY, "weight of the agent's loss"),
    DT_REAL(struct dt_budget_joint_cfg, distill, "0.5", 0, 1,
            "share of the full path's answer in what the other paths learn from"),
    DT_BOOL(struct dt_budget_joint_cfg, low, "true", "every step trains the lowest budget, too (the sandwich rule)"),
    DT_OPT_END,
};
#define CFG struct dt_budgetnet_cfg
const struct dt_opt dt_budgetnet_opts[] = {
    DT_PICK(CFG, backbone, "joint", backbones, "joint: it learns in the fine-tuning; frozen: only the agent ever does"),
    DT_INT(CFG, curriculum, "5", 0, 1000000,
           "epochs of the agent alone, from the last body on: in 0.7 of them all are freed"),
    DT_INT(CFG, epochs, "20", 0, 1000000, "epochs of fine-tuning (frozen: of the agent with all bodies free)"),
    DT_INT(CFG, calibrate, "2048", 1, 1000000, "images over which batch norm is recalibrated for each budget"),
    DT_INT(CFG, subsets, "8", 0, 1000000, "fixed subsets tried for each budget, to compare with; 0: none"),
    DT_SECTION(CFG, policy, policy_opts, "the agent"),
    DT_SECTION(CFG, reward, reward_opts, "what it earns"),
    DT_SECTION(CFG, learn, learn_opts, "how it learns"),
    DT_SECTION(CFG, joint, joint_opts, "how the backbone learns with it"),
    DT_STRS(CFG, static_nets, "[]", "results of static networks to compare with: run directories or result.json files"),
    DT_OPT_END,
};

static int64_t epochs(const struct dt_train *t, int phase)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;

    return phase == 0 ? cfg->curriculum : cfg->epochs;
}

/* ---- the policy's tree ---- */
static enum dt_code check(struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;

    if (!t->set->model.dynamic)
        dt_fail(&t->err, DT_ECONFIG, "budgetnet needs something to skip: set model.dynamic to true");
    else if (t->set->budget.list.n == 0)
        dt_fail(&t->err, DT_ECONFIG, "budget.list: at least one budget is needed");
    else if (cfg->policy.pretrained && !*t->set->pretrained)
        dt_fail(&t->err, DT_ECONFIG, "budgetnet.policy.pretrained: no checkpoint is named by key pretrained");
    else if (cfg->learn.baseline == DT_BASELINE_LEAVE_ONE_OUT && cfg->learn.samples < 2)
        dt_fail(&t->err, DT_ECONFIG, "budgetnet.learn: leave_one_out needs samples of at least 2");
    for (int i = 1; i < t->set->budget.list.n; i++)
        if (t->set->budget.list.v[i] <= t->set->budget.list.v[i - 1])
            dt_fail(&t->err, DT_ECONFIG, "budget.list: budgets must rise, got %g after %g", t->set->budget.list.v[i],
                    t->set->budget.list.v[i - 1]);
    return t->err.code;
}

static enum dt_code build(struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    const struct dt_data_info *info = dt_dataset_info(t->data);
    struct dt_module *stem = dt_net_find(t->net, "net/stem");
    int channels = info->c;

    if (check(t))
        return t->err.code;
    if (cfg->policy.at == DT_AT_STEM) {
        if (!stem) {
            dt_fail(&t->err, DT_ECONFIG, "budgetnet.policy.at: %s has no stem to look at; use input",
                    t->set->model.arch);
            return t->err.code;
        }
        channels = stem->child->param->tensor.shape.d[0]; /* of the stem's convolution */
    }
    dt_agent_build(t->net, &cfg->policy, channels, info->h < info->w ? info->h : info->w, t->set->budget.list.n);
    return DT_OK;
}

static bool policy_pretrained(const struct dt_train *t)
{
    return ((const struct dt_budgetnet_cfg *)t->cfg)->policy.pretrained;
}

/* ---- phases ---- */
static bool thaw(void *ctx, struct dt_module *m, int depth)
{
    (void)ctx;
    (void)depth;
    m->frozen = false;
    return true;
}

/* The agent alone: the backbone's parameters stay, but batch norm takes the statistics of the batch, as recalibration
 * will; dt_run.freeze_stats leaves the running ones alone. */
static enum dt_code open_agent(struct dt_train *t)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);

    if (!s || dt_budget_price(t))
        return t->err.code;
    dt_module_walk(dt_net_root(t->net), &(struct dt_visitor){ .module = thaw });
    return dt_train_group(t, "policy/agent", &s->agent_optim);
}

static enum dt_code open_finetune(struct dt_train *t)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    struct dt_budgetnet *s = dt_budgetnet_state(t);

    if (cfg->backbone == DT_BACKBONE_FROZEN)
        return open_agent(t);
    if (!s || dt_budget_price(t) || dt_train_group(t, "net", &t->set->optim))
        return t->err.code;
    return dt_train_group(t, "policy/agent", &s->agent_optim);
}

static enum dt_code finetune(struct dt_train *t, const struct dt_batch *b)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;

    return cfg->backbone == DT_BACKBONE_FROZEN ? dt_budget_step_agent(t, b) : dt_budget_step_joint(t, b);
}

static enum dt_code open_calibrate(struct dt_train *t)
{
    return dt_budgetnet_state(t) ? dt_budget_price(t) : t->err.code;
}

static enum dt_code calibrate(struct dt_train *t, const struct dt_batch *b)
{
    (void)b;
    return dt_budget_calibrate(t) ? t->err.code : dt_train_update(t, 0); /* nothing learns here */
}

static const struct dt_phase phases[] = {
    { .name = "curriculum", .open = open_agent, .step = dt_budget_step_agent },
    { .name = "finetune", .open = open_finetune, .step = finetune },
    { .name = "calibrate", .epochs = 1, .steps = 1, .open = open_calibrate, .step = calibrate },
    { .name = NULL },
};

const struct dt_method dt_method_budgetnet = {
    .name = "budgetnet",
    .summary = "blocks or paths chosen for each image under a budget, by an agent that learns from rewards",
    .opts = dt_budgetnet_opts,
    .cfg_size = sizeof(struct dt_budgetnet_cfg),
    .phase = phases,
    .epochs = epochs,
    .state_size = sizeof(struct dt_budgetnet),
    .build = build,
    .ready = dt_budget_static_check,
    .policy_pretrained = policy_pretrained,
    .evaluate = dt_budget_evaluate,
    .visit = dt_budget_visit,
    .close = dt_budget_close,
    .curve = dt_budget_curve,
};
