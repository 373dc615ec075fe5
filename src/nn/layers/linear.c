/* linear: y = x w' + b. As with conv, the input may be a prefix. */
#include "nn/layers/layer.h"

struct linear {
    struct dt_module base;
    struct dt_param *weight, *bias;
    int in, out;
};

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct linear *l = (struct linear *)m;
    int in = dt_channels(x) < l->in && dt_run_shrunk(run) ? dt_channels(x) : l->in;

    return dt_linear(run->tape, x, dt_param_prefix(run, l->weight, dt_shape2(l->out, in)), &l->bias->tensor);
}

static void describe(const struct dt_module *m, char *buf, size_t size)
{
    const struct linear *l = (const struct linear *)m;

    snprintf(buf, size, "%d -> %d", l->in, l->out);
}

static const struct dt_module_class linear_class = { "linear", sizeof(struct linear), forward, describe };

struct dt_module *dt_linear_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out)
{
    struct dt_module *m = dt_module_new(n, parent, &linear_class, "%s", name);
    struct linear *l = (struct linear *)m;

    l->in = in;
    l->out = out;
    l->weight = dt_param_new(m, "weight", dt_shape2(out, in), DT_INIT_LINEAR, in, true);
    l->bias = dt_param_new(m, "bias", dt_shape1(out), DT_INIT_LINEAR, in, false);
    return m;
}
