/* Whole runs: a run directory from a config, trained to its result.json, or continued from its last checkpoint. */
#include "train/loop.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"

enum { MAX_CONFIG = 1 << 20 }; /* bytes, as the reader of configs allows */

/* ---- files of the run directory ---- */

static enum dt_code write_resolved(struct dt_loop *l)
{
    char path[DT_PATH];

    return dt_file_replace(dt_rundir_file(&l->dir, "config.resolved.yaml", path, sizeof path),
                           &(struct dt_piece){ l->config_text, strlen(l->config_text) }, 1, DT_ECHECKPOINT, &l->t.err);
}

/* ---- from the start to the result ---- */

static void describe(struct dt_loop *l)
{
    const struct dt_data_info *d = dt_dataset_info(l->t.data);
    struct dt_cost cost = { 0 };
    struct dt_err err = { 0 };

    if (dt_cost(l->t.net, NULL, NULL, &cost, &err))
        return;
    dt_log(DT_INFO, "%s on %s: %" PRId64 " parameters, %" PRId64 " MACs; %d training, %d validation, %d test images",
           l->t.set->network, d->name, cost.params, cost.macs, d->n[DT_TRAIN], d->n[DT_VAL], d->n[DT_TEST]);
    dt_log(DT_INFO, "engine %s, %s, %d threads; run directory %s", dt_engine_name(l->t.engine),
           dt_train_precision(&l->t), dt_par_threads(), l->dir.path);
}

/* Enters the first phase. The checkpoint at step 0 finds a full disk or a wrong permission now, not after an epoch. */
static enum dt_code begin(struct dt_loop *l)
{
    const struct dt_phase *p = l->t.method->phase;

    if (dt_pretrained_load(l) || dt_loop_open_phase(l) || (p->begin && p->begin(&l->t)) ||
        dt_loop_save(l, "ckpt/last.h5"))
        return l->t.err.code;
    return dt_check_space(l);
}

static enum dt_code finish(struct dt_loop *l, struct dt_outcome *out)
{
    enum dt_code code;

    l->seconds_before = dt_loop_minutes(l) * 60; /* the clock of training stops here */
    l->started = 0;
    dt_progress_clear(l->progress);
    out->train_minutes = dt_loop_minutes(l);
    code = dt_loop_result(l, &out->test);
    if (!code)
        dt_log(DT_INFO, "test accuracy %.2f%% (%" PRId64 " images), %.1f minutes of training", 100 * out->test.accuracy,
               out->test.n, out->train_minutes);
    return code;
}

/* `last`: the checkpoint to go on from; NULL: none. */
static enum dt_code execute(struct dt_loop *l, const char *last, struct dt_outcome *out)
{
    enum dt_code code;

    snprintf(out->run, sizeof out->run, "%s", l->dir.path);
    code = last ? dt_loop_load(l, last) : DT_OK;
    if (!code && l->settings_changed) /* only now: they suit the checkpoint */
        code = write_resolved(l);
    if (!code)
        code = dt_record_open(l, last == NULL);
    if (!code)
        code = dt_run_json(l, "running");
    if (!code)
        describe(l);
    if (!code && !last)
        code = begin(l);
    if (!code && last && l->finished)
        dt_log(DT_INFO, "%s: is finished; more epochs can be asked for", l->dir.path);
    if (!code)
        code = dt_loop_run(l);
    if (!code)
        code = finish(l, out);
    return code;
}

/* The last word in run.json; the first failure stands. */
static enum dt_code close_run(struct dt_loop *l, enum dt_code code)
{
    bool stopped = code == DT_ESTOPPED || code == DT_EINTERRUPT || code == DT_ETERM;

    if (l->perf && dt_run_json(l, !code ? "finished" : stopped ? "stopped" : "failed") && !code)
        code = l->t.err.code;
    dt_record_close(l);
    dt_rundir_close(&l->dir);
    return code;
}

static struct dt_loop *new_loop(const struct dt_job *job, const struct dt_loop *parent, struct dt_err *err)
{
    struct dt_loop *l = dt_calloc(1, sizeof *l);

    if (!l) {
        dt_fail(err, DT_ENOMEM, "out of memory for a run");
        return NULL;
    }
    l->job = job;
    l->parent = parent;
    l->dir.lock_fd = -1;
    return l;
}

static enum dt_code free_loop(struct dt_loop *l, enum dt_code code, struct dt_err *err)
{
    if (code)
        dt_fail(err, code, "%s", l->t.err.msg);
    dt_session_close(l);
    dt_free(l);
    return code;
}

/* A nested job inherits the deadline. */
static void set_deadline(struct dt_loop *l)
{
    double minutes = l->setup.set.run.time_limit;

    l->deadline = l->parent ? l->parent->deadline : minutes > 0 ? dt_now() + 60 * minutes : 0;
}

/* ---- train ---- */

static enum dt_code dry_run(struct dt_loop *l, struct dt_outcome *out)
{
    struct dt_memory m;

