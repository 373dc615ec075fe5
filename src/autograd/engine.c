/* engine: choosing one by name, and what every engine shares. */
#include "autograd/engine.h"

#include <string.h>

/* The double-precision twin runs on the reference: oneDNN has no f64 convolution. */
#if DT_ONEDNN && !defined(DT_F64)
#define HAVE_DNNL 1
#else
#define HAVE_DNNL 0
#endif

struct dt_engine *dt_engine_new(const char *name, struct dt_err *err)
{
    bool any = strcmp(name, "auto") == 0;

#if HAVE_DNNL
    if (any || strcmp(name, "dnnl") == 0)
        return dt_engine_dnnl.open(err);
#endif
    if (any || strcmp(name, "ref") == 0)
        return dt_engine_ref.open(err);
    if (strcmp(name, "dnnl") == 0)
        dt_fail(err, DT_ECONFIG, "engine dnnl: this build has no oneDNN (meson option onednn); use ref");
    else
        dt_fail(err, DT_ECONFIG, "unknown engine '%s': expected one of auto, dnnl, ref", name);
    return NULL;
}

void dt_engine_free(struct dt_engine *e)
{
    if (e)
        e->class_->close(e);
}

const char *dt_engine_name(const struct dt_engine *e)
{
    return e->class_->name;
}

bool dt_engine_bf16(const struct dt_engine *e, bool fast)
{
    return e->class_->bf16(fast);
}

const char *dt_engine_versions(char *buf, size_t size)
{
    char blas[128];
#if HAVE_DNNL
    char dnnl[64];

    dt_dnnl_version(dnnl, sizeof dnnl);
#else
    const char *dnnl = "no oneDNN";
#endif

    dt_blas_version(blas, sizeof blas);
    snprintf(buf, size, "%s, %s", dnnl, blas);
    return buf;
}

void dt_pack_free(struct dt_tensor *t)
{
    while (t->packs) {
        struct dt_pack *p = t->packs;

        t->packs = p->next;
        p->free(p);
    }
}

bool dt_scratch_need(struct dt_scratch *s, size_t bytes, struct dt_err *err)
{
    if (bytes <= s->bytes)
        return true;
    dt_scratch_free(s); /* before the new one comes: the two never add up to the peak */
    s->data = dt_malloc(bytes);
    if (!s->data)
        return dt_fail(err, DT_ENOMEM, "out of memory for %zu bytes of scratch", bytes);
    s->bytes = bytes;
    return true;
}

void dt_scratch_free(struct dt_scratch *s)
{
    dt_free(s->data);
    *s = (struct dt_scratch){ NULL, 0 };
}
