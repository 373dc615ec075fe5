/* primitive: from a geometry to something that runs. Memory objects are made once; a run only sets their pointers. */
#include "autograd/dnnl/dnnl_engine.h"

#include <string.h>

static const char *const dir_name[] = { "forward", "backward data", "backward weights" };

/* "forward convolution [128,32,32,16] * [16,16,3,3] stride 1 pad 1 groups 1" */
static void describe_key(const struct dt_dnnl_key *k, char text[160])
{
    const struct dt_conv_geom *g = &k->geom;

    snprintf(text, 160, "%s convolution [%d,%d,%d,%d] * [%d,%d,%d,%d] stride %d pad %d groups %d%s", dir_name[k->dir],
             g->n, g->h, g->w, g->i, g->o, g->i / g->groups, g->kh, g->kw, g->stride, g->pad, g->groups,
             g->half ? ", bf16" : "");
}

bool dt_dnnl_ok(dnnl_status_t status, const char *call, const struct dt_dnnl_key *k, struct dt_err *err)
{
    char text[160] = "";

    if (status == dnnl_success)
        return true;
    if (k)
        describe_key(k, text);
    return dt_fail(err, status == dnnl_out_of_memory ? DT_ENOMEM : DT_EENGINE, "oneDNN: %s: status %d%s%s", call,
                   (int)status, k ? " in " : "", text);
}

struct conv_descs {
    dnnl_memory_desc_t x, w, y, b;
    dnnl_dims_t stride, pad;
};

static bool init_descs(const struct dt_dnnl_key *k, int dir, dnnl_format_tag_t layout, struct conv_descs *d,
                       struct dt_err *err)
{
    const struct dt_conv_geom *g = &k->geom;
    const dnnl_dims_t x = { g->n, g->i, g->h, g->w }, y = { g->n, g->o, g->oh, g->ow }, b = { g->o };
    const dnnl_dims_t plain = { g->o, g->i, g->kh, g->kw };
    const dnnl_dims_t grouped = { g->groups, g->o / g->groups, g->i / g->groups, g->kh, g->kw };
    const dnnl_data_type_t type = g->half ? dnnl_bf16 : dnnl_f32;
    const dnnl_data_type_t weights = dir == DT_DNNL_WEIGHTS ? dnnl_f32 : type; /* their gradient is never rounded */
    bool one = g->groups == 1;

    d->stride[0] = d->stride[1] = g->stride;
    d->pad[0] = d->pad[1] = g->pad;
    return dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&d->x, 4, x, type, layout), "input", k, err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&d->y, 4, y, type, layout), "output", k, err) &&
           dt_dnnl_ok(
               dnnl_memory_desc_init_by_tag(&d->w, one ? 4 : 5, one ? plain : grouped, weights, dnnl_format_tag_any),
               "weights", k, err) &&
           dt_dnnl_ok(dnnl_memory_desc_init_by_tag(&d->b, 1, b, dnnl_f32, dnnl_x), "bias", k, err);
}

static bool init_conv(const struct dt_dnnl_key *k, int dir, dnnl_format_tag_t layout, dnnl_convolution_desc_t *conv,
                      struct dt_err *err)
{
    const dnnl_alg_kind_t alg = dnnl_convolution_direct;
    struct conv_descs d;
    dnnl_status_t s;

    if (!init_descs(k, dir, layout, &d, err))
        return false;
    if (dir == DT_DNNL_FORWARD)
        s = dnnl_convolution_forward_desc_init(conv, dnnl_forward_training, alg, &d.x, &d.w, k->bias ? &d.b : NULL,
                                               &d.y, d.stride, d.pad, d.pad);
    else if (dir == DT_DNNL_DATA)
        s = dnnl_convolution_backward_data_desc_init(conv, alg, &d.x, &d.w, &d.y, d.stride, d.pad, d.pad);
    else
        s = dnnl_convolution_backward_weights_desc_init(conv, alg, &d.x, &d.w, NULL, &d.y, d.stride, d.pad, d.pad);
    return dt_dnnl_ok(s, "operation", k, err);
}

/* oneDNN 2.6.3: the gradient of the weights of a strided 1x1 kernel is wrong where the input has no full block of eight
 * channels. Found by the test of the engines under ONEDNN_MAX_CPU_ISA=AVX2. */
static bool known_wrong(const char *name, const struct dt_dnnl_key *k)
{
    return k->dir == DT_DNNL_WEIGHTS && k->geom.stride > 1 && k->geom.i % 8 && strcmp(name, "jit_1x1:avx2") == 0;
}

/* The first implementation of oneDNN's list that is right; one that is its plain reference is refused. */
static dnnl_primitive_desc_t choose(dnnl_primitive_desc_iterator_t list, const struct dt_dnnl_key *k,
                                    struct dt_err *err)
{
    const char *name = "none";
    char text[160];

    do {
        dnnl_primitive_desc_t desc = dnnl_primitive_desc_iterator_fetch(list);

        if (!desc || dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name) != dnnl_success)
            name = "ref: unknown";
        if (!strstr(name, "ref") && !known_wrong(name, k))
            return desc;
        if (desc)
            dnnl_primitive_desc_destroy(desc);
    } while (!strstr(name, "ref") && dnnl_primitive_desc_iterator_next(list) == dnnl_success);
    describe_key(k, text);
    dt_fail(err, DT_EENGINE, "oneDNN has only its slow '%s' for the %s; use the engine ref", name, text);
    return NULL;
}

