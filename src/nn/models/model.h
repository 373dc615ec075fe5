/* model: the builders behind the table in models.c. Each fills
 * `root`, a dt_seq, for images of `channels` channels. */
#ifndef DT_NN_MODEL_H
#define DT_NN_MODEL_H

#include "nn/layers/layer.h"

enum { DT_RESNET_MAX_DEPTH = 1202 };

void dt_build_resnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels,
                     int depth);
void dt_build_resnext29(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_vgg16bn(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_mobilenetv2(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_mcifarnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_alexnet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_googlenet(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);
void dt_build_resnet50(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels);

/* The sum of the paths of block body `m`, its first n children, computed by one grouped network; NULL: the paths are to
 * run one by one. The norm behind the sum is the caller's. (paths.c) */
struct dt_tensor *dt_paths_together(struct dt_module *m, int n, int stride, struct dt_run *run, struct dt_tensor *x);

#endif
