/* Checkpoints of a run:
 *
 *   /config   the resolved config, text             /loop     counters, sums, mark in metrics.jsonl, who computed
 *   /model, /policy   weights and buffers by name   /method   the method's own state
 *   /optim/<group>    optimiser state               /ema      the raw weights, when /model holds their average
 *   /data     shape, classes, normalisation of the images (describe.c)
 *   /batch    the images of the batch that failed (nan-step.h5 only)
 *
 * One is written only inside a phase that has been entered, or after the last one, so loading always finds the weights
 * of the net that open() makes. Load order: counters, the method's state, open(), weights, optimisers. */
#include "train/loop.h"

#include <string.h>

/* ---- /loop ---- */

static void visit_counters(struct dt_loop *l, struct dt_visit *v, double *seconds, int64_t *threads)
{
    dt_visit_i64(v, "phase", &l->t.phase);
    dt_visit_i64(v, "epoch", &l->t.epoch);
    dt_visit_i64(v, "batch", &l->t.batch);
    dt_visit_i64(v, "step", &l->t.step);
    dt_visit_i64(v, "epoch_of_run", &l->epoch_of_run);
    dt_visit_bool(v, "finished", &l->finished);
    dt_visit_real(v, "loss_sum", &l->t.loss_sum);
    dt_visit_real(v, "correct_sum", &l->t.correct_sum);
    dt_visit_i64(v, "seen", &l->t.seen);
    dt_visit_real(v, "best", &l->best);
    dt_visit_i64(v, "metrics_bytes", &l->metrics_keep);
    dt_visit_real(v, "seconds", seconds);
    dt_visit_i64(v, "threads", threads);
    if (!v->loading || dt_ckpt_has(v->ckpt, "/loop/skipped")) /* checkpoints of before do not have it */
        dt_visit_i64(v, "skipped", &l->guard.skipped);
}

/* What else the bits of a result depend on. */
static void put_origin(struct dt_loop *l, struct dt_ckpt *c)
{
    dt_ckpt_put_text(c, "/config", l->config_text);
    dt_ckpt_put_text(c, "/loop/method", l->t.method->name);
    dt_ckpt_put_text(c, "/loop/engine", dt_engine_name(l->t.engine));
    dt_ckpt_put_text(c, "/loop/isa", dt_isa_name());
    dt_ckpt_put_text(c, "/loop/precision", dt_train_precision(&l->t));
    dt_ckpt_put_text(c, "/loop/version", DT_VERSION);
}

static void compare_origin(struct dt_loop *l, struct dt_ckpt *c, int64_t threads)
{
    const char *engine = dt_ckpt_get_text(c, "/loop/engine", l->setup.arena);
    const char *isa = dt_ckpt_get_text(c, "/loop/isa", l->setup.arena);
    const char *version = dt_ckpt_get_text(c, "/loop/version", l->setup.arena);
    const char *precision = dt_ckpt_get_text(c, "/loop/precision", l->setup.arena), *now = dt_train_precision(&l->t);

    if (!engine || !isa || !version || !precision)
        return;
    if (strcmp(precision, now)) /* `auto` on another processor */
        dt_log(DT_WARN, "resumed in %s, was %s: the result will differ", now, precision);
    if (threads != dt_par_threads() || strcmp(engine, dt_engine_name(l->t.engine)) || strcmp(isa, dt_isa_name()) ||
        strcmp(version, DT_VERSION))
        dt_log(DT_WARN,
               "resumed with %d threads, engine %s, %s, version %s; was %lld, %s, %s, %s: the result may differ in the "
               "last bits",
               dt_par_threads(), dt_engine_name(l->t.engine), dt_isa_name(), DT_VERSION, (long long)threads, engine,
               isa, version);
}

/* ---- /ema ---- */

static void visit_ema(struct dt_loop *l, struct dt_visit *v)
{
    dt_visit_i64(v, "count", &l->ema.count);
    dt_visit_f32(v, "raw", l->ema.x, l->ema.size);
}

/* ---- saving ---- */

static void put_all(struct dt_loop *l, struct dt_ckpt *c)
{
    struct dt_visit v = { .ckpt = c, .prefix = "/loop" };
    double seconds = dt_loop_minutes(l) * 60;
    int64_t threads = dt_par_threads();

    put_origin(l, c);
    visit_counters(l, &v, &seconds, &threads);
    v.prefix = "/method";
    if (l->t.method->visit)
        l->t.method->visit(&l->t, &v);
    dt_ema_swap(l);
    dt_weights_put(l->t.net, c, "/model");
    v.prefix = "/ema";
    if (l->ema.decay > 0)
        visit_ema(l, &v);
    dt_ema_swap(l);
    dt_groups_visit(l, c, false);
}

static void put_batch(struct dt_ckpt *c, const struct dt_batch *b, struct dt_err *err)
{
    int64_t dims[1] = { b->n }, *v = dt_calloc((size_t)b->n + 1, sizeof *v);

    if (!v) {
        dt_fail(err, DT_ENOMEM, "out of memory for a checkpoint");
        return;
    }
    for (int i = 0; i < b->n; i++)
        v[i] = b->id[i];
    dt_ckpt_put(c, "/batch/id", DT_CKPT_I64, 1, dims, v);
    for (int i = 0; i < b->n; i++)
        v[i] = b->label[i];
    dt_ckpt_put(c, "/batch/label", DT_CKPT_I64, 1, dims, v);
    dt_free(v);
}

