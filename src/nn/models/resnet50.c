/* resnet50: the ImageNet ResNet of bottlenecks (He et al. 2016), the stride in the 3x3 convolution as in torchvision:
 * stages of 3, 4, 6, 3 blocks, 256 to 2048 channels out, shortcuts projected where widths differ. */
#include "nn/models/model.h"

static void bottleneck(struct dt_net *net, struct dt_module *stage, int index, int in, int mid, int stride,
                       bool dynamic)
{
    struct dt_module *m, *body;
    int out = 4 * mid;
    char name[16];

    snprintf(name, sizeof name, "block%d", index);
    m = dt_residual(net, stage, name, DT_RELU);
    body = dt_seq(net, m, "body");
    dt_conv_norm(net, body, "conv1", in, &(struct dt_conv_norm_cfg){ .out = mid, .kernel = 1, .relu = true });
    dt_conv_norm(net, body, "conv2", mid,
                 &(struct dt_conv_norm_cfg){ .out = mid, .kernel = 3, .stride = stride, .pad = 1, .relu = true });
    dt_conv_norm(net, body, "conv3", mid, &(struct dt_conv_norm_cfg){ .out = out, .kernel = 1 });
    if (dynamic)
        dt_choice_new(body, DT_KEEP, 1);
    if (in != out)
        dt_conv_norm(net, m, "shortcut", in, &(struct dt_conv_norm_cfg){ .out = out, .kernel = 1, .stride = stride });
}

void dt_build_resnet50(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const int depth[4] = { 3, 4, 6, 3 };
    struct dt_module *stage;
    int in = 64;
    char name[16];

    dt_conv_norm(net, root, "stem", channels,
                 &(struct dt_conv_norm_cfg){ .out = in, .kernel = 7, .stride = 2, .pad = 3, .relu = true });
    dt_max_pool_layer(net, root, "pool", 3, 2, 1);
    for (int s = 0; s < 4; s++) {
        int mid = 64 << s;

        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        for (int b = 0; b < depth[s]; b++, in = 4 * mid)
            bottleneck(net, stage, b, in, mid, s > 0 && b == 0 ? 2 : 1, cfg->dynamic);
    }
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
