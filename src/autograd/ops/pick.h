/* pick: rows of a tensor by number, which gather (samples) and embedding (lookup) both are. */
#ifndef DT_AUTOGRAD_OPS_PICK_H
#define DT_AUTOGRAD_OPS_PICK_H

#include "autograd/op.h"

struct dt_pick { /* attr of both ops */
    int n;
    const int *row; /* [n] of the tape; NULL in a dry run */
};

/* Every row, where there are any to see, is in 0 .. limit - 1. */
bool dt_pick_infer(const struct dt_pick *p, int limit, struct dt_err *err);
void dt_pick_forward(struct dt_node *n);
void dt_pick_backward(struct dt_node *n);

#endif
