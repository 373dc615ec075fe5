/* A session: settings become an engine, a data set, a tape and a network. */
#include "train/loop.h"

#include <stdlib.h>
#include <string.h>

/* ---- the network ---- */

static void check_classes(struct dt_loop *l, int classes)
{
    int64_t asked = l->setup.set.model.classes;

    if (asked > 0 && asked < classes)
        dt_config_reject(l->setup.config, "model.classes", "%lld classes, but %s has %d", (long long)asked,
                         dt_dataset_info(l->t.data)->name, classes);
}

struct dt_net *dt_session_net(struct dt_loop *l, struct dt_setup *s, bool build, struct dt_err *err)
{
    const struct dt_data_info *info = dt_dataset_info(l->t.data);
    struct dt_net *net = dt_net_new((uint64_t)s->set.seed, err), *own = l->t.net;
    struct dt_net_plan plan = { s, s->set.model, dt_shape4(1, info->h, info->w, info->c), l->job->methods };
    bool ok;

    if (!net)
        return NULL;
    if (plan.model.classes == 0)
        plan.model.classes = info->classes;
    ok = dt_setup_net(net, &plan, err) == DT_OK;
    if (ok && build && s->method->build) { /* adds its tree to t->net */
        l->t.net = net;
        ok = s->method->build(&l->t) == DT_OK;
        l->t.net = own;
        if (!ok)
            dt_fail(err, l->t.err.code, "%s", l->t.err.msg);
    }
    if (ok && dt_net_finish(net, info->h, info->w, info->c, err) == DT_OK)
        return net;
    dt_net_free(net);
    return NULL;
}

/* ---- the config as text and hash ---- */

static enum dt_code keep_config(struct dt_loop *l)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    bool ok = f && dt_setup_write(&l->setup, false, f) == DT_OK;

    ok = f && fclose(f) == 0 && ok;
    if (ok)
        l->config_text = dt_arena_printf(l->setup.arena, "%s", text);
    free(text); /* the stream's own */
    if (!l->config_text) {
        dt_fail(&l->t.err, DT_ENOMEM, "out of memory for the config's text");
        return l->t.err.code;
    }
    dt_setup_hash(&l->setup, l->config_hash);
    return DT_OK;
}

/* ---- checks that need the data ---- */

static enum dt_code check_data(struct dt_loop *l)
{
    const struct dt_data_info *info = dt_dataset_info(l->t.data);
    const struct dt_data_cfg *cfg = &l->setup.set.data;
    struct dt_config *config = l->setup.config;

    if (!l->described && cfg->batch > info->n[DT_TRAIN])
        dt_config_reject(config, "data.batch", "%lld images a batch, but only %d to train on", (long long)cfg->batch,
                         info->n[DT_TRAIN]);
    check_classes(l, info->classes);
    if (dt_config_n_errors(config) > 0)
        dt_fail(&l->t.err, DT_ECONFIG, "%s", dt_config_error(config, 0));
    return l->t.err.code;
}

/* ---- opening ---- */

static enum dt_code open_loader(struct dt_loop *l)
{
    const struct dt_data_cfg *cfg = &l->setup.set.data;
    struct dt_loader_cfg train = { .split = DT_TRAIN,
                                   .batch = (int)cfg->batch,
                                   .workers = (int)cfg->workers,
                                   .shuffle = true,
                                   .drop_last = true,
                                   .augment = &cfg->augment,
                                   .seed = (uint64_t)l->setup.set.seed };

    l->train = dt_loader_new(l->t.data, &train, &l->t.err);
    return l->t.err.code;
}

const char *dt_train_precision(const struct dt_train *t)
{
    return dt_tape_dtype(t->tape) == DT_BF16 ? "bf16" : "fp32";
}

static enum dt_code open_tape(struct dt_train *t)
{
    int asked = t->set->precision;

    t->tape = dt_tape_new(t->engine, &t->err);
    if (!t->tape)
        return t->err.code;
    if (asked == DT_BF16_MIXED && !dt_engine_bf16(t->engine, false))
        dt_fail(&t->err, DT_ECONFIG,
                "precision bf16: engine %s has no such convolutions on this processor (it needs AVX-512); use fp32, or "
                "run.engine=ref",
                dt_engine_name(t->engine));
    if (asked == DT_BF16_MIXED || (asked == DT_AUTO_PRECISION && dt_engine_bf16(t->engine, true)))
        dt_tape_precision(t->tape, DT_BF16);
    dt_tape_recompute(t->tape, t->set->train.recompute);
    return t->err.code;
}

/* A network without blocks would train as before and say nothing. */
static enum dt_code check_recompute(struct dt_loop *l)
{
    struct dt_train *t = &l->t;
    struct dt_tape *dry = dt_tape_new_dry(&t->err);
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = dry, .training = true };

    if (!dry)
        return t->err.code;
    dt_tape_recompute(dry, true);
    (void)dt_net_forward(t->net, &run, dt_tape_leaf(dry, in, NULL));
    if (dt_tape_err(dry)->code)
        dt_fail(&t->err, dt_tape_err(dry)->code, "%s", dt_tape_err(dry)->msg);
    else if (dt_tape_n_segments(dry) == 0) {
        dt_config_reject(l->setup.config, "train.recompute", "%s has no blocks to compute again; leave it out",
                         l->setup.set.network);
        dt_fail(&t->err, DT_ECONFIG, "%s", dt_config_error(l->setup.config, 0));
    }
    dt_tape_free(dry);
    return t->err.code;
}

enum dt_code dt_session_open(struct dt_loop *l)
{
    struct dt_train *t = &l->t;
    const struct dt_settings *set = &l->setup.set;

    t->method = l->setup.method;
    t->set = set;
    t->cfg = l->setup.cfg;
    t->loop = l;
    l->best = -1;
    dt_par_pin(false); /* the run this one is nested in may have bound them */
    dt_par_set_threads((int)set->run.threads);
    if (set->run.pin && !dt_par_pin(true))
        dt_log(DT_WARN, "run.pin: the system does not let threads be bound to processors; they run free");
    if (keep_config(l))
        return t->err.code;
    t->state = dt_calloc(1, t->method->state_size + 1);
    if (!t->state)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the method's state");
    if (!t->err.code)
        t->engine = dt_engine_new(set->run.engine, &t->err);
    if (!t->err.code && open_tape(t) == DT_OK)
        t->data = l->described ? dt_dataset_described(l->described, &t->err)
                               : dt_dataset_open(&set->data, (uint64_t)set->seed, &t->err);
    if (!t->err.code && check_data(l) == DT_OK)
        t->net = dt_session_net(l, &l->setup, true, &t->err);
    if (!t->err.code && set->train.recompute)
        check_recompute(l);
    if (!t->err.code && !l->described)
        open_loader(l);
    return t->err.code;
}

void dt_session_close(struct dt_loop *l)
{
    struct dt_train *t = &l->t;

    if (t->method && t->method->close && t->state)
        t->method->close(t);
    dt_loader_free(l->train);
    for (int i = 0; i < DT_N_SPLITS; i++)
        dt_loader_free(l->eval[i]);
    dt_groups_clear(l);
    dt_ema_free(&l->ema);
    dt_guard_free(&l->guard);
    dt_net_free(t->net);
    dt_dataset_free(t->data);
    dt_tape_free(t->tape);
    dt_engine_free(t->engine);
    dt_free(t->state);
    dt_setup_free(&l->setup);
}
