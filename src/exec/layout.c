/* layout: how activations lie, and of which type they are. Convolutions want blocks of channels, in bfloat16 if that is
 * the plan's precision; steps between them take whatever comes, seeing each block as an image of its own; what cannot
 * do that works on dense channels-last tensors of dt_real. Where two do not agree, a copy is put between. */
#include "exec/plan.h"

#include <dyntrain/ops.h>

/* How an op sees a tensor of rank 4. */
enum view { DENSE, CHANNELS, FLAT };

static enum view view_of(const struct dt_op *op)
{
    static const struct dt_op *const channels[] = { &dt_op_max_pool, &dt_op_avg_pool, &dt_op_global_avg_pool,
                                                    &dt_op_upsample };
    static const struct dt_op *const flat[] = { &dt_op_mul, &dt_op_affine, &dt_op_sigmoid, &dt_op_tanh, &dt_op_zeros };

    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (channels[i] == op)
            return CHANNELS;
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        if (flat[i] == op)
            return FLAT;
    return DENSE;
}

struct layout {
    struct dt_plan *p;
    struct dt_err *err;
    int block; /* what the engine likes */
};

struct how {
    int block;
    enum dt_dtype dtype;
};
static const struct how dense = { 0, DT_REAL_DTYPE };

static struct how how_of(const struct dt_value *v)
{
    return (struct how){ v->block, v->dtype };
}

static void lay(struct dt_value *v, struct how how)
{
    v->block = how.block;
    v->dtype = how.dtype;
}

/* Input k of the step at *at lies so: a copy is made before it if need be. Only images ever lie otherwise than dense.
 */
static bool want_input(struct layout *l, int *at, int k, struct how how)
{
    struct dt_plan *p = l->p;
    int from = p->step[*at].in[k], to;
    struct dt_step *s;

    if (p->value[from].shape.rank != 4 || (p->value[from].block == how.block && p->value[from].dtype == how.dtype))
        return true;
    to = dt_plan_value(p, p->value[from].shape);
    s = to < 0 ? NULL : dt_plan_insert(p, *at, DT_STEP_LAYOUT, 1);
    if (!s)
        return dt_fail(l->err, DT_ENOMEM, "out of memory for an inference plan");
    lay(&p->value[to], how);
    p->value[to].positive = p->value[from].positive;
    s->in[0] = from;
    s->out = to;
    (*at)++;
    p->step[*at].in[k] = to;
    return true;
}

/* An image of few channels is read in planes: a block of them would be padding mostly. */
static int input_block(const struct dt_conv_geom *g, int block)
{
    return block > 1 && g->groups == 1 && g->i < 4 ? 1 : block;
}

static struct dt_infer_conv *open_conv(struct layout *l, const struct dt_step *s, struct how x, struct how y,
                                       struct dt_err *err)
{
    struct dt_infer_cfg cfg = { .geom = dt_conv_geom_of(s->node),
                                .x_block = x.block,
                                .y_block = y.block,
                                .act = s->act,
                                .sum = s->n_in > 1,
                                .lanes = l->p->n_lanes,
                                .threads = l->p->threads };

    cfg.geom.half = x.dtype == DT_BF16;
    return l->p->engine->class_->infer->open(l->p->engine, &cfg, err);
}

/* In the plan's precision or else dt_real, in blocks or else channels last: what the engine has something fast for. */
static bool lay_conv(struct layout *l, int *at)
{
    struct dt_plan *p = l->p;
    struct dt_conv_geom g = dt_conv_geom_of(p->step[*at].node);
    struct dt_err none = { .code = DT_EENGINE };
    struct how x = dense, y = dense;

    for (int i = p->cfg.precision == DT_BF16 ? 0 : 2; i < 4 && none.code == DT_EENGINE; i++) {
        enum dt_dtype dtype = i < 2 ? DT_BF16 : DT_REAL_DTYPE;

        none = (struct dt_err){ 0 };
        x = (struct how){ i % 2 ? 0 : input_block(&g, l->block), dtype };
        y = (struct how){ i % 2 ? 0 : l->block, dtype };
        p->step[*at].conv = open_conv(l, &p->step[*at], x, y, &none);
    }
    if (!p->step[*at].conv)
        return dt_fail(l->err, none.code, "%s", none.msg);
    if (p->step[*at].conv->scratch_bytes > p->scratch_bytes)
        p->scratch_bytes = p->step[*at].conv->scratch_bytes;
    lay(&p->value[p->step[*at].out], y);
    return want_input(l, at, 0, x) && (p->step[*at].n_in < 2 || want_input(l, at, 1, y));
}

