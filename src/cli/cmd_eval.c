/* eval: accuracy of a trained network on a split. */
#include "cli/cli.h"

static const char *const splits[] = { [DT_TRAIN] = "train", [DT_VAL] = "val", [DT_TEST] = "test", NULL };

static int print(const struct dt_args *args, const struct dt_train *t, const char *split, const struct dt_eval *e,
                 const struct dt_cost *cost)
{
    char macs[32];
    struct dt_json *j;

    if (!args->json) {
        printf("accuracy %.2f%%   top-5 %.2f%%   loss %.4f   (%lld images)\n", 100 * e->accuracy, 100 * e->top5,
               e->loss, (long long)e->n);
        printf("cost     %s MACs an image (%.0f%% of the static network's)\n", dt_cli_si((int64_t)e->macs_mean, macs),
               100 * e->macs_mean / (double)cost->macs);
        return 0;
    }
    j = dt_json_object();
    dt_json_str(j, "network", t->set->model.arch);
    dt_json_str(j, "split", split);
    dt_json_int(j, "images", e->n);
    dt_json_num(j, "accuracy", e->accuracy);
    dt_json_num(j, "top5", e->top5);
    dt_json_num(j, "loss", e->loss);
    dt_json_num(j, "macs_mean", e->macs_mean);
    dt_json_int(j, "macs_static", cost->macs);
    dt_json_int(j, "params", cost->params);
    return dt_cli_print_json(j);
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    int split = args->split ? dt_cli_pick("--split", args->split, splits, &err) : DT_TEST;
    struct dt_model *m = NULL;
    struct dt_eval e = { 0 };
    struct dt_cost cost = { 0 };
    struct dt_train *t;
    int status;

    if (split < 0)
        return dt_cli_fail(&err);
    m = dt_model_open(args->operand[0], dt_methods, args->n_overrides, args->override, &err);
    if (!m)
        return dt_cli_fail(&err);
    t = dt_model_train(m);
    if (dt_dataset_info(t->data)->n[split] == 0) {
        dt_fail(&err, DT_EDATA, "%s: there are no images in %s to evaluate on", dt_dataset_info(t->data)->name,
                splits[split]);
        status = dt_cli_fail(&err);
    } else if (dt_train_evaluate(t, (enum dt_split)split, &e)) {
        status = dt_cli_fail(&t->err);
    } else if (dt_cost(t->net, NULL, NULL, &cost, &err)) {
        status = dt_cli_fail(&err);
    } else {
        status = print(args, t, splits[split], &e, &cost);
    }
    dt_model_close(m);
    return status;
}

const struct dt_command dt_cmd_eval = {
    .name = "eval",
    .operands = "RUN|CHECKPOINT",
    .summary = "accuracy and cost of a trained network",
    .flags = "json split threads engine",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
