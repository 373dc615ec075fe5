/* cost: the one cost model. A row of an arch is forced, run dry at batch 1 by the skipping execution, and what the tape
 * recorded is summed. The policy's look is recorded, its decide is not called. */
#include "nn/net.h"

#include <string.h>

enum dt_code dt_trace(struct dt_net *net, struct dt_policy *policy, const int *row, struct dt_tape *dry,
                      struct dt_err *err)
{
    struct dt_run run = { .tape = dry, .policy = policy, .exec = DT_SKIP };
    const struct dt_err *why = dt_tape_err(dry);

    DT_ASSERT(dt_tape_dry(dry));
    dt_tape_reset(dry);
    run.arch = dt_arch_full(dry, &net->space, 1);
    if (row && run.arch.n)
        memcpy(run.arch.value, row, (size_t)run.arch.n * sizeof *row);
    (void)dt_net_forward(net, &run, dt_tape_leaf(dry, net->input, NULL));
    if (why->code)
        dt_fail(err, why->code, "%s", why->msg);
    return why->code;
}

enum dt_code dt_cost(struct dt_net *net, struct dt_policy *policy, const int *row, struct dt_cost *out,
                     struct dt_err *err)
{
    enum dt_code code = dt_trace(net, policy, row, net->dry, err);

    *out = (struct dt_cost){ 0 };
    if (code)
        return code;
    for (int i = 0; i < dt_tape_n_nodes(net->dry); i++) {
        struct dt_op_stat s = dt_tape_node_stat(net->dry, i);

        out->macs += s.macs;
        out->params += s.params;
    }
    out->act_bytes = dt_tape_act_bytes(net->dry);
    return DT_OK;
}
