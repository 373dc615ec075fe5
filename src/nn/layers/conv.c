/* conv: a convolution layer. Its input may be a prefix of the channels it was made for once some WIDTH has narrowed a
 * tensor: the missing channels are zero, so the weight's leading block gives the same result. */
#include "nn/layers/layer.h"

struct conv {
    struct dt_module base;
    struct dt_param *weight, *bias;
    int in, out, kernel;
    struct dt_conv_cfg cfg;
};

static bool depthwise(const struct conv *c)
{
    return c->cfg.groups > 1 && c->cfg.groups == c->in && c->in == c->out;
}

struct dt_tensor *dt_param_prefix(struct dt_run *run, struct dt_param *p, struct dt_shape shape)
{
    if (dt_shape_equal(&p->tensor.shape, &shape))
        return &p->tensor;
    return dt_weight_prefix(run->tape, &p->tensor, shape);
}

static struct dt_tensor *apply(struct conv *c, struct dt_run *run, struct dt_tensor *x, int live)
{
    struct dt_conv_cfg cfg = c->cfg;
    struct dt_shape shape = c->weight->tensor.shape;
    struct dt_tensor *w, *b;
    int in = dt_channels(x);

    if (depthwise(c) && live < c->out) {
        if (in > live)
            x = dt_slice(run->tape, x, 0, live);
        cfg.groups = live;
    }
    if (in < c->in && dt_run_shrunk(run)) {
        if (c->cfg.groups > 1)
            x = dt_widen(run, x, depthwise(c) ? live : c->in);
        else
            shape.d[1] = in;
    }
    shape.d[0] = live;
    w = dt_param_prefix(run, c->weight, shape);
    b = c->bias ? dt_param_prefix(run, c->bias, dt_shape1(live)) : NULL;
    return dt_conv2d(run->tape, x, w, b, &cfg);
}

struct dt_tensor *dt_conv_run(struct dt_module *conv, struct dt_run *run, struct dt_tensor *x, int live)
{
    struct dt_tensor *y;

    dt_tape_push(run->tape, conv->name);
    y = apply((struct conv *)conv, run, x, live);
    dt_tape_pop(run->tape);
    return y;
}

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct conv *c = (struct conv *)m;

    return apply(c, run, x, c->out);
}

static void describe(const struct dt_module *m, char *buf, size_t size)
{
    const struct conv *c = (const struct conv *)m;
    int n = snprintf(buf, size, "%dx%d, %d -> %d, stride %d, pad %d", c->kernel, c->kernel, c->in, c->out,
                     c->cfg.stride, c->cfg.pad);

    if (c->cfg.groups > 1 && n > 0 && (size_t)n < size)
        snprintf(buf + n, size - (size_t)n, ", %d groups", c->cfg.groups);
}

static const struct dt_module_class conv_class = { "conv", sizeof(struct conv), forward, describe };

struct dt_module *dt_conv_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out,
                                int kernel, int stride, int pad, int groups, bool bias)
{
    struct dt_module *m = dt_module_new(n, parent, &conv_class, "%s", name);
    struct conv *c = (struct conv *)m;
    int fan_in;

    groups = groups == 0 ? 1 : groups < 0 ? in : groups;
    stride = stride ? stride : 1;
    if (in < 1 || out < 1 || kernel < 1 || stride < 1 || in % groups || out % groups) {
        dt_fail(&n->err, DT_ESHAPE, "%s: no convolution from %d to %d channels in %d groups, kernel %d, stride %d",
                m->path, in, out, groups, kernel, stride);
        return n->dummy;
    }
    fan_in = in / groups * kernel * kernel;
    c->in = in;
    c->out = out;
    c->kernel = kernel;
    c->cfg = (struct dt_conv_cfg){ .stride = stride, .pad = pad < 0 ? kernel / 2 : pad, .groups = groups };
    c->weight = dt_param_new(m, "weight", dt_shape4(out, in / groups, kernel, kernel), DT_INIT_HE_FAN_OUT, 0, true);
    c->bias = bias ? dt_param_new(m, "bias", dt_shape1(out), DT_INIT_LINEAR, fan_in, false) : NULL;
    return m;
}
