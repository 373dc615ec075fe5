/* mcifarnet: M-CifarNet, the eight-layer network of Gao et al. 2019 (Dynamic Channel Pruning: Feature Boosting and
 * Suppression); dropout follows the fourth and the seventh convolution. */
#include "nn/models/model.h"

void dt_build_mcifarnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const struct {
        int out, stride, pad;
        bool dropout;
    } layer[8] = { { 64, 1, 0, false },  { 64, 1, 1, false },  { 128, 2, 1, false }, { 128, 1, 1, true },
                   { 128, 1, 1, false }, { 192, 2, 1, false }, { 192, 1, 1, true },  { 192, 1, 1, false } };
    int in = channels;
    char name[16];

    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "conv%d", i);
        dt_conv_norm(
            net, root, name, in,
            &(struct dt_conv_norm_cfg){
                .out = layer[i].out, .kernel = 3, .stride = layer[i].stride, .pad = layer[i].pad, .relu = true });
        if (layer[i].dropout) {
            snprintf(name, sizeof name, "dropout%d", i);
            dt_dropout_layer(net, root, name, cfg->dropout);
        }
        in = layer[i].out;
    }
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
