/* RMSProp (Tieleman & Hinton 2012) in PyTorch's form, beta2 its decay:
 *   g <- g + decay x;  v <- b2 v + (1 - b2) g^2;  m <- momentum m + g / (sqrt(v) + eps);  x <- x - lr m */
#include "train/optim/optim.h"

#include <math.h>

static void update(const struct dt_update *u)
{
    const dt_real lr = (dt_real)u->lr, decay = (dt_real)u->decay, scale = (dt_real)u->scale;
    const dt_real b2 = (dt_real)u->cfg->beta2, c2 = (dt_real)(1 - u->cfg->beta2), eps = (dt_real)u->cfg->eps;
    const dt_real momentum = (dt_real)u->cfg->momentum;
    dt_real *restrict x = u->x, *restrict g = u->g, *restrict v = u->slot[0], *restrict m = u->slot[1];

    for (int64_t i = 0; i < u->n; i++) {
        dt_real d = g[i] * scale + decay * x[i];

        v[i] = b2 * v[i] + c2 * d * d;
        m[i] = momentum * m[i] + d / (sqrtf(v[i]) + eps);
        x[i] -= lr * m[i];
        g[i] = 0;
    }
}

const struct dt_optimiser dt_optimiser_rmsprop = {
    .name = "rmsprop",
    .n_slots = 2,
    .slot = { "square", "momentum" },
    .update = update,
};
