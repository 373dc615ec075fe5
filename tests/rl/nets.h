/* Nets with an agent for tests, outside of any run. */
#ifndef DT_TESTS_RL_NETS_H
#define DT_TESTS_RL_NETS_H

#include "rl/budgetnet.h"

struct agent_net {
    struct dt_net *net;
    struct dt_arena *arena;
    struct dt_budgetnet s; /* policy, n, list, cost and macs are set */
    double list[1];
};
/* A dynamic model of the table for images [side,side,channels], with an agent as cfg says; random norms and statistics.
 */
void agent_net_open(struct agent_net *a, const struct dt_model_cfg *model, const struct dt_budget_policy_cfg *policy,
                    int side, int channels);
void agent_net_close(struct agent_net *a);

#endif
