/* prefix: what prefix_conv computes in place of oneDNN. On channels-last images oneDNN 2.6 runs convolutions in narrow
 * groups at half of the peak, and bf16 weight gradients of a strided 3x3 at a sixth (docs/performance.md). */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/kernels/prefix_conv.h"

enum { NARROW = 32 }; /* channels of a group */

bool dt_dnnl_suits_prefix(const struct dt_conv_geom *g, enum dt_dnnl_dir dir)
{
    int i = g->i / g->groups, o = g->o / g->groups;

    if (g->kh != 3 || g->kw != 3 || g->pad > 2 || g->stride > 2 || i < DT_PREFIX_WORDS)
        return false;
    if (g->groups == 1)
        return dir == DT_DNNL_WEIGHTS && g->half && g->stride == 2;
    if (i % DT_PREFIX_WORDS || o % DT_PREFIX_WORDS || (dir == DT_DNNL_DATA && g->stride == 2))
        return false;
    return dir == DT_DNNL_WEIGHTS || i <= NARROW;
}

static struct dt_prefix_geom geom_of(const struct dt_conv_geom *g)
{
    int i = g->i / g->groups, o = g->o / g->groups;

    return (struct dt_prefix_geom){ .n = g->n,
                                    .h = g->h,
                                    .w = g->w,
                                    .oh = g->oh,
                                    .ow = g->ow,
                                    .kernel = g->kh,
                                    .stride = g->stride,
                                    .pad = g->pad,
                                    .i = i,
                                    .o = o,
                                    .ldx = g->i,
                                    .ldy = g->o,
                                    .w_i = i,
                                    .w_o = o,
                                    .groups = g->groups,
                                    .type = g->half ? DT_PREFIX_BF16 : DT_PREFIX_F32 };
}

/* Like dt_dnnl_weights(), in prefix_conv's layout. */
static const void *weights(struct dt_dnnl *e, const struct dt_prefix_geom *p, bool data, struct dt_tensor *w,
                           struct dt_err *err)
{
    const struct dt_dnnl_pack_kind kind = { .prefix = true, .data = data, .type = p->type };
    bool stale;
    void *packed = dt_dnnl_pack(e, &kind, dt_prefix_pack_bytes(p, data), w, &stale, err);

    if (packed && stale)
        dt_prefix_pack(p, data, w->data, packed);
    return packed;
}

bool dt_dnnl_prefix_forward(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                            const dt_real *b, void *y, struct dt_err *err)
{
    const struct dt_prefix_geom p = geom_of(g);
    const struct dt_prefix_after after = { .bias = b };
    const void *packed = weights(e, &p, false, w, err);

    if (!packed || !dt_scratch_need(&e->data, dt_prefix_scratch(&p, DT_PREFIX_FORWARD), err))
        return false;
    dt_prefix_forward(dt_prefix_isa(), &p, x, NULL, packed, &after, y, e->data.data);
    return true;
}

bool dt_dnnl_prefix_backward_data(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                                  void *dx, bool add, struct dt_err *err)
{
    const struct dt_prefix_geom p = geom_of(g);
    const void *packed = weights(e, &p, true, w, err);

    if (!packed || !dt_scratch_need(&e->data, dt_prefix_scratch(&p, DT_PREFIX_DATA), err))
        return false;
    dt_prefix_backward_data(dt_prefix_isa(), &p, dy, packed, dx, add, e->data.data);
    return true;
}

bool dt_dnnl_prefix_backward_weights(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                     dt_real *dw, bool add, struct dt_err *err)
{
    const struct dt_prefix_geom p = geom_of(g);

    if (!dt_scratch_need(&e->weights, dt_prefix_scratch(&p, DT_PREFIX_WEIGHTS), err))
        return false;
    dt_prefix_backward_weights(dt_prefix_isa(), &p, x, NULL, dy, dw, add, e->weights.data);
    return true;
}
