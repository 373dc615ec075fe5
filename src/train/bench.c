/* bench: the training step of a config, timed, and inference. The data set is replaced by a synthetic one of the same
 * shape, so that the whole path runs (loader, augmentation, step, update) and no file is needed. */
#include "train/loop.h"

#include <dyntrain/exec.h>
#include <string.h>
#include <sys/resource.h>

#include "train/latency.h"

enum {
    WARM = 4,
    LEAST_WARM = 2,
    STEPS = 24,
    LEAST_STEPS = 6,
    INFER = 60,
    BATCHES = 12,
    LEAST_BATCHES = 4,
    MAX_EXTRA = 16
};
static const double warm_seconds = 2, step_seconds = 8, batch_seconds = 3; /* then the least number is enough */

/* The overrides of the caller, then those that replace the data. */
static const char **with_synth(const struct dt_settings *set, int n, const char *const *overrides,
                               struct dt_arena *arena, int *n_all)
{
    const char **all = dt_arena_calloc(arena, (size_t)n + MAX_EXTRA, sizeof *all);
    struct dt_data_info info;
    long long classes;

    if (!all)
        return NULL;
    for (int i = 0; i < n; i++)
        all[i] = overrides[i];
    dt_data_shape(&set->data, &info);
    classes = set->model.classes ? (long long)set->model.classes : info.classes ? info.classes : 10;
    all[n++] = "data.dataset=synth";
    all[n++] = "data.limit=0";
    all[n++] = "data.val_split=0";
    all[n++] = "data.synth.test=1";
    all[n++] = "data.synth.classes=2";
    all[n++] = dt_arena_printf(arena, "data.synth.size=%d", info.h);
    all[n++] = dt_arena_printf(arena, "data.synth.channels=%d", info.c);
    all[n++] = dt_arena_printf(arena, "data.synth.train=%lld", (long long)set->data.batch * (WARM + STEPS));
    all[n++] = dt_arena_printf(arena, "model.classes=%lld", classes);
    *n_all = n;
    for (int i = 0; i < n; i++)
        if (!all[i])
            return NULL;
    return all;
}

/* One step, in seconds; negative: failed, kept in the train. */
static double time_step(struct dt_loop *l)
{
    struct dt_train *t = &l->t;
    struct dt_batch b;
    double start;

    if (!dt_loader_next(l->train, &b, &t->err))
        return -1;
    start = dt_now();
    dt_tape_reset(t->tape);
    if (t->method->phase[t->phase].step(t, &b))
        return -1;
    t->batch++;
    t->step++;
    return dt_now() - start;
}

/* Where the last step, which is still on the tape, changed layouts. */
static void note_reorders(const struct dt_tape *tape, struct dt_bench *out)
{
    for (int i = 0; i < dt_tape_n_nodes(tape) && out->n_reorders < DT_BENCH_REORDERS; i++) {
        struct dt_op_stat s = dt_tape_node_stat(tape, i);
        struct dt_bench_reorder *r = &out->reorder[out->n_reorders];

        if (s.reorders == 0)
            continue;
        *r = (struct dt_bench_reorder){ .op = s.op, .n = s.reorders, .bytes = s.reorder_bytes };
        snprintf(r->scope, sizeof r->scope, "%s", s.scope);
        out->n_reorders++;
    }
}

static enum dt_code time_steps(struct dt_loop *l, struct dt_bench *out)
{
    struct dt_tape *tape = l->t.tape;
    double times[STEPS], start = dt_now(), wait = 0;
    int n = 0;

    dt_loader_start(l->train, 0, 0);
    for (int i = 0; i < WARM && (i < LEAST_WARM || dt_now() - start < warm_seconds); i++)
        if (time_step(l) < 0)
            return l->t.err.code;
    dt_tape_profile(tape, true);
    wait = dt_loader_wait(l->train);
    start = dt_now();
    while (n < STEPS && (n < LEAST_STEPS || dt_now() - start < step_seconds)) {
        times[n] = time_step(l);
        if (times[n++] < 0)
            return l->t.err.code;
    }
    dt_tape_profile(tape, false);
    out->loader_s = (dt_loader_wait(l->train) - wait) / n;
    out->steps = n;
    out->n_rows = dt_tape_profile_rows(tape, out->row, DT_BENCH_ROWS);
    out->step_s = dt_median(times, n);
    note_reorders(tape, out);
    return DT_OK;
}

