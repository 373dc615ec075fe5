/* list: methods, models, data sets, settings, runs. */
#include "cli/cli.h"

#include <string.h>

static void item(struct dt_json *list, const char *name, const char *text)
{
    struct dt_json *row;

    if (!list) {
        printf(text ? "%-14s %s\n" : "%s\n", name, text);
        return;
    }
    row = dt_json_put(list, NULL, dt_json_object());
    dt_json_str(row, "name", name);
    if (text)
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
        item(list, *m, NULL);
}

static void datasets(struct dt_json *list)
{
    for (const struct dt_opt *o = dt_data_opts; o->name; o++)
        for (int i = 0; !strcmp(o->name, "dataset") && o->choices[i]; i++)
            item(list, o->choices[i], NULL);
}

static int run(const struct dt_args *args)
{
    static const char *const words[] = { "methods", "models", "datasets", "keys", "runs", NULL };
    struct dt_err err = { 0 };
    struct dt_json *list;
    int word = dt_cli_pick("list", args->operand[0], words, &err);

    if (word >= 0 && word != 4 && args->n > 1)
        dt_fail(&err, DT_EUSAGE, "'%s' is one too many; usage: dyntrain list %s", args->operand[1], args->operand[0]);
    if (err.code)
        return dt_cli_fail(&err);
    if (word == 3)
        return dt_cli_print_keys(args->json);
    if (word == 4)
        return dt_cli_print_runs(args->n > 1 ? args->operand[1] : NULL, args->json);
    list = args->json ? dt_json_array() : NULL;
    if (word == 0)
        methods(list);
    else if (word == 1)
        models(list);
    else
        datasets(list);
    return args->json ? dt_cli_print_json(list) : 0;
}

const struct dt_command dt_cmd_list = {
    .name = "list",
    .operands = "methods|models|datasets|keys|runs [DIR]",
    .summary = "what there is to choose from, and what has been run",
    .flags = "json",
    .min_operands = 1,
    .max_operands = 2,
    .run = run,
};