    if (dt_pretrained_load(l) || dt_estimate_memory(l, &m))
        return l->t.err.code;
    out->memory = m.needs > l->memory_of_named ? m.needs : l->memory_of_named;
    return DT_OK;
}

static enum dt_code train(struct dt_loop *l, struct dt_outcome *out)
{
    const struct dt_job *job = l->job;
    const struct dt_settings *set = &l->setup.set;
    char path[DT_PATH];
    enum dt_code code;

    set_deadline(l);
    if (dt_session_open(l) || (l->t.method->ready && l->t.method->ready(&l->t)))
        return l->t.err.code;
    if (job->dry_run)
        return dry_run(l, out);
    code = dt_rundir_create(&l->dir, set->run.dir, set->name, set->seed, &l->t.err);
    if (!code)
        code = dt_file_copy(job->config_path, dt_rundir_file(&l->dir, "config.yaml", path, sizeof path), MAX_CONFIG,
                            DT_ECHECKPOINT, &l->t.err);
    if (!code)
        code = write_resolved(l);
    if (!code)
        code = execute(l, NULL, out);
    return close_run(l, code);
}

enum dt_code dt_job_train(const struct dt_job *job, const struct dt_loop *parent, struct dt_outcome *out,
                          struct dt_err *err)
{
    struct dt_loop *l = new_loop(job, parent, err);
    enum dt_code code;

    *out = (struct dt_outcome){ .run = "" };
    if (!l)
        return err->code;
    code = dt_setup_load(&l->setup, job->config_path, job->n_overrides, job->overrides, job->methods, &l->t.err);
    if (!code)
        code = train(l, out);
    return free_loop(l, code, err);
}

/* ---- resume ---- */

/* The run's own settings; more epochs are an override like any other. */
static enum dt_code load_settings(struct dt_loop *l)
{
    const struct dt_job *job = l->job;
    char path[DT_PATH], epochs[96];
    const char **all = dt_calloc((size_t)job->n_overrides + 2, sizeof *all);
    const char *method = NULL;
    struct dt_config *peek;
    int n = 0;

    dt_rundir_file(&l->dir, "config.resolved.yaml", path, sizeof path);
    if (!all) {
        dt_fail(&l->t.err, DT_ENOMEM, "out of memory for the settings");
        return l->t.err.code;
    }
    while (n < job->n_overrides) {
        all[n] = job->overrides[n];
        n++;
    }
    if (job->epochs > 0) {
        peek = dt_config_load(path, 0, NULL, &l->t.err);
        method = peek ? dt_config_peek(peek, "method") : NULL;
        snprintf(epochs, sizeof epochs, "%.60s.epochs=%" PRId64, method ? method : "supervised", job->epochs);
        all[n++] = epochs;
        dt_config_free(peek);
    }
    if (!l->t.err.code && dt_setup_load(&l->setup, path, n, all, job->methods, &l->t.err) == DT_OK && n > 0)
        l->settings_changed = true;
    dt_free(all);
    return l->t.err.code;
}

static void read_started(struct dt_loop *l)
{
    char path[DT_PATH];
    struct dt_err err = { 0 };
    struct dt_json *o = dt_json_read(dt_rundir_file(&l->dir, "run.json", path, sizeof path), &err);

    if (o)
        snprintf(l->started_at, sizeof l->started_at, "%s", dt_json_get_str(o, "started", ""));
    dt_json_free(o);
}

static enum dt_code resume(struct dt_loop *l, struct dt_outcome *out)
{
    char last[DT_PATH];
    bool has_last;

    if (load_settings(l))
        return l->t.err.code;
    set_deadline(l);
    if (dt_session_open(l))
        return l->t.err.code;
    read_started(l);
    dt_rundir_file(&l->dir, "ckpt/last.h5", last, sizeof last);
    has_last = access(last, F_OK) == 0;
    if (!has_last)
        dt_log(DT_INFO, "%s: no checkpoint yet, begins at the start", l->dir.path);
    return execute(l, has_last ? last : NULL, out);
}

enum dt_code dt_job_resume(const struct dt_job *job, const struct dt_loop *parent, struct dt_outcome *out,
                           struct dt_err *err)
{
    struct dt_loop *l = new_loop(job, parent, err);
    enum dt_code code;

    *out = (struct dt_outcome){ .run = "" };
    if (!l)
        return err->code;
    code = dt_rundir_open(&l->dir, job->run_path, &l->t.err);
    if (!code)
        code = close_run(l, resume(l, out));
    return free_loop(l, code, err);
}

/* ---- from outside ---- */

enum dt_code dt_run_train(const struct dt_job *job, struct dt_outcome *out, struct dt_err *err)
{
    enum dt_code code;

    dt_signals_catch();
    code = dt_job_train(job, NULL, out, err);
    dt_signals_release();
    return code;
}

enum dt_code dt_run_resume(const struct dt_job *job, struct dt_outcome *out, struct dt_err *err)
{
    enum dt_code code;

    dt_signals_catch();
    code = dt_job_resume(job, NULL, out, err);
    dt_signals_release();
    return code;
}
