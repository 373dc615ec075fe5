/* data: opens a config's data set, checks every file, and says what is in it. */
#include "cli/cli.h"

static int print(const struct dt_args *args, struct dt_dataset *d)
{
    const struct dt_data_info *info = dt_dataset_info(d);
    struct dt_json *j, *names, *mean, *std;

    if (!args->json) {
        printf("%s: %d training, %d validation, %d test images of %d x %d x %d, %d classes\n", info->name,
               info->n[DT_TRAIN], info->n[DT_VAL], info->n[DT_TEST], info->h, info->w, info->c, info->classes);
        for (int k = 0; k < info->c; k++)
            printf("channel %d: mean %.4f, deviation %.4f\n", k, info->mean[k], info->std[k]);
        for (int k = 0; k < info->classes; k++)
            printf("%s%s", k ? ", " : "classes: ", info->class_names[k]);
        printf("\n");
        return 0;
    }
    j = dt_json_object();
    dt_json_str(j, "name", info->name);
    dt_json_int(j, "train", info->n[DT_TRAIN]);
    dt_json_int(j, "val", info->n[DT_VAL]);
    dt_json_int(j, "test", info->n[DT_TEST]);
    dt_json_int(j, "height", info->h);
    dt_json_int(j, "width", info->w);
    dt_json_int(j, "channels", info->c);
    mean = dt_json_put(j, "mean", dt_json_array());
    std = dt_json_put(j, "std", dt_json_array());
    for (int k = 0; k < info->c; k++) {
        dt_json_num(mean, NULL, info->mean[k]);
        dt_json_num(std, NULL, info->std[k]);
    }
    names = dt_json_put(j, "classes", dt_json_array());
    for (int k = 0; k < info->classes; k++)
        dt_json_str(names, NULL, info->class_names[k]);
    return dt_cli_print_json(j);
}

static int run(const struct dt_args *args)
{
    static const char *const words[] = { "info", NULL };
    struct dt_setup s = { 0 };
    struct dt_err err = { 0 };
    struct dt_dataset *d;
    int status;

    if (dt_cli_pick("data", args->operand[0], words, &err) < 0)
        return dt_cli_fail(&err);
    if (dt_setup_load(&s, args->operand[1], args->n_overrides, args->override, dt_methods, &err)) {
        status = dt_cli_fail_setup(&s, &err);
        dt_setup_free(&s);
        return status;
    }
    d = dt_dataset_open(&s.set.data, (uint64_t)s.set.seed, &err);
    status = d ? print(args, d) : dt_cli_fail(&err);
    dt_dataset_free(d);
    dt_setup_free(&s);
    return status;
}

const struct dt_command dt_cmd_data = {
    .name = "data",
    .operands = "info CONFIG",
    .summary = "check a data set's files and describe them",
    .flags = "json",
    .overrides = true,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
