/* layer: what the layers and models share. Inside nn only. */
#ifndef DT_NN_LAYER_H
#define DT_NN_LAYER_H

#include "nn/net.h"
#include "nn/run.h"

/* Convolution and batch norm with the first `live` output channels only, in their own scope; live = all is the plain
 * layer. The parameters' own count is the most there can be. */
struct dt_tensor *dt_conv_run(struct dt_module *conv, struct dt_run *run, struct dt_tensor *x, int live);
struct dt_tensor *dt_norm_run(struct dt_module *norm, struct dt_run *run, struct dt_tensor *x, int live);
/* How this norm computes in this run, but for a sum it may take. */
struct dt_norm_cfg dt_norm_cfg_of(const struct dt_module *norm, const struct dt_run *run);
/* As dt_norm_layer, with momentum and epsilon (0: the defaults). */
struct dt_module *dt_norm_new(struct dt_net *n, struct dt_module *parent, const char *name, int c, enum dt_act act,
                              double momentum, double eps);

/* act(shortcut(x) + body(x)), He et al. 2016. Children are to be added in this order: "body" (which may own a KEEP)
 * and, where x itself does not fit, "shortcut". */
struct dt_module *dt_residual(struct dt_net *n, struct dt_module *parent, const char *name, enum dt_act act);
/* The shortcut without parameters (He et al. 2016, option A): zero channels on both sides. */
struct dt_module *dt_pad_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out,
                               int stride);

bool dt_is_seq(const struct dt_module *m);

/* Windows rounded up (dt_max_pool_ceil); a ReLU alone; [n,h,w,c] as [n,hwc]. */
struct dt_module *dt_max_pool_ceil_layer(struct dt_net *n, struct dt_module *parent, const char *name, int size,
                                         int stride);
struct dt_module *dt_relu_layer(struct dt_net *n, struct dt_module *parent, const char *name);
struct dt_module *dt_flatten_layer(struct dt_net *n, struct dt_module *parent, const char *name);

/* The parameter itself, or its leading block when `shape` is smaller. */
struct dt_tensor *dt_param_prefix(struct dt_run *run, struct dt_param *p, struct dt_shape shape);

#endif
