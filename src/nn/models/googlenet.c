/* googlenet: GoogLeNet (Szegedy et al. 2015) with batch norm and without the auxiliary heads, as torchvision has it:
 * the third branch of a module has a 3x3 where the publication has a 5x5. For images of 224x224. */
#include "nn/models/model.h"

static const double eps = 1e-3;

static struct dt_module *unit(struct dt_net *net, struct dt_module *parent, const char *name, int in, int out,
                              int kernel, int stride)
{
    return dt_conv_norm(net, parent, name, in,
                        &(struct dt_conv_norm_cfg){
                            .out = out, .kernel = kernel, .stride = stride, .pad = -1, .relu = true, .eps = eps });
}

/* The branches side by side, their channels one after the other. */
static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_tensor *out[4];
    int n = 0;

    for (struct dt_module *branch = m->child; branch; branch = branch->next)
        out[n++] = dt_forward(branch, run, x);
    return dt_concat(run->tape, out, n);
}

static const struct dt_module_class inception_class = { "inception", sizeof(struct dt_module), forward, NULL };

struct inception {
    const char *name;
    int one, reduce3, three, reduce5, five, pool; /* channels */
    bool ends;                                    /* its stage: pooling follows */
    int pool_size;
};

static int inception(struct dt_net *net, struct dt_module *stage, const struct inception *k, int in)
{
    struct dt_module *m = dt_module_new(net, stage, &inception_class, "%s", k->name), *branch;

    unit(net, m, "branch1", in, k->one, 1, 1);
    branch = dt_seq(net, m, "branch2");
    unit(net, branch, "reduce", in, k->reduce3, 1, 1);
    unit(net, branch, "conv", k->reduce3, k->three, 3, 1);
    branch = dt_seq(net, m, "branch3");
    unit(net, branch, "reduce", in, k->reduce5, 1, 1);
    unit(net, branch, "conv", k->reduce5, k->five, 3, 1);
    branch = dt_seq(net, m, "branch4");
    dt_max_pool_layer(net, branch, "pool", 3, 1, 1);
    unit(net, branch, "conv", in, k->pool, 1, 1);
    return k->one + k->three + k->five + k->pool;
}

void dt_build_googlenet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels)
{
    static const struct inception modules[9] = {
        { "inception3a", 64, 96, 128, 16, 32, 32, false, 0 },
        { "inception3b", 128, 128, 192, 32, 96, 64, true, 3 },
        { "inception4a", 192, 96, 208, 16, 48, 64, false, 0 },
        { "inception4b", 160, 112, 224, 24, 64, 64, false, 0 },
        { "inception4c", 128, 128, 256, 24, 64, 64, false, 0 },
        { "inception4d", 112, 144, 288, 32, 64, 64, false, 0 },
        { "inception4e", 256, 160, 320, 32, 128, 128, true, 2 },
        { "inception5a", 256, 160, 320, 32, 128, 128, false, 0 },
        { "inception5b", 384, 192, 384, 48, 128, 128, false, 0 },
    };
    struct dt_module *stem = dt_seq(net, root, "stem");
    int in = 192;
    char name[16];

    unit(net, stem, "conv1", channels, 64, 7, 2);
    dt_max_pool_ceil_layer(net, stem, "pool1", 3, 2);
    unit(net, stem, "conv2", 64, 64, 1, 1);
    unit(net, stem, "conv3", 64, in, 3, 1);
    dt_max_pool_ceil_layer(net, stem, "pool2", 3, 2);
    for (int i = 0; i < 9; i++) {
        in = inception(net, root, &modules[i], in);
        snprintf(name, sizeof name, "pool%c", modules[i].name[9]);
        if (modules[i].ends)
            dt_max_pool_ceil_layer(net, root, name, modules[i].pool_size, 2);
    }
    dt_dropout_layer(net, root, "dropout", 0.2);
    dt_head_layer(net, root, "head", in, (int)cfg->classes);
}
