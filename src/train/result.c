/* run.json: what is being run; result.json: what came out (the contract of every table, report and check). */
#include "train/loop.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WARM = 5, TIMED = 30 };

const char *dt_isa_name(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f"))
        return "avx512";
    return __builtin_cpu_supports("avx2") ? "avx2" : "sse2";
#else
    return "plain";
#endif
}

static struct dt_json *versions(const struct dt_loop *l)
{
    struct dt_json *o = dt_json_object();

    dt_json_str(o, "dyntrain", DT_VERSION);
    dt_json_str(o, "compiler", DT_COMPILER);
    dt_json_str(o, "engine", dt_engine_name(l->t.engine));
    dt_json_str(o, "instruction_set", dt_isa_name());
    return o;
}

static void now_utc(char *buf, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;

    if (!gmtime_r(&now, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, size, "unknown");
}

/* status: "running", "finished", "stopped", "failed" */
enum dt_code dt_run_json(struct dt_loop *l, const char *status)
{
    struct dt_json *o = dt_json_object();
    char path[DT_PATH], host[256] = "", now[32];
    enum dt_code code;

    now_utc(now, sizeof now);
    if (!*l->started_at)
        snprintf(l->started_at, sizeof l->started_at, "%s", now);
    if (gethostname(host, sizeof host - 1))
        host[0] = '\0';
    dt_json_str(o, "id", l->dir.path);
    dt_json_str(o, "name", l->t.set->name);
    dt_json_str(o, "method", l->t.method->name);
    dt_json_int(o, "seed", l->t.set->seed);
    dt_json_str(o, "config_hash", l->config_hash);
    dt_json_str(o, "command", l->job->command);
    dt_json_str(o, "parent", l->parent ? l->parent->dir.path : NULL);
    dt_json_put(o, "versions", versions(l));
    dt_json_int(o, "threads", dt_par_threads());
    dt_json_str(o, "host", host);
    dt_json_int(o, "pid", getpid());
    dt_json_str(o, "started", l->started_at);
    dt_json_str(o, "changed", now);
    dt_json_str(o, "status", status);
    dt_json_str(o, "reason", l->t.err.code ? l->t.err.msg : NULL);
    code = dt_json_save(o, dt_rundir_file(&l->dir, "run.json", path, sizeof path), &l->t.err);
    dt_json_free(o);
    return code;
}

/* ---- result.json ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median time of one image through the static net in ms, with the threads of the run. */
static double static_latency(struct dt_loop *l)
{
    struct dt_train *t = &l->t;
    struct dt_shape in = dt_net_input(t->net);
    dt_real *x = dt_calloc((size_t)dt_numel(&in), sizeof *x);
    double ms[TIMED] = { 0 };

    if (!x)
        return 0;
    for (int i = -WARM; i < TIMED; i++) {
        struct dt_run run = { .tape = t->tape, .exec = DT_SKIP, .n = 1 };
        double begin = dt_now();

        dt_tape_reset(t->tape);
        dt_tape_no_grad(t->tape, true);
        dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, in, x));
        dt_tape_no_grad(t->tape, false);
        if (i >= 0)
            ms[i] = 1e3 * (dt_now() - begin);
    }
    dt_free(x);
    qsort(ms, TIMED, sizeof *ms, by_value);
    return ms[TIMED / 2];
}

static int64_t epochs_of(const struct dt_loop *l)
{
    int64_t sum = 0;

    for (int p = 0; l->t.method->phase[p].name; p++)
        if (l->t.method->phase[p].steps == 0)
            sum += l->t.method->phase[p].epochs ? l->t.method->phase[p].epochs : l->t.method->epochs(&l->t, p);
    return sum;
}

static void put_latency(struct dt_loop *l, struct dt_json *out)
{
    struct dt_json *o = dt_json_put(out, "latency_ms", dt_json_object());

    dt_json_null(o, "dynamic");
    dt_json_num(o, "static", static_latency(l));
}

/* A method without fields of its own trains the static net: what is measured is that net, run in full. */
static void put_static(struct dt_loop *l, const struct dt_eval *test, const struct dt_cost *cost, struct dt_json *o)
{
    dt_json_num(o, "static_accuracy", test->accuracy);
    dt_json_int(o, "macs_mean", cost->macs);
    dt_json_int(o, "macs_static", cost->macs);
    dt_json_num(o, "macs_ratio", 1);
    put_latency(l, o);
    dt_json_put(o, "curve", dt_json_array());
    dt_json_put(o, "baselines", dt_json_array());
    dt_json_put(o, "published", dt_json_array());
}

enum dt_code dt_result_json(struct dt_loop *l, const struct dt_eval *test)
{
    struct dt_json *o = dt_json_object();
    const struct dt_settings *set = l->t.set;
    struct dt_cost cost = { 0 };
    char path[DT_PATH];
    enum dt_code code = dt_cost(l->t.net, NULL, NULL, &cost, &l->t.err);

    dt_json_str(o, "method", l->t.method->name);
    dt_json_str(o, "dataset", dt_dataset_info(l->t.data)->name);
    dt_json_str(o, "network", set->model.arch);
    dt_json_int(o, "seed", set->seed);
    dt_json_int(o, "epochs", epochs_of(l));
    dt_json_num(o, "train_minutes", dt_loop_minutes(l));
    dt_json_num(o, "test_accuracy", test->accuracy);
    dt_json_num(o, "test_top5", test->top5);
    dt_json_num(o, "test_loss", test->loss);
    dt_json_int(o, "params", cost.params);
    dt_json_int(o, "threads", dt_par_threads());
    if (l->t.method->result)
        code = code ? code : l->t.method->result(&l->t, o);
    else
        put_static(l, test, &cost, o);
    dt_json_str(o, "command", l->job->command);
    dt_json_str(o, "version", DT_VERSION);
    if (!code)
        code = dt_json_save(o, dt_rundir_file(&l->dir, "result.json", path, sizeof path), &l->t.err);
    dt_json_free(o);
    return code;
}
