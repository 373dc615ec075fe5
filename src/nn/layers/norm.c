/* norm: batch normalisation (Ioffe & Szegedy 2015), with the activation that follows it fused. */
#include "nn/layers/layer.h"

struct norm {
    struct dt_module base;
    struct dt_param *gamma, *beta, *mean, *var;
    int c;
    enum dt_act act;
    double momentum, eps;
};

struct dt_norm_cfg dt_norm_cfg_of(const struct dt_module *norm, const struct dt_run *run)
{
    const struct norm *b = (const struct norm *)norm;

    return (struct dt_norm_cfg){
        .training = run->recalibrate > 0 || (run->training && !norm->frozen),
        .frozen = run->freeze_stats,
        .act = b->act,
        .momentum = run->recalibrate > 0 ? 1.0 / run->recalibrate : b->momentum,
        .eps = b->eps,
    };
}

static struct dt_tensor *apply(struct norm *b, struct dt_run *run, struct dt_tensor *x, int live)
{
    struct dt_shape c = dt_shape1(live);
    struct dt_norm_in in = {
        .gamma = dt_param_prefix(run, b->gamma, c),
        .beta = dt_param_prefix(run, b->beta, c),
        .mean = dt_param_prefix(run, b->mean, c),
        .var = dt_param_prefix(run, b->var, c),
        .weight = run->weight,
    };
    struct dt_norm_cfg cfg = dt_norm_cfg_of(&b->base, run);

    if (run->tail == &b->base) {
        in.base = run->base;
        cfg.act = run->act;
        run->tail = NULL;
    }
    return dt_batch_norm(run->tape, x, &in, &cfg);
}

struct dt_tensor *dt_norm_run(struct dt_module *norm, struct dt_run *run, struct dt_tensor *x, int live)
{
    struct dt_tensor *y;

    dt_tape_push(run->tape, norm->name);
    y = apply((struct norm *)norm, run, x, live);
    dt_tape_pop(run->tape);
    return y;
}

/* Missing channels are zeros, and zeros are normalised too: nothing can be left out here. */
static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct norm *b = (struct norm *)m;

    if (dt_channels(x) < b->c && dt_run_shrunk(run))
        x = dt_widen(run, x, b->c);
    return apply(b, run, x, b->c);
}

static void describe(const struct dt_module *m, char *buf, size_t size)
{
    static const char *const act[] = { "", ", relu", ", relu6" };
    const struct norm *b = (const struct norm *)m;

    snprintf(buf, size, "%d channels%s", b->c, act[b->act]);
}

static const struct dt_module_class norm_class = { "norm", sizeof(struct norm), forward, describe };

struct dt_module *dt_norm_new(struct dt_net *n, struct dt_module *parent, const char *name, int c, enum dt_act act,
                              double momentum, double eps)
{
    struct dt_module *m = dt_module_new(n, parent, &norm_class, "%s", name);
    struct norm *b = (struct norm *)m;

    b->c = c;
    b->act = act;
    m->tail = act ? NULL : m;
    b->momentum = momentum;
    b->eps = eps;
    b->gamma = dt_param_new(m, "gamma", dt_shape1(c), DT_INIT_ONE, 0, false);
    b->beta = dt_param_new(m, "beta", dt_shape1(c), DT_INIT_ZERO, 0, false);
    b->mean = dt_buffer_new(m, "mean", dt_shape1(c), 0);
    b->var = dt_buffer_new(m, "var", dt_shape1(c), 1);
    return m;
}

struct dt_module *dt_norm_layer(struct dt_net *n, struct dt_module *parent, const char *name, int c, bool relu)
{
    return dt_norm_new(n, parent, name, c, relu ? DT_RELU : DT_LINEAR, 0, 0);
}
