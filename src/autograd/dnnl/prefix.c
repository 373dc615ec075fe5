/* prefix: what prefix_conv computes in place of oneDNN. On channels-last images oneDNN 2.6 runs convolutions in narrow
 * groups at half of the peak, and bf16 weight gradients of a strided 3x3 at a sixth (docs/performance.md). */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/kernels/prefix_conv.h"

enum { NARROW = 32 }; /* channels of a group */

struct prefix_pack { /* of a parameter, see pack.c */
    struct dt_pack base;
    uint64_t version;
    bool data;
    int type;
    void *packed;
};

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

static void pack_free(struct dt_pack *base)
{
    struct prefix_pack *pack = (struct prefix_pack *)base;

    dt_free(pack->packed);
    dt_free(pack);
}

static struct prefix_pack *pack_find(struct dt_tensor *w, bool data, int type)
{
    for (struct dt_pack *p = w->packs; p; p = p->next) {
        struct prefix_pack *pack = (struct prefix_pack *)p;

        if (p->free == pack_free && pack->data == data && pack->type == type)
            return pack;
    }
    return NULL;
}

static struct prefix_pack *pack_new(struct dt_tensor *w, bool data, int type, size_t bytes)
{
    struct prefix_pack *pack = dt_calloc(1, sizeof *pack);

    if (!pack)
        return NULL;
    pack->packed = dt_malloc(bytes);
    if (!pack->packed) {
        dt_free(pack);
        return NULL;
    }
    pack->data = data;
    pack->type = type;
    pack->base = (struct dt_pack){ .next = w->packs, .free = pack_free };
    w->packs = &pack->base;
    return pack;
}

/* Like dt_dnnl_weights(), in prefix_conv's layout. */
static const void *packed(struct dt_dnnl *e, const struct dt_prefix_geom *p, bool data, struct dt_tensor *w,
                          struct dt_err *err)
{
    size_t bytes = dt_prefix_pack_bytes(p, data);
    struct prefix_pack *pack = NULL;
    void *to;

    if (w->version == 0) {
        if (!dt_scratch_need(&e->weights, bytes, err))
            return NULL;
        to = e->weights.data;
    } else {
        pack = pack_find(w, data, p->type);
        pack = pack ? pack : pack_new(w, data, p->type, bytes);
        if (!pack) {
            dt_fail(err, DT_ENOMEM, "out of memory for %zu bytes of packed weights", bytes);
            return NULL;
        }
        if (pack->version == w->version)
            return pack->packed;
        pack->version = w->version;
        to = pack->packed;
    }
    dt_prefix_pack(p, data, w->data, to);
    dt_dnnl_reordered(e, bytes);
    return to;
}

bool dt_dnnl_prefix_forward(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                            const dt_real *b, void *y, struct dt_err *err)
{
    const struct dt_prefix_geom p = geom_of(g);
    const struct dt_prefix_after after = { .bias = b };
    const void *pack = packed(e, &p, false, w, err);

    if (!pack || !dt_scratch_need(&e->data, dt_prefix_scratch(&p, DT_PREFIX_FORWARD), err))
        return false;
    dt_prefix_forward(dt_prefix_isa(), &p, x, NULL, pack, &after, y, e->data.data);
    return true;
}

bool dt_dnnl_prefix_backward_data(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                                  void *dx, bool add, struct dt_err *err)
{
    const struct dt_prefix_geom p = geom_of(g);
    const void *pack = packed(e, &p, true, w, err);

    if (!pack || !dt_scratch_need(&e->data, dt_prefix_scratch(&p, DT_PREFIX_DATA), err))
        return false;
    dt_prefix_backward_data(dt_prefix_isa(), &p, dy, pack, dx, add, e->data.data);
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
