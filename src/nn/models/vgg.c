/* vgg16bn: VGG-16 (Simonyan & Zisserman 2015) with batch norm, for 32x32: 13 convolutions and one linear layer. */
#include "nn/models/model.h"

void dt_build_vgg16bn(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const int width[5] = { 64, 128, 256, 512, 512 }, depth[5] = { 2, 2, 3, 3, 3 };
    struct dt_module *stage;
    int in = channels;
    char name[16];

    for (int s = 0; s < 5; s++) {
        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        for (int i = 0; i < depth[s]; i++, in = width[s]) {
            snprintf(name, sizeof name, "conv%d", i + 1);
            dt_conv_norm(
                net, stage, name, in,
                &(struct dt_conv_norm_cfg){ .out = width[s], .kernel = 3, .stride = 1, .pad = 1, .relu = true });
        }
        dt_max_pool_layer(net, stage, "pool", 2, 2, 0);
    }
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
