/* resnext29: ResNeXt (Xie et al. 2017) in its form A, with every path a tree of its own, so that a path can really be
 * skipped; as in BudgetNet's networks batch norm follows the sum of the paths, and the norm of an empty sum is still
 * added. Stem 16; three stages of three blocks, 64, 128 and 256 channels out, path_width x 1, 2, 4 within. */
#include "nn/models/model.h"

struct paths {
    struct dt_module base;
    struct dt_module *norm; /* behind the paths in the list of children */
    int n, out, stride;
    bool dynamic;
};

/* Path by path. Of a dynamic sum any path may be missing; a static one starts from its first path. */
static struct dt_tensor *one_by_one(struct paths *p, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_module *path = p->base.child;
    struct dt_shape s = x->shape;
    struct dt_tensor *y;

    if (p->dynamic) {
        s = dt_shape4(s.d[0], (s.d[1] - 1) / p->stride + 1, (s.d[2] - 1) / p->stride + 1, p->out);
        return dt_keep_sum(run, path, p->n, s, x);
    }
    y = dt_forward(path, run, x);
    for (path = path->next; path != p->norm; path = path->next)
        y = dt_keep(run, path, y, x, DT_LINEAR);
    return y;
}

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct paths *p = (struct paths *)m;
    struct dt_tensor *y = dt_paths_together(m, p->n, p->stride, run, x);

    return dt_forward(p->norm, run, y ? y : one_by_one(p, run, x));
}

static const struct dt_module_class paths_class = { "paths", sizeof(struct paths), forward, NULL };

static void body(struct dt_net *net, struct dt_module *block, int in, int out, int width, int stride,
                 const struct dt_model_cfg *cfg)
{
    struct dt_module *m = dt_module_new(net, block, &paths_class, "body"), *path;
    struct paths *p = (struct paths *)m;
    char name[16];

    p->n = (int)cfg->cardinality;
    p->out = out;
    p->stride = stride;
    p->dynamic = cfg->dynamic;
    for (int i = 0; i < (int)cfg->cardinality; i++) {
        snprintf(name, sizeof name, "path%d", i);
        path = dt_seq(net, m, name);
        dt_conv_norm(net, path, "conv1", in, &(struct dt_conv_norm_cfg){ .out = width, .kernel = 1, .relu = true });
        dt_conv_norm(net, path, "conv2", width,
                     &(struct dt_conv_norm_cfg){ .out = width, .kernel = 3, .stride = stride, .pad = 1, .relu = true });
        dt_conv_layer(net, path, "conv3", width, out, 1, 1, 0, 1, false);
        if (cfg->dynamic)
            dt_choice_new(path, DT_KEEP, 1);
    }
    p->norm = dt_norm_layer(net, m, "norm", out, false);
    m->tail = p->norm;
}

void dt_build_resnext29(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    struct dt_module *stage, *block;
    int in = 16;
    char name[16];

    dt_conv_norm(net, root, "stem", channels,
                 &(struct dt_conv_norm_cfg){ .out = in, .kernel = 3, .stride = 1, .pad = 1, .relu = true });
    for (int s = 0; s < 3; s++) {
        int out = 64 << s, width = (int)cfg->path_width << s;

        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        for (int b = 0; b < 3; b++, in = out) {
            int stride = s > 0 && b == 0 ? 2 : 1;

            snprintf(name, sizeof name, "block%d", b);
            block = dt_residual(net, stage, name, DT_RELU);
            body(net, block, in, out, width, stride, cfg);
            if (in != out)
                dt_conv_norm(net, block, "shortcut", in,
                             &(struct dt_conv_norm_cfg){ .out = out, .kernel = 1, .stride = stride });
        }
    }
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
