/* list: methods, models, data sets, runs. */
#include "cli/cli.h"

#include <string.h>

static void item(struct dt_json *list, const char *name, const char *text)
{
    struct dt_json *row;

    if (!list) {
        printf("%-14s %s\n", name, text);
        return;
    }
    row = dt_json_put(list, NULL, dt_json_object());
    dt_json_str(row, "name", name);
    dt_json_str(row, "text", text);
}

static void methods(struct dt_json *list)
{
    for (const struct dt_method *const *m = dt_methods; *m; m++)
        item(list, (*m)->name, (*m)->summary);
}

static void models(struct dt_json *list)
{
    for (const char *const *m = dt_model_names(); *m; m++)
        item(list, *m, "");
}

static void datasets(struct dt_json *list)
{
    for (const struct dt_opt *o = dt_data_opts; o->name; o++)
        for (int i = 0; !strcmp(o->name, "dataset") && o->choices[i]; i++)
            item(list, o->choices[i], "");
}

static bool run_row(void *ctx, const char *path)
{
    struct dt_json *list = ctx, *result, *row;
    struct dt_err err = { 0 };
    char file[600];
    double accuracy;

    snprintf(file, sizeof file, "%s/result.json", path);
    result = dt_json_read(file, &err); /* none yet: a run that has not finished */
    accuracy = result ? dt_json_get_num(result, "test_accuracy", -1) : -1;
    if (!list) {
        if (accuracy >= 0)
            printf("%-60s %6.2f%%  %s\n", path, 100 * accuracy, dt_json_get_str(result, "network", ""));
        else
            printf("%-60s unfinished\n", path);
    } else {
        row = dt_json_put(list, NULL, dt_json_object());
        dt_json_str(row, "run", path);
        dt_json_bool(row, "finished", result != NULL);
        if (accuracy >= 0)
            dt_json_num(row, "test_accuracy", accuracy);
    }
    dt_json_free(result);
    return true;
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    const char *what = args->operand[0];
    struct dt_json *list = args->json ? dt_json_array() : NULL;

    if (!strcmp(what, "methods")) {
        methods(list);
    } else if (!strcmp(what, "models")) {
        models(list);
    } else if (!strcmp(what, "datasets")) {
        datasets(list);
    } else if (!strcmp(what, "runs")) {
        dt_rundir_each(args->n > 1 ? args->operand[1] : "experiments", run_row, list);
    } else {
        dt_json_free(list);
        dt_fail(&err, DT_EUSAGE, "usage: dyntrain list %s", dt_cmd_list.operands);
        return dt_cli_fail(&err);
    }
    return list ? dt_cli_print_json(list) : 0;
}

const struct dt_command dt_cmd_list = {
    .name = "list",
    .operands = "methods|models|datasets|runs [DIR]",
    .summary = "what there is to choose from, and what has been run",
    .flags = "json",
    .min_operands = 1,
    .max_operands = 2,
    .run = run,
};
