/* The loop: phases, epochs, steps. It owns every counter; a method's functions are called at the marked places and
 * never loop themselves. */
#include "train/loop.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const struct dt_phase *phase_of(const struct dt_loop *l)
{
    return &l->t.method->phase[l->t.phase];
}

double dt_loop_minutes(const struct dt_loop *l)
{
    return (l->seconds_before + (l->started > 0 ? dt_now() - l->started : 0)) / 60;
}

enum dt_code dt_loop_stop(struct dt_loop *l)
{
    enum dt_code code = dt_signals_code();

    if (!code && l->deadline > 0 && dt_now() >= l->deadline)
        code = DT_ESTOPPED;
    return code;
}

/* ---- phases ---- */

/* What entering and resuming have in common: everything frozen, then the method's open() says what learns. */
enum dt_code dt_loop_open_phase(struct dt_loop *l)
{
    const struct dt_phase *p = phase_of(l);

    dt_groups_clear(l);
    dt_train_ema(&l->t, 0);
    dt_module_freeze(dt_net_root(l->t.net), true);
    if (dt_net_policy(l->t.net))
        dt_module_freeze(dt_net_policy(l->t.net), true);
    if (p->open && p->open(&l->t))
        return l->t.err.code;
    l->epochs = p->epochs ? p->epochs : l->t.method->epochs(&l->t, (int)l->t.phase);
    l->per_epoch = p->steps ? p->steps : l->train ? dt_loader_batches(l->train) : 1; /* a model to look at has none */
    if (dt_guard_open(l))
        return l->t.err.code;
    DT_ASSERT(l->per_epoch > 0);
    l->steps_here = 0; /* a step of another phase takes another time */
    l->phase_started = dt_now();
    return l->t.err.code;
}

static enum dt_code end_phase(struct dt_loop *l)
{
    const struct dt_phase *p = phase_of(l);

    if (p->end && p->end(&l->t))
        return l->t.err.code;
    if (!p[1].name) {
        l->finished = true;
        return dt_loop_save(l, "ckpt/last.h5");
    }
    l->t.phase++;
    l->t.epoch = l->t.batch = 0;
    p++;
    if (dt_loop_open_phase(l) || (p->begin && p->begin(&l->t)))
        return l->t.err.code;
    return dt_loop_save(l, "ckpt/last.h5");
}

/* ---- evaluation ---- */

enum dt_code dt_loop_evaluate(struct dt_loop *l, enum dt_split split, struct dt_eval *out)
{
    enum dt_code code;

    dt_ema_swap(l);
    code = dt_train_evaluate(&l->t, split, out);
    dt_ema_swap(l);
    return code;
}

/* ---- checkpoints ---- */

/* After last.h5 of an epoch: a second name for it, and the oldest one goes. */
static void keep_older(struct dt_loop *l)
{
    const struct dt_checkpoint_cfg *c = &l->t.set->checkpoint;
    char name[64], last[DT_PATH], path[DT_PATH];
    int64_t gone = l->epoch_of_run - c->keep_last * c->every_epochs;

    if (c->keep_last < 2)
        return;
    snprintf(name, sizeof name, "ckpt/epoch-%04lld.h5", (long long)l->epoch_of_run);
    dt_rundir_file(&l->dir, name, path, sizeof path);
    unlink(path); /* of an earlier attempt at this epoch */
    if (link(dt_rundir_file(&l->dir, "ckpt/last.h5", last, sizeof last), path))
        dt_log(DT_WARN, "%s: cannot be linked to", path);
    snprintf(name, sizeof name, "ckpt/epoch-%04lld.h5", (long long)gone);
    if (gone > 0)
        unlink(dt_rundir_file(&l->dir, name, path, sizeof path));
}

static enum dt_code save_epoch(struct dt_loop *l)
{
    int64_t every = l->t.set->checkpoint.every_epochs;

    if (every == 0 || (l->t.epoch % every != 0 && l->t.epoch != l->epochs))
        return DT_OK;
    if (dt_loop_save(l, "ckpt/last.h5"))
        return l->t.err.code;
    keep_older(l);
    return DT_OK;
}

