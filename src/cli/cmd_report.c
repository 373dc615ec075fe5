/* report: runs as one HTML page. */
#include "cli/cli.h"

#include <dyntrain/report.h>
#include <string.h>

/* Of one run, the report is kept with it; of several, in the working directory. */
static int run(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    char path[DT_PATH] = "report.html";

    if (args->output && snprintf(path, sizeof path, "%s", args->output) >= (int)sizeof path)
        dt_fail(&err, DT_EUSAGE, "%.80s...: the path is too long", args->output);
    if (!args->output && args->n == 1 &&
        snprintf(path, sizeof path, "%s/report.html", args->operand[0]) >= (int)sizeof path)
        dt_fail(&err, DT_ECHECKPOINT, "%.80s...: the path is too long", args->operand[0]);
    if (err.code || dt_report_write(args->n, args->operand, path, &err))
        return dt_cli_fail(&err);
    if (strcmp(path, "-"))
        printf("%s\n", path);
    return 0;
}

const struct dt_command dt_cmd_report = {
    .name = "report",
    .operands = "RUN [RUN ...]",
    .summary = "runs, running ones too, as one HTML page: curves, tables, configs",
    .flags = "output",
    .min_operands = 1,
    .max_operands = -1,
    .run = run,
};
