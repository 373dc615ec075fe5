/* Visiting state: one function of a method serves saving and loading. */
#include "io/hdf5/image.h"

#include <string.h>

static void visit(struct dt_visit *v, const char *name, enum dt_ckpt_type type, int rank, int64_t n, void *x)
{
    char path[512];

    if (snprintf(path, sizeof path, "%s/%s", v->prefix, name) >= (int)sizeof path)
        dt_fail(&v->ckpt->err, DT_ECHECKPOINT, "%s: %.80s...: the path is too long", v->ckpt->name, path);
    else if (v->loading)
        dt_ckpt_get(v->ckpt, path, type, rank, &n, x);
    else
        dt_ckpt_put(v->ckpt, path, type, rank, &n, x);
}

void dt_visit_i64(struct dt_visit *v, const char *name, int64_t *x)
{
    visit(v, name, DT_CKPT_I64, 0, 1, x);
}

void dt_visit_real(struct dt_visit *v, const char *name, double *x)
{
    visit(v, name, DT_CKPT_F64, 0, 1, x);
}

void dt_visit_bool(struct dt_visit *v, const char *name, bool *x)
{
    uint8_t byte = *x;

    visit(v, name, DT_CKPT_U8, 0, 1, &byte);
    *x = byte != 0;
}

void dt_visit_reals(struct dt_visit *v, const char *name, double *x, int64_t n)
{
    visit(v, name, DT_CKPT_F64, 1, n, x);
}

void dt_visit_f32(struct dt_visit *v, const char *name, float *x, int64_t n)
{
    visit(v, name, DT_CKPT_F32, 1, n, x);
}
