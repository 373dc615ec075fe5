/* mobilenetv2: MobileNetV2 (Sandler et al. 2018) for 32x32: stem and second stage keep the resolution; a 1x1 expansion
 * in the first block too; a 1x1 convolution as the shortcut of stride-1 blocks whose widths differ. */
#include "nn/models/model.h"

static struct dt_module *unit(struct dt_net *net, struct dt_module *parent, const char *name, int in, int out,
                              int kernel, int stride, int groups, bool relu6)
{
    return dt_conv_norm(
        net, parent, name, in,
        &(struct dt_conv_norm_cfg){
            .out = out, .kernel = kernel, .stride = stride, .pad = -1, .groups = groups, .relu6 = relu6 });
}

static void inverted(struct dt_net *net, struct dt_module *body, int in, int out, int expand, int stride)
{
    unit(net, body, "expand", in, in * expand, 1, 1, 1, true);
    unit(net, body, "depthwise", in * expand, in * expand, 3, stride, -1, true);
    unit(net, body, "project", in * expand, out, 1, 1, 1, false);
}

static void block(struct dt_net *net, struct dt_module *stage, const char *name, int in, int out, int expand,
                  int stride, bool dynamic)
{
    struct dt_module *m, *body;

    if (stride > 1) {
        body = dt_seq(net, stage, name);
        body->block = true;
        inverted(net, body, in, out, expand, stride);
        return;
    }
    m = dt_residual(net, stage, name, DT_LINEAR);
    body = dt_seq(net, m, "body");
    inverted(net, body, in, out, expand, stride);
    if (dynamic)
        dt_choice_new(body, DT_KEEP, 1);
    if (in != out)
        unit(net, m, "shortcut", in, out, 1, 1, 1, false);
}

void dt_build_mobilenetv2(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const struct {
        int expand, out, n, stride;
    } stages[7] = { { 1, 16, 1, 1 }, { 6, 24, 2, 1 },  { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
                    { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } };
    struct dt_module *stage;
    int in = 32;
    char name[24];

    unit(net, root, "stem", channels, in, 3, 1, 1, true);
    for (int s = 0; s < 7; s++) {
        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        for (int b = 0; b < stages[s].n; b++, in = stages[s].out) {
            snprintf(name, sizeof name, "block%d", b);
            block(net, stage, name, in, stages[s].out, stages[s].expand, b == 0 ? stages[s].stride : 1, cfg->dynamic);
        }
    }
    unit(net, root, "last", in, 1280, 1, 1, 1, true);
    dt_head_layer(net, root, "head", 1280, (int)cfg->classes);
}
