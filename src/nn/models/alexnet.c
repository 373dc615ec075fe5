/* alexnet: AlexNet in one column (Krizhevsky 2014, "One weird trick", as torchvision has it), for images of 224x224:
 * five convolutions with biases, no normalisation, three linear layers. A stage ends where an exit may be. */
#include "nn/models/model.h"

static void linear(struct dt_net *net, struct dt_module *head, const char *name, int in, int out, double dropout)
{
    char layer[24];

    snprintf(layer, sizeof layer, "%s_dropout", name);
    dt_dropout_layer(net, head, layer, dropout);
    dt_linear_layer(net, head, name, in, out);
    snprintf(layer, sizeof layer, "%s_relu", name);
    dt_relu_layer(net, head, layer);
}

void dt_build_alexnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const struct {
        int out, kernel, stride, pad;
        bool pool;
    } stages[5] = { { 64, 11, 4, 2, true },
                    { 192, 5, 1, 2, true },
                    { 384, 3, 1, 1, false },
                    { 256, 3, 1, 1, false },
                    { 256, 3, 1, 1, true } };
    struct dt_module *stage, *head;
    int in = channels;
    char name[16];

    for (int s = 0; s < 5; s++, in = stages[s - 1].out) {
        snprintf(name, sizeof name, "stage%d", s + 1);
        stage = dt_seq(net, root, name);
        dt_conv_layer(net, stage, "conv", in, stages[s].out, stages[s].kernel, stages[s].stride, stages[s].pad, 1,
                      true);
        dt_relu_layer(net, stage, "relu");
        if (stages[s].pool)
            dt_max_pool_layer(net, stage, "pool", 3, 2, 0);
    }
    head = dt_seq(net, root, "head");
    dt_flatten_layer(net, head, "flatten");
    linear(net, head, "fc6", 6 * 6 * in, 4096, cfg->dropout);
    linear(net, head, "fc7", 4096, 4096, cfg->dropout);
    dt_linear_layer(net, head, "fc8", 4096, (int)cfg->classes);
}
