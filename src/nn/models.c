/* models: the table of networks and the options they share. */
#include "nn/models/model.h"

#include <stdlib.h>
#include <string.h>

static const char *const shortcuts[] = { "A", "B", NULL };

const struct dt_opt dt_model_opts[] = {
    DT_STR(struct dt_model_cfg, arch, "resnet20",
           "network: resnet8 ... resnet110 (6n+2 layers), resnext29, vgg16bn, mobilenetv2, mcifarnet; "
           "for 224x224: alexnet, googlenet, resnet50"),
    DT_INT(struct dt_model_cfg, classes, "0", 0, 1000000, "classes; 0: as many as the data set has"),
    DT_PICK(struct dt_model_cfg, shortcut, "A", shortcuts,
            "ResNets: where widths differ, pad with zero channels (A) or project by a 1x1 convolution (B)"),
    DT_INT(struct dt_model_cfg, width, "16", 1, 4096, "ResNets: channels of the first stage"),
    DT_INT(struct dt_model_cfg, cardinality, "4", 1, 256, "resnext29: paths in a block"),
    DT_INT(struct dt_model_cfg, path_width, "16", 1, 1024, "resnext29: channels of a path in the first stage"),
    DT_REAL(struct dt_model_cfg, dropout, "0.5", 0, 0.99, "mcifarnet, alexnet: probability of dropping a value"),
    DT_BOOL(struct dt_model_cfg, dynamic, "false",
            "residual blocks, or the paths of resnext29, may be skipped sample by sample"),
    DT_OPT_END,
};

static const struct {
    const char *name;
    void (*build)(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
    bool skips; /* has bodies that can be skipped */
} models[] = {
    { "resnext29", dt_build_resnext29, true },     { "vgg16bn", dt_build_vgg16bn, false },
    { "mobilenetv2", dt_build_mobilenetv2, true }, { "mcifarnet", dt_build_mcifarnet, false },
    { "alexnet", dt_build_alexnet, false },        { "googlenet", dt_build_googlenet, false },
    { "resnet50", dt_build_resnet50, true },
};

static const char *const names[] = { "resnet8",     "resnet14",  "resnet20", "resnet26",  "resnet32",  "resnet38",
                                     "resnet44",    "resnet56",  "resnet74", "resnet110", "resnext29", "vgg16bn",
                                     "mobilenetv2", "mcifarnet", "alexnet",  "googlenet", "resnet50",  NULL };

const char *const *dt_model_names(void)
{
    return names;
}

/* 6n + 2 of "resnet<6n + 2>", else 0. 50 is the ImageNet network's name. */
static int resnet_depth(const char *name)
{
    char *end;
    long depth;

    if (strncmp(name, "resnet", 6) != 0 || name[6] < '1' || name[6] > '9')
        return 0;
    depth = strtol(name + 6, &end, 10);
    return *end == '\0' && depth >= 8 && depth <= DT_RESNET_MAX_DEPTH && depth % 6 == 2 && depth != 50 ? (int)depth : 0;
}

static bool build(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels,
                  struct dt_err *err)
{
    const char *near;
    int depth = resnet_depth(cfg->arch), n = 0;

    if (depth) {
        dt_build_resnet(net, root, cfg, channels, depth);
        return true;
    }
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (strcmp(models[i].name, cfg->arch) == 0) {
            if (cfg->dynamic && !models[i].skips)
                return dt_fail(err, DT_ECONFIG,
                               "%s has nothing to skip: model.dynamic needs a ResNet, resnext29 or "
                               "mobilenetv2",
                               cfg->arch);
            models[i].build(net, root, cfg, channels);
            return true;
        }
    while (names[n])
        n++;
    near = dt_nearest(cfg->arch, names, n);
    return dt_fail(err, DT_ECONFIG, "unknown network '%s'%s%s%s (resnet8 ... resnet110 have 6n+2 layers)", cfg->arch,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

enum dt_code dt_model_build_in(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels,
                               struct dt_err *err)
{
    if (cfg->classes < 1 || channels < 1) {
        dt_fail(err, DT_ECONFIG, "network '%s' needs at least one class and one channel, not %lld and %d", cfg->arch,
                (long long)cfg->classes, channels);
        return DT_ECONFIG;
    }
    if (!build(net, root, cfg, channels, err))
        return err->code;
    if (net->err.code)
        dt_fail(err, net->err.code, "%s", net->err.msg);
    return net->err.code;
}

enum dt_code dt_model_build(struct dt_net *net, const struct dt_model_cfg *cfg, int channels, struct dt_err *err)
{
    return dt_model_build_in(net, dt_seq(net, NULL, "net"), cfg, channels, err);
}
