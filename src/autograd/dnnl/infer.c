/* infer: convolutions of an inference plan on oneDNN. Activations lie in blocks of 8 or 16 channels, which is what
 * Winograd's algorithm (Winograd 1980; Lavin & Gray 2016) wants and at batch 1 makes every group of a grouped
 * convolution a dense one of its own. The sum and the activation are post-ops. */
#include "autograd/infer.h"
#include "autograd/dnnl/dnnl_engine.h"

#include <string.h>

enum { SRC, DST, WEIGHTS, BIAS, SCRATCH, N_ARGS };

struct conv {
    struct dt_infer_conv base;
    struct dt_dnnl *e;
    struct dt_infer_cfg cfg;
    struct dt_conv_geom geom; /* of a part */
    int parts;                /* groups that run one by one; else 1 */
    dnnl_primitive_t primitive, reorder;
    dnnl_memory_desc_t md[N_ARGS], plain; /* plain: weights as the checkpoint has them */
    size_t w_bytes;                       /* of a part */
    char *w;                              /* [parts] */
    float *b;                             /* [o] */
    dnnl_exec_arg_t (*arg)[N_ARGS];       /* [lanes][parts] */
};

static int block(void)
{
    return dnnl_get_effective_cpu_isa() >= dnnl_cpu_isa_avx512_core ? 16 : 8;
}

/* ---- what to compute ---- */
static dnnl_format_tag_t tag_of(int block)
{
    return block == 16 ? dnnl_nChw16c : block == 8 ? dnnl_nChw8c : block == 1 ? dnnl_nchw : dnnl_nhwc;
}

/* Four of nine multiplications in nine: worth its transforms from one whole block of channels on. */
static bool suits_winograd(const struct conv *c)
{
    const struct dt_conv_geom *g = &c->geom;

    return c->cfg.x_block == 16 && c->cfg.y_block == 16 && g->groups == 1 && g->kh == 3 && g->kw == 3 &&
           g->stride == 1 && g->pad == 1 && g->i % 16 == 0 && g->o % 16 == 0 && !g->half;
}

/* One image in blocks: the channels of a group are neighbours, if they are whole blocks. */
static void split_groups(struct conv *c)
{
    struct conv part = *c;

    part.geom.groups = 1;
    part.geom.i /= c->geom.groups;
    part.geom.o /= c->geom.groups;
    if (c->geom.groups == 1 || c->geom.n > 1 || !suits_winograd(&part))
        return;
    c->parts = c->geom.groups;
    c->geom = part.geom;
}

static bool init_descs(struct conv *c, struct dt_err *err)
{
    const struct dt_conv_geom *g = &c->geom;
    const dnnl_dims_t x = { g->n, g->i, g->h, g->w }, y = { g->n, g->o, g->oh, g->ow }, b = { g->o };
    const dnnl_dims_t one = { g->o, g->i, g->kh, g->kw };
    const dnnl_dims_t grouped = { g->groups, g->o / g->groups, g->i / g->groups, g->kh, g->kw };
    const dnnl_data_type_t type = g->half ? dnnl_bf16 : dnnl_f32;
    bool dense = g->groups == 1;

    return dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&c->md[SRC], 4, x, type, tag_of(c->cfg.x_block)), "input", NULL,
                      err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&c->md[DST], 4, y, type, tag_of(c->cfg.y_block)), "output", NULL,
                      err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&c->plain, dense ? 4 : 5, dense ? one : grouped, dnnl_f32,
                                                   dense ? dnnl_oihw : dnnl_goihw),
                      "plain weights", NULL, err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&c->md[WEIGHTS], dense ? 4 : 5, dense ? one : grouped, type,
                                                   dnnl_format_tag_any),
                      "weights", NULL, err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&c->md[BIAS], 1, b, dnnl_f32, dnnl_x), "bias", NULL, err);
}

static dnnl_primitive_attr_t attributes(const struct conv *c, struct dt_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(&attr);

    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (s == dnnl_success)
        s = dnnl_post_ops_create(&ops);
    if (s == dnnl_success && c->cfg.sum)
        s = dnnl_post_ops_append_sum(ops, 1);
    if (s == dnnl_success && c->cfg.act == DT_RELU)
        s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
    if (s == dnnl_success && c->cfg.act == DT_RELU6)
        s = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip, 0, 6);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (ops)
        dnnl_post_ops_destroy(ops);
    if (dt_dnnl_ok(s, "attributes", NULL, err))
        return attr;
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return NULL;
}

