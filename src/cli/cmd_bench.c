/* bench: a config's training step, its share per op kind, and beside it, in the same run, the sum of the bare
 * convolution primitives of that network. The step runs in a process of its own, so that its memory is its own. */
#include "cli/cli.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { CONV_RUNS = 20 };

/* ---- the process that is measured ---- */

static void put_rows(struct dt_json *j, const struct dt_bench *b)
{
    struct dt_json *ops = dt_json_put(j, "ops", dt_json_array());
    double rest = b->step_s * b->steps;

    for (int i = 0; i < b->n_rows; i++) {
        const struct dt_profile_row *r = &b->row[i];
        double s = r->forward_s + r->backward_s;
        struct dt_json *row = dt_json_put(ops, NULL, dt_json_object());

        rest -= s;
        dt_json_str(row, "kind", r->op);
        dt_json_num(row, "ms", 1e3 * s / b->steps);
        dt_json_num(row, "forward_ms", 1e3 * r->forward_s / b->steps);
        dt_json_num(row, "gflops",
                    s > 0 ? 6e-9 * (double)r->macs / s : 0); /* forward, data and weights: 3 x 2 x MACs */
        dt_json_num(row, "gbs", r->forward_s > 0 ? 1e-9 * (double)r->bytes / r->forward_s : 0);
    }
    if (rest > 0) { /* optimiser, and what the loop does */
        struct dt_json *row = dt_json_put(ops, NULL, dt_json_object());

        dt_json_str(row, "kind", "update");
        dt_json_num(row, "ms", 1e3 * rest / b->steps);
        dt_json_num(row, "forward_ms", 0);
        dt_json_num(row, "gflops", 0);
        dt_json_num(row, "gbs", 0);
    }
}

static int work(const struct dt_args *args)
{
    struct dt_err err = { 0 };
    struct dt_bench b;
    struct dt_json *j;

    if (dt_bench_run(args->operand[0], args->n_overrides, args->override, dt_methods, &b, &err))
        return dt_cli_fail(&err);
    j = dt_json_object();
    dt_json_str(j, "precision", b.precision);
    dt_json_num(j, "step_ms", 1e3 * b.step_s);
    dt_json_num(j, "loader_ms", 1e3 * b.loader_s);
    dt_json_num(j, "infer1_ms", 1e3 * b.infer1_s);
    dt_json_num(j, "peak_rss_mb", (double)b.peak_rss / 1e6);
    put_rows(j, &b);
    return dt_cli_print_json(j);
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

static const char *precision_of(const struct dt_json *step)
{
    return dt_json_get_str(step, "precision", "fp32");
}

static enum dt_code measure_convs(const struct dt_cli_net *n, const char *precision, double *seconds,
                                  struct dt_err *err)
{
    enum dt_dtype dtype = strcmp(precision, "bf16") == 0 ? DT_BF16 : DT_REAL_DTYPE;
    struct dt_engine *e;
    struct dt_tape *dry = dt_tape_new_dry(err);

    dt_par_set_threads((int)n->setup.set.run.threads);
    e = dt_engine_new(n->setup.set.run.engine, err);
    if (dry && e && dt_trace(n->net, NULL, NULL, dry, err) == DT_OK &&
        dt_bare_convs(dry, e, dtype, (int)n->setup.set.data.batch, CONV_RUNS, seconds, err) != DT_OK)
        *seconds = 0;
    dt_engine_free(e);
    dt_tape_free(dry);
    return err->code;
}

static void print_table(const struct dt_json *step, const struct dt_settings *set, double step_ms, double conv_ms)
{
    const struct dt_json *ops = dt_json_get(step, "ops");

    printf("%s, batch %lld, %d thread%s, %s\n\n", set->model.arch, (long long)set->data.batch, dt_par_threads(),
           dt_par_threads() == 1 ? "" : "s", precision_of(step));
    printf("%-20s %9s %7s %9s %9s\n", "op", "ms", "share", "GFLOP/s", "GB/s");
    for (int i = 0; i < dt_json_size(ops); i++) {
        const struct dt_json *r = dt_json_at(ops, i);
        double ms = dt_json_get_num(r, "ms", 0);

        printf("%-20s %9.2f %6.1f%% %9.0f %9.0f\n", dt_json_get_str(r, "kind", ""), ms, 100 * ms / step_ms,
               dt_json_get_num(r, "gflops", 0), dt_json_get_num(r, "gbs", 0));
    }
    printf("\nstep                 %9.2f ms, %.0f images/s; waiting for the loader %.2f ms more\n", step_ms,
           1e3 * (double)set->data.batch / step_ms, dt_json_get_num(step, "loader_ms", 0));
    if (conv_ms > 0)
        printf("bare convolutions    %9.2f ms; ratio %.2f\n", conv_ms, step_ms / conv_ms);
    printf("inference, batch 1   %9.3f ms\npeak memory          %9.0f MB\n", dt_json_get_num(step, "infer1_ms", 0),
           dt_json_get_num(step, "peak_rss_mb", 0));
}

static int print_json(struct dt_json *step, const struct dt_settings *set, double step_ms, double conv_ms)
{
    struct dt_json *j = dt_json_object();

    dt_json_str(j, "network", set->model.arch);
    dt_json_int(j, "batch", set->data.batch);
    dt_json_int(j, "threads", dt_par_threads());
    dt_json_str(j, "precision", precision_of(step));
    dt_json_num(j, "step_ms", step_ms);
    if (conv_ms > 0) {
        dt_json_num(j, "conv_ms", conv_ms);
        dt_json_num(j, "ratio", step_ms / conv_ms);
    } else {
        dt_json_null(j, "conv_ms");
        dt_json_null(j, "ratio");
    }
    dt_json_num(j, "images_per_s", 1e3 * (double)set->data.batch / step_ms);
    dt_json_num(j, "loader_ms", dt_json_get_num(step, "loader_ms", 0));
    dt_json_num(j, "infer1_ms", dt_json_get_num(step, "infer1_ms", 0));
    dt_json_num(j, "peak_rss_mb", dt_json_get_num(step, "peak_rss_mb", 0));
    dt_json_put(j, "ops", dt_json_take(step, "ops"));
    return dt_cli_print_json(j);
}

static int run(const struct dt_args *args)
{
    struct dt_cli_net n = { .net = NULL };
    struct dt_err err = { 0 };
    struct dt_json *step = NULL;
    double conv_s = 0, step_ms;
    int status;

    if (args->worker)
        return work(args);
    if (dt_cli_net_open(&n, args, &err)) {
        status = dt_cli_fail_setup(&n.setup, &err);
        dt_cli_net_close(&n);
        return status;
    }
    status = measure_step(args, &step, &err);
    if (err.code || (status == 0 && measure_convs(&n, precision_of(step), &conv_s, &err))) {
        status = dt_cli_fail(&err);
    } else if (status == 0) {
        step_ms = dt_json_get_num(step, "step_ms", 0);
        if (args->json)
            status = print_json(step, &n.setup.set, step_ms, 1e3 * conv_s);
        else
            print_table(step, &n.setup.set, step_ms, 1e3 * conv_s);
    }
    dt_json_free(step);
    dt_cli_net_close(&n);
    return status;
}

const struct dt_command dt_cmd_bench = {
    .name = "bench",
    .operands = "CONFIG",
    .summary = "time of a training step beside its bare convolutions",
    .flags = "json threads engine worker",
    .overrides = true,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