dnnl_primitive_desc_t dt_dnnl_describe(struct dt_dnnl *e, const struct dt_dnnl_key *k, dnnl_format_tag_t layout,
                                       struct dt_err *err)
{
    dnnl_primitive_desc_t hint = NULL, desc = NULL;
    dnnl_primitive_desc_iterator_t list = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_convolution_desc_t conv;

    if (k->dir != DT_DNNL_FORWARD &&
        (!init_conv(k, DT_DNNL_FORWARD, layout, &conv, err) ||
         !dt_dnnl_ok(dnnl_primitive_desc_create(&hint, &conv, NULL, e->engine, NULL), "forward hint", k, err)))
        goto out;
    if (init_conv(k, k->dir, layout, &conv, err) &&
        dt_dnnl_ok(dnnl_primitive_attr_create(&attr), "attributes", k, err) &&
        dt_dnnl_ok(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), "scratchpad mode", k,
                   err) &&
        dt_dnnl_ok(dnnl_primitive_desc_iterator_create(&list, &conv, attr, e->engine, hint), "implementations", k, err))
        desc = choose(list, k, err);
out:
    if (list)
        dnnl_primitive_desc_iterator_destroy(list);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return desc;
}

static const struct {
    dnnl_query_t query;
    int arg;
} args_of[3][3] = {
    { { dnnl_query_src_md, DNNL_ARG_SRC },
      { dnnl_query_weights_md, DNNL_ARG_WEIGHTS },
      { dnnl_query_dst_md, DNNL_ARG_DST } },
    { { dnnl_query_diff_src_md, DNNL_ARG_DIFF_SRC },
      { dnnl_query_weights_md, DNNL_ARG_WEIGHTS },
      { dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST } },
    { { dnnl_query_src_md, DNNL_ARG_SRC },
      { dnnl_query_diff_weights_md, DNNL_ARG_DIFF_WEIGHTS },
      { dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST } },
};

static bool add_arg(struct dt_dnnl *e, struct dt_dnnl_conv *c, int slot, int arg, const dnnl_memory_desc_t *desc,
                    struct dt_err *err)
{
    c->arg[slot].arg = arg;
    return dt_dnnl_ok(dnnl_memory_create(&c->arg[slot].memory, desc, e->engine, DNNL_MEMORY_NONE), "memory", &c->key,
                      err);
}

bool dt_dnnl_conv_open(struct dt_dnnl *e, const struct dt_dnnl_key *k, dnnl_primitive_desc_t desc,
                       struct dt_dnnl_conv *c, struct dt_err *err)
{
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);

    c->key = *k;
    c->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    for (int i = DT_DNNL_X; i <= DT_DNNL_Y; i++)
        if (!add_arg(e, c, i, args_of[k->dir][i].arg, dnnl_primitive_desc_query_md(desc, args_of[k->dir][i].query, 0),
                     err))
            return false;
    if (!add_arg(e, c, DT_DNNL_SCRATCH, DNNL_ARG_SCRATCHPAD, scratch, err) ||
        (k->bias &&
         !add_arg(e, c, DT_DNNL_B, DNNL_ARG_BIAS, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 1), err)))
        return false;
    return dt_dnnl_ok(dnnl_primitive_create(&c->primitive, desc), "primitive", k, err) &&
           dt_dnnl_layout_init(&c->layout, dnnl_primitive_desc_query_md(desc, args_of[k->dir][DT_DNNL_W].query, 0),
                               &k->geom, err);
}

void dt_dnnl_conv_close(struct dt_dnnl_conv *c)
{
    for (int i = 0; i < DT_DNNL_N_ARGS; i++)
        if (c->arg[i].memory)
            dnnl_memory_destroy(c->arg[i].memory);
    if (c->primitive)
        dnnl_primitive_destroy(c->primitive);
    dt_dnnl_layout_free(&c->layout);
}

/* A handle that stays is not set again: oneDNN would zero the padding of the weights every time. */
static bool point(struct dt_dnnl_conv *c, int slot, const void *data, struct dt_err *err)
{
    void *handle;

    if (c->handle[slot] == data)
        return true;
    memcpy(&handle, &data, sizeof handle); /* oneDNN's memory knows no const */
    if (!dt_dnnl_ok(dnnl_memory_set_data_handle(c->arg[slot].memory, handle), "pointer", &c->key, err))
        return false;
    c->handle[slot] = data;
    return true;
}

bool dt_dnnl_conv_run(struct dt_dnnl *e, struct dt_dnnl_conv *c, const void *x, const void *w, const void *y,
                      const void *b, struct dt_err *err)
{
    if (!dt_scratch_need(&e->scratchpad, c->scratch_bytes, err) || !point(c, DT_DNNL_X, x, err) ||
        !point(c, DT_DNNL_W, w, err) || !point(c, DT_DNNL_Y, y, err) ||
        !point(c, DT_DNNL_SCRATCH, e->scratchpad.data, err) || (b && !point(c, DT_DNNL_B, b, err)))
        return false;
    return dt_dnnl_ok(dnnl_primitive_execute(c->primitive, e->stream, b ? DT_DNNL_N_ARGS : DT_DNNL_N_ARGS - 1, c->arg),
                      "run", &c->key, err) &&
           dt_dnnl_ok(dnnl_stream_wait(e->stream), "wait", &c->key, err);
}
