/* config: check, show, schema. */
#include "cli/cli.h"

#include <string.h>

static int check(const struct dt_args *args)
{
    int worst = 0;

    for (int i = 1; i < args->n; i++) {
        struct dt_setup s = { 0 };
        struct dt_err err = { 0 };

        if (dt_setup_load(&s, args->operand[i], args->n_overrides, args->override, dt_methods, &err))
            worst = dt_cli_fail_setup(&s, &err);
        else
            printf("%s: ok\n", args->operand[i]);
        dt_setup_free(&s);
    }
    return worst;
}

static int show(const struct dt_args *args)
{
    struct dt_setup s = { 0 };
    struct dt_err err = { 0 };
    int status = 0;

    if (args->n != 2) {
        dt_fail(&err, DT_EUSAGE, "usage: dyntrain config show CONFIG [key.path=value ...]");
        return dt_cli_fail(&err);
    }
    if (dt_setup_load(&s, args->operand[1], args->n_overrides, args->override, dt_methods, &err))
        status = dt_cli_fail_setup(&s, &err);
    else if (dt_setup_write(&s, args->origins, stdout))
        status = dt_exit_status(DT_ERESOURCE);
    dt_setup_free(&s);
    return status;
}

/* The commented reference of all settings, from the tables themselves. */
static int schema(void)
{
    struct dt_config_part part[32] = { { .section = "", .table = dt_settings_opts } };
    int n = 1;

    for (const struct dt_method *const *m = dt_methods; *m && n < 32; m++)
        part[n++] = (struct dt_config_part){ .section = (*m)->name, .table = (*m)->opts };
    dt_config_schema(part, n, stdout);
    return 0;
}

static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    const char *what = args->operand[0];

    if (!strcmp(what, "check") && args->n > 1)
        return check(args);
    if (!strcmp(what, "show"))
        return show(args);
    if (!strcmp(what, "schema"))
        return schema();
    dt_fail(&err, DT_EUSAGE, "usage: dyntrain config %s", dt_cmd_config.operands);
    return dt_cli_fail(&err);
}

const struct dt_command dt_cmd_config = {
    .name = "config",
    .operands = "check|show|schema [CONFIG ...]",
    .summary = "check configs, show one expanded, list every setting",
    .flags = "origins",
    .min_operands = 1,
    .max_operands = -1,
    .run = run,
};
