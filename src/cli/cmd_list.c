/* list: methods, models, data sets, settings, runs. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
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

/* ---- runs ---- */

/* A file that is not there, or not yet, says nothing: NULL. */
static struct dt_json *read_json(const char *run, const char *name)
{
    struct dt_err ignored = { 0 };
    char path[600];

    snprintf(path, sizeof path, "%s/%s", run, name);
    return dt_json_read(path, &ignored);
}

static bool run_row(void *ctx, const char *path)
{
    struct dt_json *list = ctx, *info = read_json(path, "run.json"), *result = read_json(path, "result.json"), *row;
    const char *status = dt_json_get_str(info, "status", "unreadable");
    double accuracy = dt_json_get_num(result, "test_accuracy", -1);

    if (!list && accuracy >= 0) {
        printf("%-60s %-10s %6.2f%%  %s\n", path, status, 100 * accuracy, dt_json_get_str(result, "network", ""));
    } else if (!list) {
        printf("%-60s %s\n", path, status);
    } else {
        row = dt_json_put(list, NULL, dt_json_object());
        dt_json_str(row, "run", path);
        dt_json_str(row, "status", status);
        dt_json_str(row, "started", dt_json_get_str(info, "started", NULL));
        dt_json_str(row, "method", dt_json_get_str(info, "method", NULL));
        dt_json_str(row, "network", dt_json_get_str(result, "network", NULL));
        dt_json_num(row, "test_accuracy", dt_json_get_num(result, "test_accuracy", (double)NAN));
    }
    dt_json_free(info);
    dt_json_free(result);
    return true;
}

static bool runs(const char *root, bool given, struct dt_json *list, struct dt_err *err)
{
    DIR *d = opendir(root);

    if (!d && given)
        return dt_fail(err, DT_ECHECKPOINT, "%s: %s", root, strerror(errno));
    if (d)
        closedir(d);
    return dt_rundir_each(root, run_row, list) || dt_fail(err, DT_ENOMEM, "out of memory");
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
    list = args->json ? dt_json_array() : NULL;
    if (word == 0)
        methods(list);
    else if (word == 1)
        models(list);
    else if (word == 2)
        datasets(list);
    else if (!runs(args->n > 1 ? args->operand[1] : "experiments", args->n > 1, list, &err)) {
        dt_json_free(list);
        return dt_cli_fail(&err);
    }
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
