/* plain: layers without parameters that older networks are made of: a ReLU of its own, and an image as one row. */
#include "nn/layers/layer.h"

static struct dt_tensor *relu_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    (void)m;
    return dt_relu(run->tape, x);
}

static const struct dt_module_class relu_class = { "relu", sizeof(struct dt_module), relu_forward, NULL };

struct dt_module *dt_relu_layer(struct dt_net *n, struct dt_module *parent, const char *name)
{
    return dt_module_new(n, parent, &relu_class, "%s", name);
}

static struct dt_tensor *flatten_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    int wide = 1;

    (void)m;
    for (int i = 1; i < x->shape.rank; i++)
        wide *= x->shape.d[i];
    return dt_reshape(run->tape, x, dt_shape2(x->shape.rank ? x->shape.d[0] : 1, wide));
}

static const struct dt_module_class flatten_class = { "flatten", sizeof(struct dt_module), flatten_forward, NULL };

struct dt_module *dt_flatten_layer(struct dt_net *n, struct dt_module *parent, const char *name)
{
    return dt_module_new(n, parent, &flatten_class, "%s", name);
}
