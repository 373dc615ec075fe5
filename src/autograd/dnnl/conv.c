/* conv: the three convolutions of a step. */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/kernels/rows.h"
#include "autograd/op.h"

/* A planted fault is for the primitives to return. */
static bool ours(const struct dt_dnnl *e, const struct dt_conv_geom *g, enum dt_dnnl_dir dir)
{
    return e->fault == 1 && dt_dnnl_suits_prefix(g, dir);
}

bool dt_dnnl_conv_forward(struct dt_engine *engine, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                          const dt_real *b, void *y, struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    struct dt_dnnl_conv *c;
    const void *packed;

    if (ours(e, g, DT_DNNL_FORWARD))
        return dt_dnnl_prefix_forward(e, g, x, w, b, y, err);
    c = dt_dnnl_conv_find(e, g, DT_DNNL_FORWARD, b != NULL, err);
    packed = c ? dt_dnnl_weights(e, &c->layout, w, err) : NULL;
    return packed && dt_dnnl_conv_run(e, c, x, packed, y, b, err);
}

struct add {
    struct dt_tensor from, to; /* headers only */
    const struct dt_rows_kernel *k;
    float factor;
    bool add;
};

static void add_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct add *a = ctx;

    (void)chunk;
    if (a->add && a->factor == 1)
        a->k->add_relu(dt_at(&a->to, begin), dt_at(&a->from, begin), end - begin, false, dt_at(&a->to, begin));
    else /* a planted fault */
        for (int64_t i = begin; i < end; i++)
            if (a->to.half)
                a->to.half[i] =
                    dt_bf16_of((a->add ? dt_real_of(a->to.half[i]) : 0) + a->factor * dt_real_of(a->from.half[i]));
            else
                a->to.data[i] = (a->add ? a->to.data[i] : 0) + a->factor * a->from.data[i];
}

static struct dt_tensor header(const struct dt_conv_geom *g, void *data)
{
    if (g->half)
        return (struct dt_tensor){ .dtype = DT_BF16, .half = data };
    return (struct dt_tensor){ .data = data };
}

bool dt_dnnl_conv_backward_data(struct dt_engine *engine, const struct dt_conv_geom *g, const void *dy,
                                struct dt_tensor *w, void *dx, bool add, struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    int64_t n = (int64_t)g->n * g->h * g->w * g->i;
    struct add a = { .to = header(g, dx), .factor = (float)e->fault, .add = add };
    struct dt_dnnl_conv *c;
    const void *packed;

    if (ours(e, g, DT_DNNL_DATA))
        return dt_dnnl_prefix_backward_data(e, g, dy, w, dx, add, err);
    c = dt_dnnl_conv_find(e, g, DT_DNNL_DATA, false, err);
    packed = c ? dt_dnnl_weights(e, &c->layout, w, err) : NULL;
    if (!packed)
        return false;
    if (!add && e->fault == 1)
        return dt_dnnl_conv_run(e, c, dx, packed, dy, NULL, err);
    if (!dt_scratch_need(&e->data, (size_t)n * dt_dtype_size(a.to.dtype), err) ||
        !dt_dnnl_conv_run(e, c, e->data.data, packed, dy, NULL, err))
        return false;
    a.from = header(g, e->data.data);
    a.k = dt_rows_kernel(a.to.dtype);
    dt_par_for(n, DT_GRAIN, add_chunk, &a);
    return true;
}

static bool dnnl_weights(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, const void *dy, dt_real *dw,
                         bool add, struct dt_err *err)
{
    struct dt_dnnl_conv *c = dt_dnnl_conv_find(e, g, DT_DNNL_WEIGHTS, false, err);

    if (!c || !dt_scratch_need(&e->weights, c->layout.bytes, err) ||
        !dt_dnnl_conv_run(e, c, x, e->weights.data, dy, NULL, err))
        return false;
    dt_dnnl_reordered(e, c->layout.bytes);
    dt_dnnl_layout_unpack(&c->layout, e->weights.data, e->fault, add, dw);
    return true;
}

bool dt_dnnl_conv_backward_weights(struct dt_engine *engine, const struct dt_conv_geom *g, const void *x,
                                   const void *dy, dt_real *dw, bool dw_add, dt_real *db, bool db_add,
                                   struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;

    if (!(ours(e, g, DT_DNNL_WEIGHTS) ? dt_dnnl_prefix_backward_weights : dnnl_weights)(e, g, x, dy, dw, dw_add, err))
        return false;
    if (db)
        dt_column_sum((int64_t)g->n * g->oh * g->ow, g->o, dy, g->half ? DT_BF16 : DT_REAL_DTYPE, db_add, db);
    return true;
}