/* The first implementation, NULL where oneDNN has none but its plain reference. */
static dnnl_primitive_desc_t describe(struct conv *c, dnnl_alg_kind_t alg, dnnl_primitive_attr_t attr)
{
    const struct dt_conv_geom *g = &c->geom;
    const dnnl_dims_t stride = { g->stride, g->stride }, pad = { g->pad, g->pad };
    dnnl_primitive_desc_t desc = NULL;
    dnnl_convolution_desc_t conv;

    if (dnnl_convolution_forward_desc_init(&conv, dnnl_forward_inference, alg, &c->md[SRC], &c->md[WEIGHTS],
                                           &c->md[BIAS], &c->md[DST], stride, pad, pad) != dnnl_success ||
        dnnl_primitive_desc_create(&desc, &conv, attr, c->e->engine, NULL) != dnnl_success)
        return NULL;
    if (dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &c->base.name) == dnnl_success &&
        !strstr(c->base.name, "ref") && !strstr(c->base.name, "gemm"))
        return desc;
    dnnl_primitive_desc_destroy(desc);
    return NULL;
}

/* ---- making it ---- */
static bool make_primitives(struct conv *c, dnnl_primitive_desc_t desc, struct dt_err *err)
{
    dnnl_primitive_desc_t reorder = NULL;
    bool ok;

    c->md[WEIGHTS] = *dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    c->md[SCRATCH] = *dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    c->base.scratch_bytes = dnnl_memory_desc_get_size(&c->md[SCRATCH]);
    c->w_bytes = (dnnl_memory_desc_get_size(&c->md[WEIGHTS]) + 63) / 64 * 64;
    ok = dt_dnnl_ok(dnnl_primitive_create(&c->primitive, desc), "primitive", NULL, err) &&
         dt_dnnl_ok(
             dnnl_reorder_primitive_desc_create(&reorder, &c->plain, c->e->engine, &c->md[WEIGHTS], c->e->engine, NULL),
             "weights", NULL, err) &&
         dt_dnnl_ok(dnnl_primitive_create(&c->reorder, reorder), "weights", NULL, err);
    if (reorder)
        dnnl_primitive_desc_destroy(reorder);
    return ok;
}

static bool make(struct conv *c, struct dt_err *err)
{
    const struct dt_conv_geom *g = &c->geom;
    dnnl_primitive_attr_t attr = init_descs(c, err) ? attributes(c, err) : NULL;
    dnnl_primitive_desc_t desc = NULL;
    bool ok;

    if (!attr)
        return false;
    if (suits_winograd(c))
        desc = describe(c, dnnl_convolution_winograd, attr);
    if (!desc)
        desc = describe(c, dnnl_convolution_direct, attr);
    dnnl_primitive_attr_destroy(attr);
    if (!desc)
        return dt_fail(err, DT_EENGINE,
                       "oneDNN has nothing fast for the convolution [%d,%d,%d,%d] * [%d,%d,%d,%d] stride %d pad %d "
                       "groups %d; use the engine ref",
                       g->n, g->h, g->w, g->i, g->o, g->i / g->groups, g->kh, g->kw, g->stride, g->pad, g->groups);
    ok = make_primitives(c, desc, err);
    dnnl_primitive_desc_destroy(desc);
    return ok;
}

static bool make_memory(struct conv *c, struct dt_err *err)
{
    static const int arg[N_ARGS] = { DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_SCRATCHPAD };
    size_t n = (size_t)c->cfg.lanes * (size_t)c->parts;

    c->w = dt_calloc((size_t)c->parts, c->w_bytes);
    c->b = dt_calloc((size_t)c->cfg.geom.o, sizeof *c->b);
    c->arg = dt_calloc(n, sizeof *c->arg);
    if (!c->w || !c->b || !c->arg)
        return dt_fail(err, DT_ENOMEM, "out of memory for a convolution");
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < N_ARGS; k++) {
            size_t part = i % (size_t)c->parts;
            void *at = k == WEIGHTS ? (void *)(c->w + part * c->w_bytes)
                       : k == BIAS  ? (void *)(c->b + part * (size_t)c->geom.o)
                                    : DNNL_MEMORY_NONE;

            c->arg[i][k].arg = arg[k];
            if (!dt_dnnl_ok(dnnl_memory_create(&c->arg[i][k].memory, &c->md[k], c->e->engine, at), "memory", NULL, err))
                return false;
        }
    return true;
}

