/* The network of a config, built without its data: for summary and bench. */
#include "cli/cli.h"

enum dt_code dt_cli_net_open(struct dt_cli_net *n, const struct dt_args *args, struct dt_err *err)
{
    struct dt_data_info info;
    struct dt_net_plan plan;

    if (dt_setup_load(&n->setup, args->operand[0], args->n_overrides, args->override, dt_methods, err))
        return err->code;
    dt_data_shape(&n->setup.set.data, &info);
    n->input = dt_shape4(1, info.h, info.w, info.c);
    plan = (struct dt_net_plan){ &n->setup, n->setup.set.model, n->input, dt_methods };
    if (!plan.model.classes)
        plan.model.classes = info.classes;
    if (!plan.model.classes) {
        dt_fail(err, DT_ECONFIG, "%s: model.classes must be set, the number of classes is in the data",
                args->operand[0]);
        return err->code;
    }
    n->net = dt_net_new((uint64_t)n->setup.set.seed, err);
    if (!n->net || dt_setup_net(n->net, &plan, err))
        return err->code;
    return dt_net_finish(n->net, info.h, info.w, info.c, err);
}

void dt_cli_net_close(struct dt_cli_net *n)
{
    dt_net_free(n->net);
    dt_setup_free(&n->setup);
}
