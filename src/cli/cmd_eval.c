/* eval: accuracy of a trained network on a split. */
#include "cli/cli.h"

#include <string.h>

static bool split_of(const char *name, enum dt_split *out, struct dt_err *err)
{
    static const char *const names[] = { "train", "val", "test" };

    for (int i = 0; i < 3; i++)
        if (!name || !strcmp(name, names[i])) {
            *out = name ? (enum dt_split)i : DT_TEST;
            return true;
        }
    return dt_fail(err, DT_EUSAGE, "--split: expected train, val or test, got \"%s\"", name);
}

static int print(const struct dt_args *args, const struct dt_train *t, const struct dt_eval *e,
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
    dt_json_str(j, "split", args->split ? args->split : "test");
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
    enum dt_split split = DT_TEST;
    struct dt_model *m = NULL;
    struct dt_eval e = { 0 };
    struct dt_cost cost = { 0 };
    struct dt_train *t;
    int status;

    if (!split_of(args->split, &split, &err))
        return dt_cli_fail(&err);
    m = dt_model_open(args->operand[0], dt_methods, args->n_overrides, args->override, &err);
    if (!m)
        return dt_cli_fail(&err);
    t = dt_model_train(m);
    if (t->method->evaluate(t, split, &e)) {
        status = dt_cli_fail(&t->err);
    } else if (dt_cost(t->net, NULL, NULL, &cost, &err)) {
        status = dt_cli_fail(&err);
    } else {
        status = print(args, t, &e, &cost);
    }
    dt_model_close(m);
    return status;
}

const struct dt_command dt_cmd_eval = {
    .name = "eval",
    .operands = "RUN|CHECKPOINT [key.path=value ...]",
    .summary = "accuracy and cost of a trained network",
    .flags = "json split threads engine",
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