static void close(struct dt_infer_conv *conv)
{
    struct conv *c = (struct conv *)conv;

    if (!c)
        return;
    for (int i = 0; c->arg && i < c->cfg.lanes * c->parts; i++)
        for (int k = 0; k < N_ARGS; k++)
            if (c->arg[i][k].memory)
                dnnl_memory_destroy(c->arg[i][k].memory);
    if (c->primitive)
        dnnl_primitive_destroy(c->primitive);
    if (c->reorder)
        dnnl_primitive_destroy(c->reorder);
    dt_free(c->arg);
    dt_free(c->w);
    dt_free(c->b);
    dt_free(c);
}

static struct dt_infer_conv *open(struct dt_engine *engine, const struct dt_infer_cfg *cfg, struct dt_err *err)
{
    struct conv *c = dt_calloc(1, sizeof *c);
    int threads = dt_par_threads();
    bool ok;

    if (!c) {
        dt_fail(err, DT_ENOMEM, "out of memory for a convolution");
        return NULL;
    }
    c->base = (struct dt_infer_conv){ .class_ = &dt_infer_dnnl, .name = "" };
    c->e = (struct dt_dnnl *)engine;
    c->cfg = *cfg;
    c->geom = cfg->geom;
    c->parts = 1;
    split_groups(c);
    dt_par_set_threads(cfg->threads); /* what oneDNN plans for */
    ok = make(c, err) && make_memory(c, err);
    dt_par_set_threads(threads);
    if (ok)
        return &c->base;
    close(&c->base);
    return NULL;
}

/* ---- using it ---- */
static bool load_part(struct conv *c, int part, const float *w, struct dt_err *err)
{
    size_t n = (size_t)c->geom.o * (size_t)(c->geom.i / c->geom.groups) * (size_t)(c->geom.kh * c->geom.kw);
    dnnl_exec_arg_t arg[2] = { { DNNL_ARG_FROM, NULL }, { DNNL_ARG_TO, c->arg[part][WEIGHTS].memory } };
    const float *from = w + (size_t)part * n;
    void *handle;
    bool ok;

    memcpy(&handle, &from, sizeof handle); /* oneDNN's memory knows no const */
    ok = dt_dnnl_ok(dnnl_memory_create(&arg[0].memory, &c->plain, c->e->engine, handle), "plain weights", NULL, err) &&
         dt_dnnl_ok(dnnl_primitive_execute(c->reorder, c->e->stream, 2, arg), "weights", NULL, err) &&
         dt_dnnl_ok(dnnl_stream_wait(c->e->stream), "wait", NULL, err);
    if (arg[0].memory)
        dnnl_memory_destroy(arg[0].memory);
    return ok;
}

static bool load(struct dt_infer_conv *conv, const dt_real *w, const dt_real *b, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;

    memcpy(c->b, b, (size_t)c->cfg.geom.o * sizeof *b);
    for (int part = 0; part < c->parts; part++)
        if (!load_part(c, part, w, err))
            return false;
    return true;
}

static bool bind(struct dt_infer_conv *conv, int lane, void *x, void *y, void *scratch, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;
    const struct dt_conv_geom *g = &c->geom;
    size_t size = g->half ? sizeof(dt_bf16) : sizeof(float);

    for (int part = 0; part < c->parts; part++) {
        dnnl_exec_arg_t *arg = c->arg[lane * c->parts + part];
        void *at[N_ARGS] = { [SRC] = (char *)x + (size_t)part * (size_t)(g->i * g->h * g->w) * size,
                             [DST] = (char *)y + (size_t)part * (size_t)(g->o * g->oh * g->ow) * size,
                             [SCRATCH] = scratch };

        for (int k = 0; k < N_ARGS; k++)
            if (k != WEIGHTS && k != BIAS &&
                !dt_dnnl_ok(dnnl_memory_set_data_handle(arg[k].memory, at[k]), "pointer", NULL, err))
                return false;
    }
    return true;
}

/* On a processor a stream has no state: lanes share it, and a run is over when it returns. */
static bool run(struct dt_infer_conv *conv, int lane, struct dt_err *err)
{
    struct conv *c = (struct conv *)conv;

    for (int part = 0; part < c->parts; part++)
        if (!dt_dnnl_ok(dnnl_primitive_execute(c->primitive, c->e->stream, N_ARGS, c->arg[lane * c->parts + part]),
                        "run", NULL, err))
            return false;
    return true;
}

const struct dt_infer_class dt_infer_dnnl = {
    .block = block,
    .open = open,
    .close = close,
    .load = load,
    .bind = bind,
    .run = run,
};
