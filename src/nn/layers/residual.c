/* residual: act(shortcut(x) + body(x)) (He et al. 2016), and the shortcut without parameters. */
#include "nn/layers/layer.h"

struct residual {
    struct dt_module base;
    enum dt_act act;
};

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_module *body = m->child, *shortcut = body->next;

    return dt_keep(run, body, shortcut ? dt_forward(shortcut, run, x) : x, x, ((struct residual *)m)->act);
}

static const struct dt_module_class residual_class = { "residual", sizeof(struct residual), forward, NULL };

struct dt_module *dt_residual(struct dt_net *n, struct dt_module *parent, const char *name, enum dt_act act)
{
    struct dt_module *m = dt_module_new(n, parent, &residual_class, "%s", name);

    ((struct residual *)m)->act = act;
    m->block = true;
    return m;
}

struct pad {
    struct dt_module base;
    int in, out, stride;
};

static struct dt_tensor *pad_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct pad *p = (struct pad *)m;

    return dt_pad_shortcut(run->tape, x, p->stride, p->out, (p->out - p->in) / 2);
}

static void pad_describe(const struct dt_module *m, char *buf, size_t size)
{
    const struct pad *p = (const struct pad *)m;

    snprintf(buf, size, "%d -> %d zero-padded, stride %d", p->in, p->out, p->stride);
}

static const struct dt_module_class pad_class = { "pad", sizeof(struct pad), pad_forward, pad_describe };

struct dt_module *dt_pad_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out,
                               int stride)
{
    struct dt_module *m = dt_module_new(n, parent, &pad_class, "%s", name);
    struct pad *p = (struct pad *)m;

    p->in = in;
    p->out = out;
    p->stride = stride;
    return m;
}
