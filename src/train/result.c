/* run.json: what is being run; result.json: what came out (the contract of every table, report and check). */
#include "train/loop.h"

#include <time.h>
#include <unistd.h>

#include "train/curve.h"

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
    dt_json_str(o, "precision", dt_train_precision(&l->t));
    return o;
}

static void now_utc(char *buf, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;

    if (!gmtime_r(&now, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(buf, size, "unknown");
}

static enum dt_code save_json(struct dt_loop *l, const struct dt_json *o, const char *name)
{
    char path[DT_PATH];
    enum dt_code code;

    dt_rundir_file(&l->dir, name, path, sizeof path);
    do
        code = dt_json_save(o, path, &l->t.err);
    while (code && dt_wait_for_space(l, &l->t.err));
    return code;
}

/* status: "running", "finished", "stopped", "failed" */
enum dt_code dt_run_json(struct dt_loop *l, const char *status)
{
    struct dt_json *o = dt_json_object();
    char host[256] = "", now[32];
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
    code = save_json(l, o, "run.json");
    dt_json_free(o);
    return code;
}

/* ---- result.json ---- */

static int64_t epochs_of(const struct dt_loop *l)
{
    int64_t sum = 0;

    for (int p = 0; l->t.method->phase[p].name; p++)
        if (l->t.method->phase[p].steps == 0)
            sum += l->t.method->phase[p].epochs ? l->t.method->phase[p].epochs : l->t.method->epochs(&l->t, p);
    return sum;
}

static enum dt_code write_result(struct dt_loop *l, const struct dt_curve *curve)
{
    struct dt_json *o = dt_json_object();
    const struct dt_settings *set = l->t.set;
    struct dt_cost cost = { 0 };
    enum dt_code code = dt_cost(l->t.net, NULL, NULL, &cost, &l->t.err);

    dt_json_str(o, "method", l->t.method->name);
    dt_json_str(o, "dataset", dt_dataset_info(l->t.data)->name);
    dt_json_str(o, "network", set->network);
    dt_json_int(o, "seed", set->seed);
    dt_json_int(o, "epochs", epochs_of(l));
    dt_json_num(o, "train_minutes", dt_loop_minutes(l));
    dt_json_num(o, "test_accuracy", curve->target->accuracy);
    dt_json_num(o, "test_top5", curve->target->top5);
    dt_json_num(o, "test_loss", curve->target->loss);
    dt_json_int(o, "params", cost.params);
    dt_json_int(o, "threads", dt_par_threads());
    dt_json_str(o, "precision", dt_train_precision(&l->t));
    dt_curve_put(curve, o);
    dt_json_str(o, "command", l->job->command);
    dt_json_str(o, "version", DT_VERSION);
    if (!code)
        code = save_json(l, o, "result.json");
    dt_json_free(o);
    return code;
}

static enum dt_code write_files(struct dt_loop *l, const struct dt_curve *curve)
{
    char path[DT_PATH];

    if (curve->points.n == 0)
        return write_result(l, curve);
    dt_rundir_file(&l->dir, "curve.csv", path, sizeof path);
    while (dt_curve_csv(curve, path, &l->t.err) && dt_wait_for_space(l, &l->t.err))
        continue;
    if (l->t.err.code || write_result(l, curve))
        return l->t.err.code;
    if (l->job->table)
        dt_curve_print(curve, l->job->table);
    return DT_OK;
}

enum dt_code dt_loop_result(struct dt_loop *l, struct dt_eval *test)
{
    struct dt_curve *curve = dt_curve_new(&l->t.err);
    enum dt_code code;

    if (!curve)
        return l->t.err.code;
    dt_ema_swap(l);
    code = dt_train_curve(&l->t, DT_TEST, curve);
    dt_ema_swap(l);
    if (code) {
        dt_fail(&l->t.err, code, "stopped while testing; resume %s to repeat that", l->dir.path);
    } else {
        *test = (struct dt_eval){ .accuracy = curve->target->accuracy,
                                  .top5 = curve->target->top5,
                                  .loss = curve->target->loss,
                                  .macs_mean = curve->target->macs_mean,
                                  .n = dt_dataset_info(l->t.data)->n[DT_TEST] };
        code = write_files(l, curve);
    }
    dt_curve_free(curve);
    return code;
}
