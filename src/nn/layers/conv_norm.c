/* conv_norm: convolution, batch norm, optional ReLU or ReLU6; the unit a WIDTH belongs to, since the convolution must
 * know the count. Where the whole batch agrees, skipping execution computes the living channels only; else they are
 * gated. A channel that does not live is zero behind the ReLU: gamma x + beta is cut, not gamma alone. */
#include "nn/layers/layer.h"

struct conv_norm {
    struct dt_module base;
    struct dt_module *conv, *norm;
    int out;
};

/* One gate a sample and channel, or NULL when all channels of all samples live. */
static struct dt_tensor *width_gate(struct dt_run *run, int choice, int out)
{
    struct dt_tensor *gate = dt_run_gate(run, choice);
    bool all = true;
    dt_real *one;

    if (gate || run->arch.n == 0)
        return gate;
    for (int i = 0; i < run->n && all; i++)
        all = dt_run_value(run, choice, i) == out;
    if (all)
        return NULL;
    one = dt_tape_alloc(run->tape, (size_t)run->n * (size_t)out * sizeof(dt_real));
    for (int i = 0; i < run->n && one; i++)
        for (int k = 0, live = dt_width(dt_run_value(run, choice, i)); k < out; k++)
            one[(size_t)i * (size_t)out + (size_t)k] = k < live;
    return dt_tape_leaf(run->tape, dt_shape2(run->n, out), one);
}

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct conv_norm *c = (struct conv_norm *)m;
    struct dt_tensor *y, *gate = NULL;
    int choice = m->choice[DT_WIDTH], live = c->out;
    bool shrinks = choice >= 0 && dt_run_shrinks(run, choice, &live);

    if (!shrinks)
        live = c->out;
    y = dt_norm_run(c->norm, run, dt_conv_run(c->conv, run, x, live), live);
    if (choice >= 0 && !shrinks)
        gate = width_gate(run, choice, c->out);
    return gate ? dt_gate(run->tape, y, gate) : y;
}

static const struct dt_module_class conv_norm_class = { "conv_norm", sizeof(struct conv_norm), forward, NULL };

struct dt_module *dt_conv_norm(struct dt_net *n, struct dt_module *parent, const char *name, int in,
                               const struct dt_conv_norm_cfg *cfg)
{
    struct dt_module *m = dt_module_new(n, parent, &conv_norm_class, "%s", name);
    struct conv_norm *c = (struct conv_norm *)m;
    int groups = cfg->groups < 0 ? in : cfg->groups;

    if (cfg->width && groups > 1 && (groups != in || in != cfg->out))
        dt_fail(&n->err, DT_ESHAPE, "%s: a width needs a convolution in one group, or a depthwise one", m->path);
    c->out = cfg->out;
    c->conv = dt_conv_layer(n, m, "conv", in, cfg->out, cfg->kernel, cfg->stride, cfg->pad, groups, false);
    c->norm = dt_norm_new(n, m, "norm", cfg->out,
                          cfg->relu6  ? DT_RELU6
                          : cfg->relu ? DT_RELU
                                      : DT_LINEAR,
                          cfg->momentum, cfg->eps);
    m->block = true;
    m->tail = cfg->width ? NULL : c->norm->tail;
    if (cfg->width)
        dt_choice_new(m, DT_WIDTH, cfg->out);
    return m;
}
