/* eval: a trained network on a split: accuracy and cost, of a dynamic method the whole curve. */
#include "cli/cli.h"

#include <math.h>

#include "train/curve.h"

static const char *const splits[] = { [DT_TRAIN] = "train", [DT_VAL] = "val", [DT_TEST] = "test", NULL };

static int print(const struct dt_args *args, const struct dt_train *t, int split, const struct dt_curve *c)
{
    const struct dt_point *e = c->target;
    int images = dt_dataset_info(t->data)->n[split];
    struct dt_cost cost = { 0 };
    struct dt_err err = { 0 };
    char macs[32];
    struct dt_json *j;

    if (!args->json) {
        printf("accuracy %.2f%%", 100 * e->accuracy);
        if (isfinite(e->top5))
            printf("   top-5 %.2f%%", 100 * e->top5);
        if (isfinite(e->loss))
            printf("   loss %.4f", e->loss);
        printf("   (%d images)\n", images);
        printf("cost     %s MACs an image (%.0f%% of the static network's)\n", dt_cli_si((int64_t)e->macs_mean, macs),
               100 * dt_point_share(c, e));
        if (c->points.n > 0)
            dt_curve_print(c, stdout);
        return 0;
    }
    if (dt_cost(t->net, NULL, NULL, &cost, &err))
        return dt_cli_fail(&err);
    j = dt_json_object();
    dt_json_str(j, "network", t->set->network);
    dt_json_str(j, "split", splits[split]);
    dt_json_int(j, "images", images);
    dt_json_num(j, "accuracy", e->accuracy);
    dt_json_num(j, "top5", e->top5);
    dt_json_num(j, "loss", e->loss);
    dt_json_int(j, "params", cost.params);
    dt_curve_put(c, j);
    return dt_cli_print_json(j);
}

static int evaluate(const struct dt_args *args, struct dt_train *t, int split)
{
    const struct dt_data_info *info = dt_dataset_info(t->data);
    struct dt_err err = { 0 };
    struct dt_curve *c;
    int status;

    if (info->n[split] == 0) {
        dt_fail(&err, DT_EDATA, "%s: there are no images in %s to evaluate on", info->name, splits[split]);
        return dt_cli_fail(&err);
    }
    c = dt_curve_new(&err);
    if (!c)
        return dt_cli_fail(&err);
    status = dt_train_curve(t, (enum dt_split)split, c) ? dt_cli_fail(&t->err) : print(args, t, split, c);
    dt_curve_free(c);
    return status;
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    int split = args->split ? dt_cli_pick("--split", args->split, splits, &err) : DT_TEST;
    struct dt_model *m;
    int status;

    if (split < 0)
        return dt_cli_fail(&err);
    m = dt_model_open(args->operand[0], DT_MODEL_IMAGES, dt_methods, args->n_overrides, args->override, &err);
    if (!m)
        return dt_cli_fail(&err);
    status = evaluate(args, dt_model_train(m), split);
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