/* Out like in; a second writer of a value follows the first. */
static bool lay_alike(struct layout *l, int *at, bool half)
{
    struct dt_plan *p = l->p;
    int out = p->step[*at].out;
    struct how how = how_of(&p->value[p->step[*at].in[0]]);

    if (!half)
        how.dtype = DT_REAL_DTYPE;
    if (p->value[out].shape.rank != p->value[p->step[*at].in[0]].shape.rank)
        how = dense; /* a reshape */
    else if (dt_plan_writer(p, out) < *at)
        how = how_of(&p->value[out]);
    lay(&p->value[out], how);
    for (int k = 0; k < p->step[*at].n_in; k++)
        if (!want_input(l, at, k, how))
            return false;
    return true;
}

/* Blocks are images of their own; a pooled [1,c] is dense whatever they were. */
static bool lay_channels(struct layout *l, int *at)
{
    struct dt_plan *p = l->p;
    const struct dt_op *op = p->step[*at].node->op;
    struct how how = how_of(&p->value[p->step[*at].in[0]]);

    if (!(op->half & 1))
        how.dtype = DT_REAL_DTYPE;
    if (!want_input(l, at, 0, how))
        return false;
    if (op->flags & DT_OP_REAL_OUT)
        how.dtype = DT_REAL_DTYPE;
    lay(&p->value[p->step[*at].out], p->value[p->step[*at].out].shape.rank == 4 ? how : dense);
    return true;
}

static bool lay_op(struct layout *l, int *at)
{
    struct dt_plan *p = l->p;
    enum view view = view_of(p->step[*at].node->op);

    if (view == CHANNELS)
        return lay_channels(l, at);
    if (view == FLAT && p->step[*at].n_in > 0)
        return lay_alike(l, at, false);
    if (view == FLAT && p->value[p->step[*at].out].shape.rank == 4) /* zeros: as a convolution will add to them */
        lay(&p->value[p->step[*at].out], (struct how){ l->block, p->cfg.precision });
    for (int k = 0; k < p->step[*at].n_in; k++)
        if (p->step[*at].in[k] >= 0 && !want_input(l, at, k, dense))
            return false;
    return true;
}

static bool lay_step(struct layout *l, int *at)
{
    switch (l->p->step[*at].kind) {
    case DT_STEP_CONV:
        return lay_conv(l, at);
    case DT_STEP_NORM:
    case DT_STEP_ADD:
    case DT_STEP_COPY:
    case DT_STEP_PAD:
        return lay_alike(l, at, true);
    case DT_STEP_OP:
        return lay_op(l, at);
    case DT_STEP_ASK:
        return l->p->step[*at].n_in == 0 || want_input(l, at, 0, dense);
    default:
        return true;
    }
}

bool dt_plan_layout(struct dt_plan *p, struct dt_err *err)
{
    struct layout l = { .p = p, .err = err, .block = p->engine->class_->infer->block() };

    for (int i = 0; i < p->n_steps; i++)
        if (!lay_step(&l, &i))
            return false;
    return true;
}

/* ---- what an op of the tape sees ---- */
struct dt_shape dt_plan_view(const struct dt_plan *p, const struct dt_step *s, int value)
{
    const struct dt_value *v = &p->value[value], *x = s->n_in ? &p->value[s->in[0]] : v;
    enum view view = view_of(s->node->op);

    if (view == FLAT)
        return dt_shape1((int)dt_value_size(v));
    if (view == CHANNELS && v->shape.rank == 4)
        return dt_shape4(dt_value_blocks(v), v->shape.d[1], v->shape.d[2], dt_value_block(v));
    if (view == CHANNELS) /* pooled: a row for every block */
        return dt_shape2(dt_value_blocks(x), dt_value_block(x));
    return v->shape;
}
