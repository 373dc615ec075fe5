/* half: bfloat16 activations on an engine that multiplies in dt_real: widened before, rounded once behind. */
#include "autograd/op.h"
#include "autograd/ref/ref.h"

enum { GRAIN = 32768 };

struct move {
    const dt_bf16 *half;
    const dt_real *wide;
    dt_real *to_wide;
    dt_bf16 *to_half;
    bool add;
};

static int64_t elements(const struct dt_conv_geom *g, bool result)
{
    return result ? (int64_t)g->n * g->oh * g->ow * g->o : (int64_t)g->n * g->h * g->w * g->i;
}

static void move_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct move *m = ctx;

    (void)chunk;
    for (int64_t i = begin; m->half && i < end; i++)
        m->to_wide[i] = dt_real_of(m->half[i]);
    for (int64_t i = begin; m->wide && i < end; i++)
        m->to_half[i] = dt_bf16_of((m->add ? dt_real_of(m->to_half[i]) : 0) + m->wide[i]);
}

dt_real *dt_ref_wide(struct dt_ref *e, int side, const struct dt_conv_geom *g, bool result, void *to,
                     struct dt_err *err)
{
    if (!g->half)
        return to;
    if (!dt_scratch_need(&e->wide[side], (size_t)elements(g, result) * sizeof(dt_real), err))
        return NULL;
    return e->wide[side].data;
}

const dt_real *dt_ref_widen(struct dt_ref *e, int side, const struct dt_conv_geom *g, bool result, const void *from,
                            struct dt_err *err)
{
    struct move m = { .half = from };

    if (!g->half)
        return from;
    m.to_wide = dt_ref_wide(e, side, g, result, NULL, err);
    if (m.to_wide)
        dt_par_for(elements(g, result), GRAIN, move_chunk, &m);
    return m.to_wide;
}

void dt_ref_narrow(const struct dt_conv_geom *g, bool result, const dt_real *wide, bool add, void *to)
{
    struct move m = { .wide = wide, .to_half = to, .add = add };

    if (g->half)
        dt_par_for(elements(g, result), GRAIN, move_chunk, &m);
}
