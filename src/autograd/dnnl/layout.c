/* layout: our own reorder between OIHW and the blocked layout a primitive has chosen for its weights. oneDNN's would
 * need a primitive a shape and direction; weights are small, and here adding and scaling come with it. */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/op.h"

#include <string.h>

enum {
    BLOCK = 16,     /* output channels: how most layouts block them */
    TILE = 2048,    /* elements */
    MIN_WORK = 8192 /* elements worth waking a thread for */
};

/* What index v of dimension d adds to an element's place: its digits by the inner blocks, what is left by the stride.
 */
static int64_t place(const dnnl_memory_desc_t *desc, int d, int64_t v)
{
    const dnnl_blocking_desc_t *b = &desc->format_desc.blocking;
    int64_t at = 0, inner = 1;

    for (int k = b->inner_nblks - 1; k >= 0; k--) {
        if (b->inner_idxs[k] == d) {
            at += v % b->inner_blks[k] * inner;
            v /= b->inner_blks[k];
        }
        inner *= b->inner_blks[k];
    }
    return at + v * b->strides[d];
}

bool dt_dnnl_layout_init(struct dt_dnnl_layout *l, const dnnl_memory_desc_t *desc, const struct dt_conv_geom *g,
                         struct dt_err *err)
{
    int first = g->groups > 1, co = g->o / g->groups; /* a leading dimension for the groups */

    if (desc->format_kind != dnnl_blocked || desc->offset0 != 0 || desc->extra.flags != 0)
        return dt_fail(err, DT_EENGINE, "oneDNN: unknown kind of weight layout");
    *l = (struct dt_dnnl_layout){ .desc = *desc, .o = g->o, .ci = g->i / g->groups, .taps = g->kh * g->kw };
    l->bytes = dnnl_memory_desc_get_size(desc);
    l->row = dt_calloc((size_t)l->o + (size_t)l->ci + (size_t)l->taps, sizeof *l->row);
    if (!l->row)
        return dt_fail(err, DT_ENOMEM, "out of memory for a weight layout");
    l->in = l->row + l->o;
    l->tap = l->in + l->ci;
    for (int o = 0; o < l->o; o++)
        l->row[o] = (first ? place(desc, 0, o / co) : 0) + place(desc, first, o % co);
    for (int i = 0; i < l->ci; i++)
        l->in[i] = place(desc, first + 1, i);
    for (int t = 0; t < l->taps; t++)
        l->tap[t] = place(desc, first + 2, t / g->kw) + place(desc, first + 3, t % g->kw);
    return true;
}

void dt_dnnl_layout_free(struct dt_dnnl_layout *l)
{
    dt_free(l->row);
    l->row = NULL;
}

struct move {
    void (*tile)(const struct move *m, int64_t o0, int64_t o1, int i0, int i1);
    const struct dt_dnnl_layout *l;
    const float *from;
    float *to, factor;
    dt_bf16 *half; /* in place of `to` */
    bool add;
};

/* One tile: some input channels of some rows. Rows are read and written along OIHW; the other side stays in the first
 * cache meanwhile, whatever its order. */
static void pack_tile(const struct move *m, int64_t o0, int64_t o1, int i0, int i1)
{
    const struct dt_dnnl_layout *l = m->l;

    for (int64_t o = o0; o < o1; o++) {
        const float *restrict from = m->from + (o * l->ci + i0) * l->taps;

        for (int i = i0; i < i1; i++, from += l->taps) {
            float *restrict to = m->to + l->row[o] + l->in[i];

            for (int t = 0; t < l->taps; t++)
                to[l->tap[t]] = from[t];
        }
    }
}

static void pack_half_tile(const struct move *m, int64_t o0, int64_t o1, int i0, int i1)
{
    const struct dt_dnnl_layout *l = m->l;

    for (int64_t o = o0; o < o1; o++) {
        const float *restrict from = m->from + (o * l->ci + i0) * l->taps;

        for (int i = i0; i < i1; i++, from += l->taps) {
            dt_bf16 *restrict to = m->half + l->row[o] + l->in[i];

            for (int t = 0; t < l->taps; t++)
                to[l->tap[t]] = dt_bf16_of(from[t]);
        }
    }
}

static void unpack_tile(const struct move *m, int64_t o0, int64_t o1, int i0, int i1)
{
    const struct dt_dnnl_layout *l = m->l;

    for (int64_t o = o0; o < o1; o++) {
        float *restrict to = m->to + (o * l->ci + i0) * l->taps;

        for (int i = i0; i < i1; i++, to += l->taps) {
            const float *restrict from = m->from + l->row[o] + l->in[i];

            for (int t = 0; t < l->taps; t++)
                to[t] = (m->add ? to[t] : 0) + m->factor * from[l->tap[t]];
        }
    }
}

static void move_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct move *m = ctx;
    int wide = TILE / (BLOCK * m->l->taps) + 1, ci = m->l->ci;

    (void)chunk;
    for (int64_t o = begin; o < end; o += BLOCK)
        for (int i = 0; i < ci; i += wide)
            m->tile(m, o, o + BLOCK < end ? o + BLOCK : end, i, i + wide < ci ? i + wide : ci);
}

/* Whole blocks, enough of them to be worth a thread. */
static int64_t grain(const struct dt_dnnl_layout *l)
{
    int64_t block = (int64_t)BLOCK * l->ci * l->taps;

    return BLOCK * (MIN_WORK / block + 1);
}

void dt_dnnl_layout_pack(const struct dt_dnnl_layout *l, const float *oihw, void *packed)
{
    bool half = l->desc.data_type == dnnl_bf16;
    struct move m = { .tile = half ? pack_half_tile : pack_tile, .l = l, .from = oihw, .to = packed, .half = packed };

    if (l->bytes > (size_t)l->o * (size_t)l->ci * (size_t)l->taps * (half ? sizeof(dt_bf16) : sizeof(float)))
        memset(packed, 0, l->bytes);
    dt_par_for(l->o, grain(l), move_chunk, &m);
}

void dt_dnnl_layout_unpack(const struct dt_dnnl_layout *l, const float *packed, double factor, bool add, float *oihw)
{
    struct move m = { .tile = unpack_tile, .l = l, .from = packed, .to = oihw, .factor = (float)factor, .add = add };

    dt_par_for(l->o, grain(l), move_chunk, &m);
}
