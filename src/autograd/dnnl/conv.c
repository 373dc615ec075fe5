/* conv: the three convolutions of a step. */
#include "autograd/dnnl/dnnl_engine.h"

bool dt_dnnl_conv_forward(struct dt_engine *engine, const struct dt_conv_geom *g, const dt_real *x, struct dt_tensor *w,
                          const dt_real *b, dt_real *y, struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    struct dt_dnnl_conv *c = dt_dnnl_conv_find(e, g, DT_DNNL_FORWARD, b != NULL, err);
    const float *packed = c ? dt_dnnl_weights(e, &c->layout, w, err) : NULL;

    return packed && dt_dnnl_conv_run(e, c, x, packed, y, b, err);
}

enum { ADD_GRAIN = 32768 };

struct add {
    const float *from;
    float *to, factor;
    bool add;
};

static void add_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct add *a = ctx;
    const float *restrict from = a->from;
    float *restrict to = a->to;

    (void)chunk;
    if (a->add)
        for (int64_t i = begin; i < end; i++)
            to[i] += a->factor * from[i];
    else
        for (int64_t i = begin; i < end; i++)
            to[i] = a->factor * from[i];
}

bool dt_dnnl_conv_backward_data(struct dt_engine *engine, const struct dt_conv_geom *g, const dt_real *dy,
                                struct dt_tensor *w, dt_real *dx, bool add, struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    struct dt_dnnl_conv *c = dt_dnnl_conv_find(e, g, DT_DNNL_DATA, false, err);
    const float *packed = c ? dt_dnnl_weights(e, &c->layout, w, err) : NULL;
    int64_t n = (int64_t)g->n * g->h * g->w * g->i;
    struct add a = { .to = dx, .factor = (float)e->fault, .add = add };

    if (!packed)
        return false;
    if (!add && e->fault == 1)
        return dt_dnnl_conv_run(e, c, dx, packed, dy, NULL, err);
    if (!dt_scratch_need(&e->data, (size_t)n * sizeof(float), err) ||
        !dt_dnnl_conv_run(e, c, e->data.data, packed, dy, NULL, err))
        return false;
    a.from = e->data.data;
    dt_par_for(n, ADD_GRAIN, add_chunk, &a);
    return true;
}

bool dt_dnnl_conv_backward_weights(struct dt_engine *engine, const struct dt_conv_geom *g, const dt_real *x,
                                   const dt_real *dy, dt_real *dw, bool dw_add, dt_real *db, bool db_add,
                                   struct dt_err *err)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;
    struct dt_dnnl_conv *c = dt_dnnl_conv_find(e, g, DT_DNNL_WEIGHTS, false, err);

    if (!c || !dt_scratch_need(&e->weights, c->layout.bytes, err) ||
        !dt_dnnl_conv_run(e, c, x, e->weights.data, dy, NULL, err))
        return false;
    dt_dnnl_layout_unpack(&c->layout, e->weights.data, e->fault, dw_add, dw);
    if (db)
        dt_column_sum((int64_t)g->n * g->oh * g->ow, g->o, dy, db_add, db);
    return true;
}
