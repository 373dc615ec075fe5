/* pack: a parameter in the layout a primitive or prefix_conv wants, kept until the parameter changes. Forward, backward
 * and other batch sizes share one where they want the same layout. Plain memory, so it may outlive the engine. */
#include "autograd/dnnl/dnnl_engine.h"

struct weight_pack {
    struct dt_pack base;
    uint64_t version;
    struct dt_dnnl_pack_kind kind;
    void *data;
};

static void pack_free(struct dt_pack *p)
{
    struct weight_pack *pack = (struct weight_pack *)p;

    dt_free(pack->data);
    dt_free(pack);
}

static bool same(const struct dt_dnnl_pack_kind *a, const struct dt_dnnl_pack_kind *b)
{
    return a->prefix == b->prefix && a->data == b->data && a->type == b->type &&
           (a->prefix || dnnl_memory_desc_equal(&a->desc, &b->desc));
}

static struct weight_pack *pack_find(const struct dt_dnnl_pack_kind *kind, struct dt_tensor *w)
{
    for (struct dt_pack *p = w->packs; p; p = p->next)
        if (p->free == pack_free && same(&((struct weight_pack *)p)->kind, kind))
            return (struct weight_pack *)p;
    return NULL;
}

static struct weight_pack *pack_new(const struct dt_dnnl_pack_kind *kind, size_t bytes, struct dt_tensor *w)
{
    struct weight_pack *pack = dt_calloc(1, sizeof *pack);

    if (!pack)
        return NULL;
    pack->data = dt_malloc(bytes);
    if (!pack->data) {
        dt_free(pack);
        return NULL;
    }
    pack->kind = *kind;
    pack->base = (struct dt_pack){ .next = w->packs, .free = pack_free };
    w->packs = &pack->base;
    return pack;
}

void *dt_dnnl_pack(struct dt_dnnl *e, const struct dt_dnnl_pack_kind *kind, size_t bytes, struct dt_tensor *w,
                   bool *stale, struct dt_err *err)
{
    struct weight_pack *pack;

    *stale = true;
    if (w->version == 0) { /* nobody would free or renew a pack */
        if (!dt_scratch_need(&e->weights, bytes, err))
            return NULL;
        dt_dnnl_reordered(e, bytes);
        return e->weights.data;
    }
    pack = pack_find(kind, w);
    if (!pack)
        pack = pack_new(kind, bytes, w);
    if (!pack) {
        dt_fail(err, DT_ENOMEM, "out of memory for %zu bytes of packed weights", bytes);
        return NULL;
    }
    *stale = pack->version != w->version;
    if (*stale)
        dt_dnnl_reordered(e, bytes);
    pack->version = w->version;
    return pack->data;
}

const void *dt_dnnl_weights(struct dt_dnnl *e, const struct dt_dnnl_layout *l, struct dt_tensor *w, struct dt_err *err)
{
    const struct dt_dnnl_pack_kind kind = { .desc = l->desc };
    bool stale;
    void *packed = dt_dnnl_pack(e, &kind, l->bytes, w, &stale, err);

    if (packed && stale)
        dt_dnnl_layout_pack(l, w->data, packed);
    return packed;
}
