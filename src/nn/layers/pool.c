/* pool: max pooling; and the classifier of every model, global average pooling before a linear layer. */
#include "nn/layers/layer.h"

/* ---- max pool ---- */
struct max_pool {
    struct dt_module base;
    int size, stride, pad;
    bool ceil;
};

static struct dt_tensor *max_pool_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct max_pool *p = (struct max_pool *)m;

    if (p->ceil)
        return dt_max_pool_ceil(run->tape, x, p->size, p->stride);
    return dt_max_pool(run->tape, x, p->size, p->stride, p->pad);
}

static void max_pool_describe(const struct dt_module *m, char *buf, size_t size)
{
    const struct max_pool *p = (const struct max_pool *)m;

    snprintf(buf, size, "%dx%d, stride %d, pad %d%s", p->size, p->size, p->stride, p->pad,
             p->ceil ? ", rounded up" : "");
}

static const struct dt_module_class max_pool_class = { "max_pool", sizeof(struct max_pool), max_pool_forward,
                                                       max_pool_describe };

struct dt_module *dt_max_pool_layer(struct dt_net *n, struct dt_module *parent, const char *name, int size, int stride,
                                    int pad)
{
    struct dt_module *m = dt_module_new(n, parent, &max_pool_class, "%s", name);
    struct max_pool *p = (struct max_pool *)m;

    p->size = size;
    p->stride = stride;
    p->pad = pad;
    return m;
}

struct dt_module *dt_max_pool_ceil_layer(struct dt_net *n, struct dt_module *parent, const char *name, int size,
                                         int stride)
{
    struct dt_module *m = dt_max_pool_layer(n, parent, name, size, stride, 0);

    ((struct max_pool *)m)->ceil = true;
    return m;
}

/* ---- head ---- */
static struct dt_tensor *head_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    run->features = dt_global_avg_pool(run->tape, x);
    return dt_forward(m->child, run, run->features);
}

static const struct dt_module_class head_class = { "head", sizeof(struct dt_module), head_forward, NULL };

struct dt_module *dt_head_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int classes)
{
    struct dt_module *m = dt_module_new(n, parent, &head_class, "%s", name);

    dt_linear_layer(n, m, "fc", in, classes);
    return m;
}
