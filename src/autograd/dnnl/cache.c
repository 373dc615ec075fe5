/* cache: primitives by what they depend on. Sub-batches of a dynamic network come in any size and every size is a
 * primitive, so the cache is bounded: the one unused for longest goes. */
#include "autograd/dnnl/dnnl_engine.h"

#include <string.h>

/* FNV-1a */
static unsigned bucket_of(const struct dt_dnnl_key *k)
{
    const unsigned char *byte = (const unsigned char *)k;
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < sizeof *k; i++)
        h = (h ^ byte[i]) * 1099511628211u;
    return (unsigned)((h ^ h >> 32) % DT_DNNL_BUCKETS);
}

static void drop_oldest(struct dt_dnnl *e)
{
    struct dt_dnnl_conv **oldest = NULL, *gone;

    for (int b = 0; b < DT_DNNL_BUCKETS; b++)
        for (struct dt_dnnl_conv **at = &e->bucket[b]; *at; at = &(*at)->next)
            if (!oldest || (*at)->used < (*oldest)->used)
                oldest = at;
    if (!oldest)
        return;
    gone = *oldest;
    *oldest = gone->next;
    dt_dnnl_conv_close(gone);
    dt_free(gone);
    e->n_convs--;
}

static struct dt_dnnl_conv *conv_new(struct dt_dnnl *e, const struct dt_dnnl_key *k, struct dt_err *err)
{
    struct dt_dnnl_conv *c = dt_calloc(1, sizeof *c);
    dnnl_primitive_desc_t desc;
    bool ok = false;

    if (!c) {
        dt_fail(err, DT_ENOMEM, "out of memory for a primitive");
        return NULL;
    }
    desc = dt_dnnl_describe(e, k, dnnl_nhwc, err);
    if (desc) {
        ok = dt_dnnl_conv_open(e, k, desc, c, err);
        dnnl_primitive_desc_destroy(desc);
    }
    if (!ok) {
        dt_dnnl_conv_close(c);
        dt_free(c);
        return NULL;
    }
    return c;
}

struct dt_dnnl_conv *dt_dnnl_conv_find(struct dt_dnnl *e, const struct dt_conv_geom *g, enum dt_dnnl_dir dir, bool bias,
                                       struct dt_err *err)
{
    const struct dt_dnnl_key key = { .geom = *g, .dir = dir, .bias = bias, .threads = dt_par_threads() };
    struct dt_dnnl_conv **bucket = &e->bucket[bucket_of(&key)], *c = *bucket;

    while (c && memcmp(&c->key, &key, sizeof key) != 0)
        c = c->next;
    if (!c) {
        if (e->n_convs == DT_DNNL_MAX_CONVS)
            drop_oldest(e);
        c = conv_new(e, &key, err);
        if (!c)
            return NULL;
        c->next = *bucket;
        *bucket = c;
        e->n_convs++;
    }
    c->used = ++e->lookups;
    return c;
}

void dt_dnnl_cache_clear(struct dt_dnnl *e)
{
    for (int b = 0; b < DT_DNNL_BUCKETS; b++)
        while (e->bucket[b]) {
            struct dt_dnnl_conv *c = e->bucket[b];

            e->bucket[b] = c->next;
            dt_dnnl_conv_close(c);
            dt_free(c);
        }
    e->n_convs = 0;
}
