/* init: the first values of parameters. He et al. 2015 (fan in, fan out) for convolutions; U(-1/sqrt(fan in),
 * 1/sqrt(fan in)) for linear layers and biases, the default users know from other frameworks. */
#include "nn/net.h"

#include <math.h>

enum { GRAIN = 4096 };

/* Weights are [out, in, kh, kw] or [out, in]. */
static double fan(const struct dt_shape *s, int keep)
{
    double n = s->d[keep];

    for (int i = 2; i < s->rank; i++)
        n *= s->d[i];
    return n;
}

static void constant(struct dt_tensor *t, double value)
{
    for (int64_t i = 0, n = dt_numel(&t->shape); i < n; i++)
        t->data[i] = (dt_real)value;
}

/* Element i is drawn at its own place of the stream, so any number of threads gives the same values. */
struct draw {
    struct dt_tensor *t;
    struct dt_rng rng;
    double scale;
};

static void normal_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct draw *d = ctx;
    struct dt_rng rng = d->rng;

    (void)chunk;
    rng.draw = (uint32_t)(2 * begin); /* a normal number takes two draws */
    for (int64_t i = begin; i < end; i++)
        d->t->data[i] = (dt_real)(d->scale * dt_rng_normal(&rng));
}

static void normal(struct dt_tensor *t, struct dt_rng rng, double deviation)
{
    dt_par_for(dt_numel(&t->shape), GRAIN, normal_chunk, &(struct draw){ t, rng, deviation });
}

static void uniform(struct dt_tensor *t, struct dt_rng rng, double bound)
{
    for (int64_t i = 0, n = dt_numel(&t->shape); i < n; i++)
        t->data[i] = (dt_real)(bound * (2 * dt_rng_uniform(&rng) - 1));
}

void dt_param_init(struct dt_param *p, uint64_t seed, uint32_t number)
{
    struct dt_rng rng = dt_rng_at(seed, DT_STREAM_INIT, 0, number);
    struct dt_tensor *t = &p->tensor;

    switch (p->init) {
    case DT_INIT_ZERO:
        constant(t, 0);
        break;
    case DT_INIT_ONE:
        constant(t, 1);
        break;
    case DT_INIT_VALUE:
        constant(t, p->value);
        break;
    case DT_INIT_NORMAL:
        normal(t, rng, p->value);
        break;
    case DT_INIT_HE_FAN_OUT:
        DT_ASSERT(t->shape.rank >= 2);
        normal(t, rng, sqrt(2 / fan(&t->shape, 0)));
        break;
    case DT_INIT_HE_FAN_IN:
        DT_ASSERT(t->shape.rank >= 2);
        normal(t, rng, sqrt(2 / fan(&t->shape, 1)));
        break;
    case DT_INIT_LINEAR:
        DT_ASSERT(p->value > 0 || t->shape.rank >= 2);
        uniform(t, rng, 1 / sqrt(p->value > 0 ? p->value : fan(&t->shape, 1)));
        break;
    }
}
