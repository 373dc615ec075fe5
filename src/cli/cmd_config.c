/* config: check, show, schema. */
#include "cli/cli.h"

#include <string.h>

/* One config: a line, or a row with all its errors. */
static int check_one(const struct dt_args *args, const char *path, struct dt_json *list)
{
    struct dt_setup s = { 0 };
    struct dt_err err = { 0 };
    enum dt_code code = dt_setup_load(&s, path, args->n_overrides, args->override, dt_methods, &err);
    int status = dt_exit_status(code), n = s.config ? dt_config_n_errors(s.config) : 0;

    if (args->json) {
        struct dt_json *row = dt_json_put(list, NULL, dt_json_object()), *errors;

        dt_json_str(row, "config", path);
        dt_json_bool(row, "ok", code == DT_OK);
        errors = dt_json_put(row, "errors", dt_json_array());
        for (int i = 0; i < n; i++)
            dt_json_str(errors, NULL, dt_config_error(s.config, i));
        if (code && !n)
            dt_json_str(errors, NULL, err.msg);
    } else if (code) {
        status = dt_cli_fail_setup(&s, &err);
    } else {
        printf("%s: ok\n", path);
    }
    dt_setup_free(&s);
    return status;
}

static int check(const struct dt_args *args)
{
    struct dt_json *list = args->json ? dt_json_array() : NULL;
    int status = 0, one;

    for (int i = 1; i < args->n; i++) {
        one = check_one(args, args->operand[i], list);
        status = status ? status : one;
    }
    if (args->json) {
        one = dt_cli_print_json(list);
        status = status ? status : one;
    }
    return status;
}

static int show(const struct dt_args *args)
{
    struct dt_setup s = { 0 };
    struct dt_err err = { 0 };
    int status = 0;

    if (dt_setup_load(&s, args->operand[1], args->n_overrides, args->override, dt_methods, &err))
        status = dt_cli_fail_setup(&s, &err);
    else if (args->json)
        status = dt_cli_print_json(dt_cli_settings_json(&s));
    else if (dt_setup_write(&s, args->origins, stdout)) {
        dt_fail(&err, DT_ERESOURCE, "cannot write to standard output");
        status = dt_cli_fail(&err);
    }
    dt_setup_free(&s);
    return status;
}

/* The commented reference of all settings, from the tables themselves. */
static int schema(const struct dt_args *args)
{
    struct dt_config_part part[32] = { { .section = "", .table = dt_settings_opts } };
    int n = 1;

    if (args->json)
        return dt_cli_print_keys(true);
    for (const struct dt_method *const *m = dt_methods; *m && n < 31; m++) /* the first is the default */
        part[n++] = (struct dt_config_part){ .section = (*m)->name, .table = (*m)->opts, .foreign = m != dt_methods };
    part[n++] = (struct dt_config_part){ .section = "budget", .table = dt_budget_opts, .foreign = true };
    dt_config_schema(part, n, stdout);
    return 0;
}

static int run(const struct dt_args *args)
{
    static const char *const words[] = { "check", "show", "schema", NULL };
    struct dt_err err = { 0 };
    int word = dt_cli_pick("config", args->operand[0], words, &err), n = args->n - 1;

    if (word == 0 && n >= 1)
        return check(args);
    if (word == 1 && n == 1)
        return show(args);
    if (word == 2 && n == 0)
        return schema(args);
    dt_fail(&err, DT_EUSAGE, "usage: dyntrain config %s", dt_cmd_config.operands);
    return dt_cli_fail(&err);
}

const struct dt_command dt_cmd_config = {
    .name = "config",
    .operands = "check CONFIG ...|show CONFIG|schema",
    .summary = "check configs, show one expanded, explain every setting",
    .flags = "json origins",
    .overrides = true,
    .min_operands = 1,
    .max_operands = -1,
    .run = run,
};
