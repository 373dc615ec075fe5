/* Stochastic gradient descent with (Nesterov) momentum, weight decay added to the gradient:
 *   g <- g + decay x;  m <- momentum m + g;  x <- x - lr (nesterov ? g + momentum m : m)
 * Sutskever et al. 2013 in PyTorch's form; without momentum m = g and both are plain descent. */
#include "train/optim/optim.h"

static void update(const struct dt_update *u)
{
    const dt_real lr = (dt_real)u->lr, decay = (dt_real)u->decay, scale = (dt_real)u->scale;
    const dt_real momentum = (dt_real)u->cfg->momentum;
    /* x moves along own g + along m: one loop for both forms */
    const dt_real own = u->cfg->nesterov ? 1 : 0, along = u->cfg->nesterov ? momentum : 1;
    dt_real *restrict x = u->x, *restrict g = u->g, *restrict m = u->slot[0];

    for (int64_t i = 0; i < u->n; i++) {
        dt_real d = g[i] * scale + decay * x[i];

        m[i] = momentum * m[i] + d;
        x[i] -= lr * (own * d + along * m[i]);
        g[i] = 0;
    }
}

const struct dt_optimiser dt_optimiser_sgd = {
    .name = "sgd",
    .n_slots = 1,
    .slot = { "momentum" },
    .update = update,
};
