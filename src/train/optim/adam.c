/* Adam (Kingma & Ba 2015) with weight decay added to the gradient, and AdamW (Loshchilov & Hutter 2019) with decay of
 * the weights themselves:
 *   m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
 *   x <- x - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps) */
#include "train/optim/optim.h"

#include <math.h>

static void run(const struct dt_update *u, double coupled, double decoupled)
{
    const double t = (double)u->count;
    const dt_real b1 = (dt_real)u->cfg->beta1, b2 = (dt_real)u->cfg->beta2;
    const dt_real c1 = (dt_real)(1 - u->cfg->beta1), c2 = (dt_real)(1 - u->cfg->beta2);
    const dt_real rate = (dt_real)(u->lr / (1 - pow(u->cfg->beta1, t)));
    const dt_real root = (dt_real)sqrt(1 - pow(u->cfg->beta2, t));
    const dt_real eps = (dt_real)u->cfg->eps, decay = (dt_real)coupled, scale = (dt_real)u->scale;
    const dt_real keep = (dt_real)(1 - u->lr * decoupled);
    dt_real *restrict x = u->x, *restrict g = u->g, *restrict m = u->slot[0], *restrict v = u->slot[1];

    for (int64_t i = 0; i < u->n; i++) {
        dt_real d = g[i] * scale + decay * x[i];

        m[i] = b1 * m[i] + c1 * d;
        v[i] = b2 * v[i] + c2 * d * d;
        x[i] = keep * x[i] - rate * m[i] / (sqrtf(v[i]) / root + eps);
        g[i] = 0;
    }
}

static void update_adam(const struct dt_update *u)
{
    run(u, u->decay, 0);
}

static void update_adamw(const struct dt_update *u)
{
    run(u, 0, u->decay);
}

const struct dt_optimiser dt_optimiser_adam = {
    .name = "adam",
    .n_slots = 2,
    .slot = { "mean", "square" },
    .update = update_adam,
};

const struct dt_optimiser dt_optimiser_adamw = {
    .name = "adamw",
    .n_slots = 2,
    .slot = { "mean", "square" },
    .update = update_adamw,
};