static enum dt_code time_inference(struct dt_loop *l, struct dt_bench *out)
{
    struct dt_timed black = { .net = l->t.net, .n = 1, .rounds = INFER };
    double ms;

    if (dt_latency_net(l->t.tape, &black, &ms, &l->t.err) == DT_OK)
        out->infer1_s = 1e-3 * ms;
    return l->t.err.code;
}

static enum dt_code time_batches(struct dt_loop *l, struct dt_bench *out)
{
    struct dt_train *t = &l->t;
    struct dt_shape in = dt_net_input(t->net);
    const struct dt_plan_cfg cfg = { .batch = DT_BENCH_BATCH, .precision = dt_tape_dtype(t->tape) };
    struct dt_plan *plan = dt_plan_new(t->net, NULL, t->engine, &cfg, &t->err);
    dt_real *images = dt_calloc(DT_BENCH_BATCH * (size_t)dt_numel(&in), sizeof *images);
    double times[BATCHES], start = 0;
    int n = -1; /* the first is not counted */

    if (!images)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for %d images", DT_BENCH_BATCH);
    for (; !t->err.code && n < BATCHES && (n < LEAST_BATCHES || dt_now() - start < batch_seconds); n++) {
        double begin = dt_now();
        struct dt_plan_out o;

        if (dt_plan_run(plan, NULL, images, DT_BENCH_BATCH, &o, &t->err))
            break;
        if (n >= 0)
            times[n] = dt_now() - begin;
        else
            start = dt_now();
    }
    dt_free(images);
    dt_plan_free(plan);
    if (!t->err.code)
        out->infer_batch_s = dt_median(times, n);
    return t->err.code;
}

/* The phase with the most epochs, where the time of a training goes. */
static int longest_phase(const struct dt_train *t)
{
    const struct dt_phase *p = t->method->phase;
    int64_t most = -1;
    int best = 0;

    for (int i = 0; p[i].name; i++) {
        int64_t epochs = p[i].epochs ? p[i].epochs : t->method->epochs(t, i);

        if (p[i].steps > 0 || epochs <= most)
            continue;
        most = epochs;
        best = i;
    }
    return best;
}

static enum dt_code measure(struct dt_loop *l, struct dt_bench *out)
{
    struct rusage use;

    if (l->setup.method->phase->steps > 0) {
        dt_fail(&l->t.err, DT_ECONFIG, "method %s has no training step of its own to time", l->setup.method->name);
        return l->t.err.code;
    }
    if (dt_session_open(l))
        return l->t.err.code;
    l->t.phase = longest_phase(&l->t);
    out->phase = l->t.method->phase[l->t.phase].name;
    if (dt_loop_open_phase(l) || time_steps(l, out))
        return l->t.err.code;
    getrusage(RUSAGE_SELF, &use);
    out->peak_rss = (size_t)use.ru_maxrss * 1024;
    out->precision = dt_train_precision(&l->t);
    if (time_inference(l, out) || time_batches(l, out))
        return l->t.err.code;
    return DT_OK;
}

enum dt_code dt_bench_run(const char *config, int n_overrides, const char *const *overrides,
                          const struct dt_method *const *methods, struct dt_bench *out, struct dt_err *err)
{
    struct dt_loop *l = dt_calloc(1, sizeof *l);
    struct dt_arena *arena = dt_arena_new(0, err);
    struct dt_setup first = { 0 };
    const struct dt_job job = { .methods = methods, .command = "" };
    const char **all = NULL;
    int n = 0;

    *out = (struct dt_bench){ 0 };
    if (!l)
        dt_fail(err, DT_ENOMEM, "out of memory");
    else if (arena && dt_setup_load(&first, config, n_overrides, overrides, methods, err) == DT_OK) {
        l->job = &job;
        l->dir.lock_fd = -1;
        all = with_synth(&first.set, n_overrides, overrides, arena, &n);
        if (!all)
            dt_fail(err, DT_ENOMEM, "out of memory");
        else if (dt_setup_load(&l->setup, config, n, all, methods, err) == DT_OK && measure(l, out))
            *err = l->t.err;
        dt_session_close(l);
    }
    dt_setup_free(&first);
    dt_arena_free(arena);
    dt_free(l);
    return err->code;
}
