/* Steps whose numbers have gone bad: a loss or a gradient that is not finite, a loss beyond guard.max_loss. The limit
 * is a number and not a multiple of earlier losses: those of an agent cross zero, those of a trained network are near
 * it, and one hard batch must not end a run of days; a loss that explodes passes 1e5 within steps, and hardly a sound
 * one comes near (methods may scale theirs, as distillation does by the temperature's square). Nothing has been updated
 * when dt_train_update finds that out. The state and the batch are saved for whoever looks for the cause; then the run
 * stops, or leaves the step out and goes on, a limited number of times. */
#include "train/loop.h"

#include <math.h>
#include <string.h>

/* ---- running statistics: a forward pass has changed them before anything is found out ---- */

struct copying {
    dt_real *to; /* NULL: count */
    int64_t at;
    bool back;
};

static bool copy_buffer(void *ctx, struct dt_param *p)
{
    struct copying *c = ctx;
    int64_t n = p->buffer ? dt_numel(&p->tensor.shape) : 0;

    if (c->to && n > 0 && c->back)
        memcpy(p->tensor.data, c->to + c->at, (size_t)n * sizeof *c->to);
    else if (c->to && n > 0)
        memcpy(c->to + c->at, p->tensor.data, (size_t)n * sizeof *c->to);
    c->at += n;
    return true;
}

static int64_t copy_buffers(struct dt_loop *l, bool back)
{
    struct copying c = { .to = l->guard.buffers, .back = back };

    dt_net_walk(l->t.net, &(struct dt_visitor){ .ctx = &c, .param = copy_buffer });
    return c.at;
}

void dt_guard_free(struct dt_guard *g)
{
    dt_free(g->buffers);
    g->buffers = NULL;
}

enum dt_code dt_guard_open(struct dt_loop *l)
{
    dt_guard_free(&l->guard);
    if (l->t.set->guard.on_bad_step != DT_BAD_STEP_SKIP)
        return DT_OK;
    l->guard.buffers = dt_calloc((size_t)copy_buffers(l, false) + 1, sizeof *l->guard.buffers);
    if (!l->guard.buffers)
        dt_fail(&l->t.err, DT_ENOMEM, "out of memory for a copy of the running statistics");
    return l->t.err.code;
}

void dt_guard_before(struct dt_loop *l)
{
    if (l->guard.buffers)
        copy_buffers(l, false);
}

/* ---- looking ---- */

static enum dt_code bad(struct dt_train *t, const char *what, double value, const char *more)
{
    char text[32];

    snprintf(text, sizeof text, "%.4g", value);
    dt_fail(&t->err, DT_ENUMERIC, "%s is %s%s at step %lld (epoch %lld, batch %lld); nothing was updated", what,
            isnan(value)   ? "not a number"
            : isinf(value) ? "infinite"
                           : text,
            more, (long long)t->step, (long long)t->epoch + 1, (long long)t->batch);
    return DT_ENUMERIC;
}

enum dt_code dt_guard_loss(struct dt_train *t, double loss)
{
    double most = t->set->guard.max_loss;

    if (!isfinite(loss))
        return bad(t, "loss", loss, "");
    return most > 0 && fabs(loss) > most ? bad(t, "loss", loss, ", beyond guard.max_loss,") : DT_OK;
}

enum dt_code dt_guard_gradient(struct dt_train *t, const char *group, double norm)
{
    char what[160];

    snprintf(what, sizeof what, "gradient of %s", group);
    return isfinite(norm) ? DT_OK : bad(t, what, norm, "");
}

/* ---- what then ---- */

static enum dt_code give_up(struct dt_loop *l, bool saved)
{
    char msg[sizeof l->t.err.msg], before[64] = "";

    if (l->guard.skipped > 0)
        snprintf(before, sizeof before, "; %lld steps were left out before", (long long)l->guard.skipped);
    snprintf(msg, sizeof msg,
             "%.180s%s; %.180s/ckpt: %slast.h5 is the last good one; a lower optim.lr or optim.clip_norm may help",
             l->t.err.msg, before, l->dir.path, saved ? "nan-step.h5 has the batch, " : "");
    memcpy(l->t.err.msg, msg, sizeof msg);
    return DT_ENUMERIC;
}

enum dt_code dt_guard_failed(struct dt_loop *l, const struct dt_batch *b)
{
    const struct dt_guard_cfg *cfg = &l->t.set->guard;
    bool saved = dt_loop_save_batch(l, "ckpt/nan-step.h5", b) == DT_OK;

    if (cfg->on_bad_step != DT_BAD_STEP_SKIP || l->guard.skipped >= cfg->max_skips)
        return give_up(l, saved);
    l->guard.skipped++;
    dt_progress_clear(l->progress);
    dt_log(DT_WARN, "%s; the step is left out (%lld of at most %lld)", l->t.err.msg, (long long)l->guard.skipped,
           (long long)cfg->max_skips);
    copy_buffers(l, true);
    dt_net_zero_grad(l->t.net);
    dt_net_touch(l->t.net);
    l->t.err = (struct dt_err){ .code = DT_OK };
    return DT_OK;
}
