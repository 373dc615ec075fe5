/* pack: a parameter in the layout a primitive wants, kept until the parameter changes. Forward, backward and other
 * batch sizes share one where they want the same layout. Plain memory, so it may outlive the engine. */
#include "autograd/dnnl/dnnl_engine.h"

struct weight_pack {
    struct dt_pack base;
    uint64_t version;
    dnnl_memory_desc_t desc;
    void *data;
};

static void pack_free(struct dt_pack *p)
{
    struct weight_pack *pack = (struct weight_pack *)p;

    dt_free(pack->data);
    dt_free(pack);
}

static struct weight_pack *pack_find(const struct dt_dnnl_layout *l, struct dt_tensor *w)
{
    for (struct dt_pack *p = w->packs; p; p = p->next)
        if (p->free == pack_free && dnnl_memory_desc_equal(&((struct weight_pack *)p)->desc, &l->desc))
            return (struct weight_pack *)p;
    return NULL;
}

static struct weight_pack *pack_new(const struct dt_dnnl_layout *l, struct dt_tensor *w)
{
    struct weight_pack *pack = dt_calloc(1, sizeof *pack);

    if (!pack)
        return NULL;
    pack->data = dt_malloc(l->bytes);
    if (!pack->data) {
        dt_free(pack);
        return NULL;
    }
    pack->desc = l->desc;
    pack->base = (struct dt_pack){ .next = w->packs, .free = pack_free };
    w->packs = &pack->base;
    return pack;
}

const void *dt_dnnl_weights(struct dt_dnnl *e, const struct dt_dnnl_layout *l, struct dt_tensor *w, struct dt_err *err)
{
    struct weight_pack *pack;

    if (w->version == 0) { /* nobody would free or renew a pack */
        if (!dt_scratch_need(&e->weights, l->bytes, err))
            return NULL;
        dt_dnnl_layout_pack(l, w->data, e->weights.data);
        dt_dnnl_reordered(e, l->bytes);
        return e->weights.data;
    }
    pack = pack_find(l, w);
    if (!pack)
        pack = pack_new(l, w);
    if (!pack) {
        dt_fail(err, DT_ENOMEM, "out of memory for %zu bytes of packed weights", l->bytes);
        return NULL;
    }
    if (pack->version != w->version) {
        dt_dnnl_layout_pack(l, w->data, pack->data);
        dt_dnnl_reordered(e, l->bytes);
        pack->version = w->version;
    }
    return pack->data;
}