/* Stop as asked: a checkpoint first. */
static enum dt_code stop(struct dt_loop *l, enum dt_code why)
{
    static const char *const reason[] = { "interrupted", "terminated", "stopped" };
    const char *text = why == DT_EINTERRUPT ? reason[0] : why == DT_ETERM ? reason[1] : reason[2];

    if (dt_loop_save(l, "ckpt/last.h5"))
        return l->t.err.code;
    dt_fail(&l->t.err, why, "%s at step %lld; %s/ckpt/last.h5 resumes from here", text, (long long)l->t.step,
            l->dir.path);
    return why;
}

/* ---- steps ---- */

static enum dt_code one_step(struct dt_loop *l)
{
    const struct dt_phase *p = phase_of(l);
    struct dt_batch b;
    bool with_batch = p->steps == 0;

    if (with_batch && !dt_loader_next(l->train, &b, &l->t.err)) {
        DT_ASSERT(l->t.err.code); /* the loader has exactly per_epoch batches */
        return l->t.err.code;
    }
    dt_tape_reset(l->t.tape);
    dt_guard_before(l);
    l->last_loss = NAN; /* and stays that where nothing is updated: never the one of a step before, which a resumed run
                           does not know */
    if (p->step(&l->t, with_batch ? &b : NULL)) {
        DT_ASSERT(l->t.err.code);
        if (l->t.err.code != DT_ENUMERIC || dt_guard_failed(l, with_batch ? &b : NULL))
            return l->t.err.code;
    }
    l->t.batch++;
    l->t.step++;
    l->steps_here++;
    dt_record_step(l);
    dt_record_progress(l);
    return DT_OK;
}

static enum dt_code run_steps(struct dt_loop *l)
{
    double every = 60 * l->t.set->checkpoint.every_minutes;
    enum dt_code why;

    if (l->t.batch < l->per_epoch && phase_of(l)->steps == 0)
        dt_loader_start(l->train, (uint32_t)l->epoch_of_run, l->t.batch);
    while (l->t.batch < l->per_epoch) {
        if (one_step(l))
            return l->t.err.code;
        why = dt_loop_stop(l);
        if (why)
            return stop(l, why);
        if (every > 0 && dt_now() - l->saved >= every && dt_loop_save(l, "ckpt/last.h5"))
            return l->t.err.code;
    }
    return DT_OK;
}

static enum dt_code run_epoch(struct dt_loop *l)
{
    bool has_val = dt_dataset_info(l->t.data)->n[DT_VAL] > 0;
    double begin = dt_now(), wait = dt_loader_wait(l->train), trained;
    struct dt_eval val = { 0 };
    bool best;
    enum dt_code code;

    if (run_steps(l))
        return l->t.err.code;
    trained = dt_now();
    code = has_val ? dt_loop_evaluate(l, DT_VAL, &val) : DT_OK;
    if (code) /* interrupted within: the epoch is not over yet, and is evaluated again on resuming */
        return l->t.err.code ? l->t.err.code : stop(l, code);
    dt_record_epoch(l, has_val ? &val : NULL, trained - begin, dt_now() - trained, dt_loader_wait(l->train) - wait);
    best = has_val && val.accuracy > l->best;
    if (best)
        l->best = val.accuracy;
    l->t.epoch++;
    l->epoch_of_run++;
    l->t.batch = l->t.seen = 0;
    l->t.loss_sum = l->t.correct_sum = 0;
    if (best && l->t.set->checkpoint.keep_best && dt_loop_save(l, "ckpt/best.h5"))
        return l->t.err.code;
    return save_epoch(l);
}

enum dt_code dt_loop_run(struct dt_loop *l)
{
    l->saved = dt_now();
    l->started = l->started > 0 ? l->started : dt_now();
    while (!l->finished) {
        if (l->t.epoch < l->epochs ? run_epoch(l) : end_phase(l))
            return l->t.err.code;
    }
    return DT_OK;
}

struct dt_rng dt_train_rng(const struct dt_train *t, enum dt_stream stream)
{
    uint64_t step = (uint64_t)t->step;

    return dt_rng_at((uint64_t)t->set->seed, stream, (uint32_t)(step >> 32), (uint32_t)step);
}
