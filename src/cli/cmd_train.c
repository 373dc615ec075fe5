/* train, resume: whole runs. Each ends by printing what to type next. */
#include "cli/cli.h"

static void report(const struct dt_outcome *out)
{
    printf("test accuracy %.2f%% after %.1f minutes\n", 100 * out->test.accuracy, out->train_minutes);
    printf("run           %s\n", out->run);
    printf("next          dyntrain eval %s\n", out->run);
    printf("              dyntrain report %s\n", out->run);
    printf("              dyntrain predict %s IMAGE.png\n", out->run);
    printf("              dyntrain inspect %s\n", out->run);
}

static void report_dry(const char *config, const struct dt_outcome *out)
{
    printf("%s: config, data and network are fine; nothing was trained\n", config);
    if (out->memory > 0)
        printf("memory        about %.2f GB in training\n", out->memory / 1e9);
}

/* Stopped on request: the run can go on. */
static int stopped(const struct dt_outcome *out, const struct dt_err *err)
{
    int status = dt_cli_fail(err);

    if (out->run[0])
        fprintf(stderr, "dyntrain: go on with: dyntrain resume %s\n", out->run);
    return status;
}

/* A config with errors shows all of them, not only the first. Where it has none, it is another one that is meant. */
static int fail_config(const char *config, const struct dt_args *args, const struct dt_err *err)
{
    struct dt_setup setup = { 0 };
    struct dt_err again = { 0 };
    int status;

    if (dt_setup_load(&setup, config, args->n_overrides, args->override, dt_methods, &again))
        status = dt_cli_fail_setup(&setup, &again);
    else
        status = dt_cli_fail(err);
    dt_setup_free(&setup);
    return status;
}

static int finish(enum dt_code code, const char *config, const struct dt_args *args, const struct dt_outcome *out,
                  const struct dt_err *err)
{
    switch (code) {
    case DT_OK:
        if (args->dry_run)
            report_dry(config, out);
        else
            report(out);
        return 0;
    case DT_ECONFIG:
        return fail_config(config, args, err);
    case DT_ESTOPPED:
    case DT_EINTERRUPT:
    case DT_ETERM:
        return stopped(out, err);
    default:
        return dt_cli_fail(err);
    }
}

static struct dt_job job_of(const struct dt_args *args)
{
    return (struct dt_job){
        .n_overrides = args->n_overrides,
        .overrides = args->override,
        .methods = dt_methods,
        .command = args->line,
        .table = stdout,
        .dry_run = args->dry_run,
        .epochs = args->epochs,
    };
}

static int train(const struct dt_args *args)
{
    struct dt_job job = job_of(args);
    struct dt_outcome out = { .run = "" };
    struct dt_err err = { 0 };

    job.config_path = args->operand[0];
    return finish(dt_run_train(&job, &out, &err), job.config_path, args, &out, &err);
}

const struct dt_command dt_cmd_train = {
    .name = "train",
    .operands = "CONFIG",
    .summary = "train what a config describes",
    .flags = "dry-run output name seed threads engine progress",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = train,
};

static int resume(const struct dt_args *args)
{
    struct dt_job job = job_of(args);
    struct dt_outcome out = { .run = "" };
    struct dt_err err = { 0 };
    char config[600];

    job.run_path = args->operand[0];
    snprintf(config, sizeof config, "%s/config.resolved.yaml", job.run_path);
    return finish(dt_run_resume(&job, &out, &err), config, args, &out, &err);
}

const struct dt_command dt_cmd_resume = {
    .name = "resume",
    .operands = "RUN",
    .summary = "go on from a run's last checkpoint, bit for bit",
    .flags = "epochs threads engine progress",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = resume,
};
