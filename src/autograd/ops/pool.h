/* pool: the geometry average and max pooling share. */
#ifndef DT_AUTOGRAD_OPS_POOL_H
#define DT_AUTOGRAD_OPS_POOL_H

#include "autograd/op.h"

struct dt_pool { /* attr of both ops */
    int size, stride, pad;
    bool ceil; /* a last window may reach beyond the image, as long as it begins within */
};

/* The pixels [y0,y1) x [x0,x1) of the input that output pixel (oy, ox) sees: never empty. */
struct dt_window {
    int y0, y1, x0, x1;
};

bool dt_pool_infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err);
struct dt_window dt_pool_window(const struct dt_node *n, int oy, int ox);

#endif
