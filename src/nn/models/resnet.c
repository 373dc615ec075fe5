/* resnet: the CIFAR ResNet of 6n + 2 layers (He et al. 2016, section 4.2): three stages of n basic blocks, 16, 32 and
 * 64 channels wide. Shortcut A pads with zero channels, B projects by a 1x1 convolution, both only where widths differ.
 */
#include "nn/models/model.h"

static void block(struct dt_net *net, struct dt_module *stage, int index, int in, int out, int stride,
                  const struct dt_model_cfg *cfg)
{
    char name[16];
    struct dt_module *m, *body;

    snprintf(name, sizeof name, "block%d", index);
    m = dt_residual(net, stage, name, DT_RELU);
    body = dt_seq(net, m, "body");
    dt_conv_norm(net, body, "conv1", in,
                 &(struct dt_conv_norm_cfg){ .out = out, .kernel = 3, .stride = stride, .pad = 1, .relu = true });
    dt_conv_norm(net, body, "conv2", out, &(struct dt_conv_norm_cfg){ .out = out, .kernel = 3, .stride = 1, .pad = 1 });
    if (cfg->dynamic)
        dt_choice_new(body, DT_KEEP, 1);
    if (in == out && stride == 1)
        return;
    if (cfg->shortcut == DT_SHORTCUT_A)
        dt_pad_layer(net, m, "shortcut", in, out, stride);
    else
        dt_conv_norm(net, m, "shortcut", in, &(struct dt_conv_norm_cfg){ .out = out, .kernel = 1, .stride = stride });
}

void dt_build_resnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels,
                     int depth)
{
    struct dt_module *stage;
    int in = (int)cfg->width, out = in;
    char name[16];

    dt_conv_norm(net, root, "stem", channels,
                 &(struct dt_conv_norm_cfg){ .out = in, .kernel = 3, .stride = 1, .pad = 1, .relu = true });
    for (int s = 0; s < 3; s++, out *= 2) {
        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        for (int b = 0; b < (depth - 2) / 6; b++) {
            block(net, stage, b, in, out, s > 0 && b == 0 ? 2 : 1, cfg);
            in = out;
        }
    }
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
