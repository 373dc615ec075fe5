/* bench: a config's training step, its share per op kind, and beside it, in the same run, the sum of the bare
 * convolution primitives of that network. The step runs in a process of its own, so that its memory is its own. */
#include "cli/bench.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- the process that is measured ---- */

static int work(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    struct dt_bench b;

    if (dt_bench_run(args->operand[0], args->n_overrides, args->override, dt_methods, &b, &err))
        return dt_cli_fail(&err);
    return dt_cli_print_json(dt_bench_worker_json(&b));
}

/* ---- the process that reports ---- */

/* Runs this program again as the worker, its output to `fd`. The exit status; -1 and err: none. */
static int run_worker(const struct dt_args *args, int fd, struct dt_err *err)
{
    static const char *const words[] = { "dyntrain", "bench", "--worker", "--" };
    enum { FIXED = sizeof words / sizeof *words };
    char **argv = dt_calloc((size_t)args->n_overrides + FIXED + 2, sizeof *argv);
    posix_spawn_file_actions_t actions;
    int status = 0;
    pid_t pid;
    bool ok;

    if (!argv) {
        dt_fail(err, DT_ENOMEM, "out of memory");
        return -1;
    }
    memcpy(argv, words, sizeof words);
    memcpy(argv + FIXED, args->operand, sizeof *argv);
    memcpy(argv + FIXED + 1, args->override, (size_t)args->n_overrides * sizeof *argv);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    ok = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0 && waitpid(pid, &status, 0) == pid &&
         WIFEXITED(status);
    posix_spawn_file_actions_destroy(&actions);
    dt_free(argv);
    if (ok)
        return WEXITSTATUS(status);
    dt_fail(err, DT_EENGINE, "the process that is measured did not end by itself");
    return -1;
}

/* What the worker says. The exit status; it has told what went wrong unless err does. */
static int measure_step(const struct dt_args *args, struct dt_json **step, struct dt_err *err)
{
    const char *tmp = getenv("TMPDIR");
    char path[300];
    int fd, status;

    snprintf(path, sizeof path, "%s/dyntrain-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    if (fd < 0) {
        dt_fail(err, DT_ERESOURCE, "%s: cannot be made: %s", path, strerror(errno));
        return -1;
    }
    status = run_worker(args, fd, err);
    if (status == 0)
        *step = dt_json_read(path, err);
    close(fd);
    unlink(path);
    return status;
}

/* The exit status; without it and err clear, the worker has told what went wrong. */
static int measure(const struct dt_args *args, const struct dt_cli_net *n, const struct dt_json *earlier,
                   struct dt_err *err)
{
    struct dt_json *worker = NULL, *report;
    int status = measure_step(args, &worker, err);

    report = status == 0 && !err->code ? dt_bench_report(n, worker, err) : NULL;
    dt_json_free(worker);
    if (!report)
        return status;
    if (earlier)
        dt_bench_compare(report, earlier, args->compare);
    if (args->json)
        return dt_cli_print_json(report);
    dt_bench_print(report);
    if (earlier)
        dt_bench_print_compare(report, earlier);
    dt_json_free(report);
    return 0;
}

static int run(const struct dt_args *args)
{
    struct dt_cli_net n = { .net = NULL };
    struct dt_json *earlier = NULL;
    struct dt_err err = { 0 };
    int status = 0;

    if (args->worker)
        return work(args);
    if (args->compare) /* before a minute is spent */
        earlier = dt_bench_read(args->compare, &err);
    if (err.code)
        return dt_cli_fail(&err);
    if (dt_cli_net_open(&n, args, &err)) {
        status = dt_cli_fail_setup(&n.setup, &err);
    } else {
        status = measure(args, &n, earlier, &err);
        if (err.code)
            status = dt_cli_fail(&err);
    }
    dt_json_free(earlier);
    dt_cli_net_close(&n);
    return status;
}

const struct dt_command dt_cmd_bench = {
    .name = "bench",
    .operands = "CONFIG",
    .summary = "training step and inference beside the machine's ceilings",
    .flags = "json compare threads engine worker",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
