/* Rewards. What BudgetNet's is has not been published; these are DESIGN of ours, but for BlockDrop's (Wu et al. 2018).
 * With u the share of C_static that the sampled choices cost, agent included, b the budget, o = max(0, u - b), and u1
 * the most that u can be, 1 and the agent:
 *
 *   blockdrop      right: 1 - u^2                                                 wrong: -w
 *   budget_hinge   right: 1 - k (o / (u1 - b + eps))^2 - r u^2                    wrong: -w - k o
 *   lagrangian     1[right] - m (u - b), m the multiplier of this budget, by dual ascent
 *
 * k overshoot, r usage, w wrong. The hinge with b = 0, u1 = 1, k = 1, r = 0 is BlockDrop's where the answer is right.
 */
#include "rl/budgetnet.h"

double dt_budget_reward(const struct dt_budget_reward_cfg *cfg, bool correct, double used, double most, double budget,
                        double multiplier)
{
    double over = used > budget ? used - budget : 0, part = over > 0 ? over / (most - budget + 0.05) : 0;

    switch (cfg->name) {
    case DT_REWARD_BLOCKDROP:
        return correct ? 1 - used * used : -cfg->wrong;
    case DT_REWARD_LAGRANGIAN:
        return (correct ? 1 : 0) - multiplier * (used - budget);
    default:
        return correct ? 1 - cfg->overshoot * part * part - cfg->usage * used * used
                       : -cfg->wrong - cfg->overshoot * over;
    }
}
