/* infer: convolutions of an inference plan. Made once for a geometry, then loaded with weights, bound to memory that
 * stays, and run without another allocation: y = act(x * w + b [+ y]). Of geom.half, x and y are DT_BF16 and w is
 * rounded to it.
 *
 * A plan runs in lanes: each has activations of its own and may run beside the others, on a thread of its own. */
#ifndef DT_AUTOGRAD_INFER_H
#define DT_AUTOGRAD_INFER_H

#include "autograd/engine.h"

#include <dyntrain/ops.h>

/* Activations lie in blocks of channels, [n][c/block][h][w][block], the last block padded with whatever is finite.
 * 0: one block of all channels (channels last). 1: planes. */
struct dt_infer_cfg {
    struct dt_conv_geom geom;
    int x_block, y_block;
    enum dt_act act;
    bool sum;    /* what y holds is added before act */
    int lanes;   /* that may run at the same time */
    int threads; /* of one run */
};

struct dt_infer_conv { /* first member of an engine's own */
    const struct dt_infer_class *class_;
    const char *name;     /* of the implementation, for people */
    size_t scratch_bytes; /* that a run needs, a lane */
};

struct dt_infer_class {
    int (*block)(void); /* how activations should lie on this processor */
    /* NULL and err: failed, or no fast implementation in this layout (DT_EENGINE). */
    struct dt_infer_conv *(*open)(struct dt_engine *e, const struct dt_infer_cfg *cfg, struct dt_err *err);
    void (*close)(struct dt_infer_conv *c); /* NULL is fine */
    /* Takes a copy: w OIHW, b [o]. Not while a lane runs. */
    bool (*load)(struct dt_infer_conv *c, const dt_real *w, const dt_real *b, struct dt_err *err);
    /* Where a lane's activations are from now on; borrowed. */
    bool (*bind)(struct dt_infer_conv *c, int lane, void *x, void *y, void *scratch, struct dt_err *err);
    bool (*run)(struct dt_infer_conv *c, int lane, struct dt_err *err);
};

extern const struct dt_infer_class dt_infer_ref;
extern const struct dt_infer_class dt_infer_dnnl; /* only with the meson option `onednn` */

#endif