/* The logs first: a checkpoint's mark never lies beyond what is on the disk. */
static enum dt_code sync_logs(struct dt_loop *l, struct dt_err *err)
{
    if (!l->metrics || !l->perf)
        return DT_OK;
    if (dt_runlog_sync(l->metrics, err) || dt_runlog_sync(l->perf, err))
        return err->code;
    l->metrics_keep = dt_runlog_size(l->metrics);
    return DT_OK;
}

static enum dt_code save_once(struct dt_loop *l, const char *name, const struct dt_batch *b, struct dt_err *err)
{
    char path[DT_PATH];
    struct dt_ckpt *c;

    if (sync_logs(l, err))
        return err->code;
    c = dt_ckpt_new(err);
    if (!c)
        return err->code;
    put_all(l, c);
    dt_describe_put(l->t.data, c, err);
    if (b)
        put_batch(c, b, err);
    if (!err->code && dt_ckpt_save(c, dt_rundir_file(&l->dir, name, path, sizeof path), err) == DT_OK)
        l->saved = dt_now();
    dt_ckpt_free(c);
    return err->code;
}

/* Into `err`, since t.err may hold the failure this checkpoint is about. */
static enum dt_code save(struct dt_loop *l, const char *name, const struct dt_batch *b, struct dt_err *err)
{
    while (save_once(l, name, b, err) && dt_wait_for_space(l, err))
        continue;
    if (l->waiting && !err->code) {
        dt_log(DT_INFO, "there is space again: the run goes on");
        l->waiting = false;
    }
    return err->code;
}

enum dt_code dt_loop_save(struct dt_loop *l, const char *name)
{
    return save(l, name, NULL, &l->t.err);
}

enum dt_code dt_loop_save_batch(struct dt_loop *l, const char *name, const struct dt_batch *b)
{
    struct dt_err err = { 0 };
    enum dt_code code = save(l, name, b, &err);

    if (code)
        dt_log(DT_WARN, "%s", err.msg);
    return code;
}

/* ---- loading ---- */

/* The counters and the method's state: what the net of the phase is made from. */
static bool load_counters(struct dt_loop *l, struct dt_ckpt *c, const char *path, int64_t *threads)
{
    struct dt_visit v = { .ckpt = c, .loading = true, .prefix = "/loop" };
    const char *method = dt_ckpt_get_text(c, "/loop/method", l->setup.arena);
    int64_t phases = 0;

    if (method && strcmp(method, l->t.method->name))
        return dt_fail(&l->t.err, DT_ECHECKPOINT, "%s: is of method %s, the config says %s", path, method,
                       l->t.method->name);
    visit_counters(l, &v, &l->seconds_before, threads);
    while (l->t.method->phase[phases].name)
        phases++;
    if (!dt_ckpt_err(c)->code && (l->t.phase < 0 || l->t.phase >= phases))
        return dt_fail(&l->t.err, DT_ECHECKPOINT, "%s: phase %lld of %lld", path, (long long)l->t.phase,
                       (long long)phases);
    v.prefix = "/method";
    if (l->t.method->visit)
        l->t.method->visit(&l->t, &v);
    return dt_ckpt_err(c)->code == DT_OK;
}

static enum dt_code report(struct dt_loop *l, struct dt_ckpt *c)
{
    if (dt_ckpt_err(c)->code)
        dt_fail(&l->t.err, dt_ckpt_err(c)->code, "%s", dt_ckpt_err(c)->msg);
    return l->t.err.code;
}

static enum dt_code load(struct dt_loop *l, struct dt_ckpt *c, const char *path)
{
    struct dt_visit v = { .ckpt = c, .loading = true, .prefix = "/ema" };
    int64_t threads = 0;

    if (!load_counters(l, c, path, &threads))
        return report(l, c);
    if (dt_loop_open_phase(l))
        return l->t.err.code;
    l->finished = l->finished && l->t.epoch >= l->epochs; /* more epochs may be asked for than before */
    if (dt_weights_get(l->t.net, c, "/model", false, path, &l->t.err))
        return l->t.err.code;
    if (l->ema.decay > 0) {
        visit_ema(l, &v);
        dt_ema_swap(l);
    }
    dt_groups_visit(l, c, true);
    compare_origin(l, c, threads);
    return report(l, c);
}

enum dt_code dt_loop_load(struct dt_loop *l, const char *path)
{
    struct dt_ckpt *c = dt_ckpt_open(path, &l->t.err);

    if (!c)
        return l->t.err.code;
    if (load(l, c, path) == DT_OK)
        dt_log(DT_INFO, "%s: resumed at step %lld", path, (long long)l->t.step);
    dt_ckpt_free(c);
    return l->t.err.code;
}

enum dt_code dt_loop_load_model(struct dt_loop *l, struct dt_ckpt *c, const char *path)
{
    int64_t threads = 0;

    if (!load_counters(l, c, path, &threads))
        return report(l, c);
    if (dt_loop_open_phase(l))
        return l->t.err.code;
    return dt_weights_get(l->t.net, c, "/model", false, path, &l->t.err);
}
