/* bench: the training step of a config, timed. The data set is replaced by a synthetic one of the same shape, so that
 * the whole path runs (loader, augmentation, step, update) and no file is needed. */
#include "train/loop.h"

#include <string.h>
#include <sys/resource.h>

#include "train/latency.h"

enum { WARM = 4, STEPS = 24, INFER = 60, MAX_EXTRA = 16 };

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

static enum dt_code time_steps(struct dt_loop *l, struct dt_bench *out)
{
    struct dt_train *t = &l->t;
    double times[STEPS], wait = 0;
    struct dt_batch b;

    dt_loader_start(l->train, 0, 0);
    for (int i = -WARM; i < STEPS; i++) {
        double start;

        if (i == 0) {
            dt_tape_profile(t->tape, true);
            wait = dt_loader_wait(l->train);
        }
        if (!dt_loader_next(l->train, &b, &t->err))
            return t->err.code;
        start = dt_now();
        dt_tape_reset(t->tape);
        if (t->method->phase->step(t, &b))
            return t->err.code;
        t->batch++;
        t->step++;
        if (i >= 0)
            times[i] = dt_now() - start;
    }
    dt_tape_profile(t->tape, false);
    out->loader_s = (dt_loader_wait(l->train) - wait) / STEPS;
    out->steps = STEPS;
    out->n_rows = dt_tape_profile_rows(t->tape, out->row, DT_BENCH_ROWS);
    out->step_s = dt_median(times, STEPS);
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

static enum dt_code measure(struct dt_loop *l, struct dt_bench *out)
{
    struct rusage use;

    if (dt_session_open(l) || dt_loop_open_phase(l) || time_steps(l, out) || time_inference(l, out))
        return l->t.err.code;
    getrusage(RUSAGE_SELF, &use);
    out->peak_rss = (size_t)use.ru_maxrss * 1024;
    out->precision = dt_train_precision(&l->t);
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
