#include "nets.h"

#include <string.h>

#include "support.h"

static bool shake(void *ctx, struct dt_param *p)
{
    for (int64_t i = 0, n = dt_numel(&p->tensor.shape); i < n && p->tensor.shape.rank == 1; i++)
        p->tensor.data[i] += (dt_real)(0.3 * dt_rng_uniform(ctx));
    return true;
}

void agent_net_open(struct agent_net *a, const struct dt_model_cfg *model, const struct dt_budget_policy_cfg *policy,
                    int side, int channels)
{
    struct dt_err err = { 0 };
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 0, 0);
    struct dt_module *stem;

    memset(a, 0, sizeof *a);
    a->net = dt_net_new(7, &err);
    a->arena = dt_arena_new(0, &err);
    (void)(dt_model_build(a->net, model, channels, &err) == DT_OK);
    dt_test_ok(&err);
    stem = dt_net_find(a->net, "net/stem");
    dt_agent_build(a->net, policy, policy->at == DT_AT_STEM ? stem->child->param->tensor.shape.d[0] : channels, side,
                   1);
    (void)(dt_net_finish(a->net, side, side, channels, &err) == DT_OK);
    dt_test_ok(&err);
    dt_net_walk(a->net, &(struct dt_visitor){ .ctx = &rng, .param = shake });
    dt_net_touch(a->net);
    a->s.n = dt_net_space(a->net)->n;
    a->list[0] = 0.5;
    a->s.list = a->s.condition = a->list;
    a->s.n_list = 1;
    dt_budget_policy_init(&a->s, a->net, policy->at);
    (void)(dt_costs_of_macs(a->net, &a->s.policy.base, a->arena, &a->s.macs, &err) == DT_OK);
    dt_test_ok(&err);
    a->s.cost = a->s.macs;
}

void agent_net_close(struct agent_net *a)
{
    dt_net_free(a->net);
    dt_arena_free(a->arena);
}
