/* onnx: a plan's steps as ONNX nodes. ONNX has planes, [n,c,h,w], where we have channels last; weights are OIHW in
 * both.
 */
#include <dyntrain/deploy.h>
#include <dyntrain/ops.h>
#include <stdint.h>

#include "autograd/ops/pad_shortcut.h"
#include "autograd/ops/pool.h"
#include "deploy/graph.h"
#include "exec/plan.h"

struct writer {
    struct dt_graph graph;
    struct dt_plan *plan;
    const char **name; /* of every value */
    dt_real *weights;  /* room for one convolution */
};

/* A node whose result is a new name, which is returned. */
static const char *put(struct writer *w, Onnx__Node **node, const char *op, int n_in, const char *const *in)
{
    const char *out = dt_graph_name(&w->graph, "t", (int)w->graph.onnx.n_node);

    *node = dt_graph_node(&w->graph, op, n_in, in, out);
    return out;
}

static const char *put1(struct writer *w, const char *op, const char *in)
{
    Onnx__Node *n;

    return put(w, &n, op, 1, &in);
}

static const char *put2(struct writer *w, const char *op, const char *a, const char *b)
{
    Onnx__Node *n;

    return put(w, &n, op, 2, (const char *const[]){ a, b });
}

static const char *number(struct writer *w, dt_real value)
{
    const struct dt_shape scalar = dt_shape0();

    return dt_graph_floats(&w->graph, dt_graph_name(&w->graph, "k", (int)w->graph.onnx.n_initializer), &scalar, &value);
}

static const char *integers(struct writer *w, int n, const int64_t *value)
{
    return dt_graph_int64s(&w->graph, dt_graph_name(&w->graph, "k", (int)w->graph.onnx.n_initializer), n, value);
}

static const char *floats(struct writer *w, const struct dt_shape *shape, const dt_real *value)
{
    return dt_graph_floats(&w->graph, dt_graph_name(&w->graph, "w", (int)w->graph.onnx.n_initializer), shape, value);
}

static const char *activate(struct writer *w, enum dt_act act, const char *x)
{
    Onnx__Node *n;

    if (act == DT_RELU)
        return put1(w, "Relu", x);
    return act == DT_LINEAR ? x : put(w, &n, "Clip", 3, (const char *const[]){ x, number(w, 0), number(w, 6) });
}

/* ---- steps ---- */
static void put_window(struct writer *w, Onnx__Node *n, int kh, int kw, int stride, int pad)
{
    dt_graph_ints(&w->graph, n, "kernel_shape", 2, (const int64_t[]){ kh, kw });
    dt_graph_ints(&w->graph, n, "strides", 2, (const int64_t[]){ stride, stride });
    dt_graph_ints(&w->graph, n, "pads", 4, (const int64_t[]){ pad, pad, pad, pad });
}

static const char *conv(struct writer *w, const struct dt_step *s)
{
    const struct dt_shape *shape = &s->node->in[1]->shape, bias = dt_shape1(shape->d[0]);
    const struct dt_conv_geom g = dt_conv_geom_of(s->node);
    dt_real *b = w->weights + dt_numel(shape);
    const char *in[3] = { w->name[s->in[0]] }, *y;
    Onnx__Node *n;

    dt_plan_weights(s, w->weights, b);
    in[1] = floats(w, shape, w->weights);
    in[2] = floats(w, &bias, b);
    y = put(w, &n, "Conv", 3, in);
    put_window(w, n, g.kh, g.kw, g.stride, g.pad);
    dt_graph_int(&w->graph, n, "group", g.groups);
    return s->n_in > 1 ? put2(w, "Add", y, w->name[s->in[1]]) : y;
}

/* y = a x + b for every channel. */
static const char *norm(struct writer *w, const struct dt_step *s)
{
    int c = s->node->in[1]->shape.d[0];
    const struct dt_shape shape = { 3, { c, 1, 1 } };
    const char *a;

    dt_plan_scales(s->node, w->weights, w->weights + c);
    a = floats(w, &shape, w->weights);
    return put2(w, "Add", put2(w, "Mul", w->name[s->in[0]], a), floats(w, &shape, w->weights + c));
}

static const char *pad(struct writer *w, const struct dt_step *s)
{
    const struct dt_pad_shortcut *p = s->node->attr;
    const char *x = w->name[s->in[0]], *in[5] = { x };
    int64_t after = p->channels - p->before - s->node->in[0]->shape.d[3];
    Onnx__Node *n;

    if (p->stride > 1) {
        in[1] = integers(w, 2, (const int64_t[]){ 0, 0 });
        in[2] = integers(w, 2, (const int64_t[]){ INT64_MAX, INT64_MAX });
        in[3] = integers(w, 2, (const int64_t[]){ 2, 3 });
        in[4] = integers(w, 2, (const int64_t[]){ p->stride, p->stride });
        in[0] = put(w, &n, "Slice", 5, in);
    }
    return put2(w, "Pad", in[0], integers(w, 8, (const int64_t[]){ 0, p->before, 0, 0, 0, after, 0, 0 }));
}

static const char *pool(struct writer *w, const struct dt_step *s)
{
    const struct dt_pool *p = s->node->attr;
    Onnx__Node *n;
    const char *y = put(w, &n, s->node->op == &dt_op_max_pool ? "MaxPool" : "AveragePool", 1, &w->name[s->in[0]]);

    put_window(w, n, p->size, p->size, p->stride, p->pad);
    return y;
}

static const char *linear(struct writer *w, const struct dt_step *s)
{
    const struct dt_tensor *weight = s->node->in[1], *bias = s->node->in[2];
    const char *in[3] = { w->name[s->in[0]], floats(w, &weight->shape, weight->data) }, *y;
    Onnx__Node *n;

    if (bias)
        in[2] = floats(w, &bias->shape, bias->data);
    y = put(w, &n, "Gemm", bias ? 3 : 2, in);
    dt_graph_int(&w->graph, n, "transB", 1);
    return y;
}

/* Shaped like an image of the batch: a sum begins with it. */
static const char *zeros(struct writer *w, const struct dt_step *s)
{
    const int *d = s->node->out->shape.d;
    const struct dt_shape planes = { 4, { 1, d[3], d[1], d[2] } };
    dt_real *none = dt_arena_calloc(w->graph.arena, (size_t)dt_numel(&planes), sizeof *none);

    if (!none) {
        dt_fail(w->graph.err, DT_ENOMEM, "out of memory for an ONNX model");
        return "";
    }
    return floats(w, &planes, none);
}

static const char *operation(struct writer *w, const struct dt_step *s)
{
    const struct dt_op *op = s->node->op;

    if (op == &dt_op_max_pool || op == &dt_op_avg_pool)
        return pool(w, s);
    if (op == &dt_op_global_avg_pool) {
        Onnx__Node *n;
        const char *x = put1(w, "GlobalAveragePool", w->name[s->in[0]]), *y = put(w, &n, "Flatten", 1, &x);

        return y;
    }
    if (op == &dt_op_linear)
        return linear(w, s);
    if (op == &dt_op_zeros && s->node->out->shape.rank == 4)
        return zeros(w, s);
    dt_fail(w->graph.err, DT_EENGINE, "%s: %s: has no counterpart among the ONNX nodes dyntrain writes", s->node->scope,
            op->name);
    return "";
}

static const char *compute(struct writer *w, const struct dt_step *s)
{
    switch (s->kind) {
    case DT_STEP_CONV:
        return conv(w, s);
    case DT_STEP_NORM:
        return norm(w, s);
    case DT_STEP_ADD:
        return put2(w, "Add", w->name[s->in[0]], w->name[s->in[1]]);
    case DT_STEP_COPY:
        if (s->node->op != &dt_op_reshape)
            return w->name[s->in[0]];
        return operation(w, s);
    case DT_STEP_PAD:
        return pad(w, s);
    default:
        return operation(w, s);
    }
}

/* Every body is run, no exit looked at. */
static int next(const struct dt_plan *p, int i)
{
    const struct dt_step *s = &p->step[i];
    const struct dt_choice *c = s->kind == DT_STEP_SKIP ? &dt_net_space(p->net)->choice[s->choice] : NULL;

    return c && (c->kind == DT_KEEP) != s->want ? s->to : i + 1;
}

static void write_steps(struct writer *w)
{
    const struct dt_plan *p = w->plan;

    w->name[p->input] = "image";
    for (int i = 0; i < p->n_steps && !w->graph.err->code; i = next(p, i))
        if (p->step[i].kind < DT_STEP_SKIP)
            w->name[p->step[i].out] = activate(w, p->step[i].act, compute(w, &p->step[i]));
}

static void write_ends(struct writer *w)
{
    const int *in = w->plan->value[w->plan->input].shape.d;
    const struct dt_shape *out = &w->plan->value[w->plan->output].shape;
    Onnx__Graph *g = &w->graph.onnx;
    Onnx__ValueInfo **ends = dt_arena_calloc(w->graph.arena, 2, sizeof(Onnx__ValueInfo *));

    if (!ends) {
        dt_fail(w->graph.err, DT_ENOMEM, "out of memory for an ONNX model");
        return;
    }
    dt_graph_node(&w->graph, "Identity", 1, &w->name[w->plan->output], "logits");
    ends[0] = dt_graph_value(&w->graph, "image", 3, (const int64_t[]){ in[3], in[1], in[2] });
    ends[1] = dt_graph_value(&w->graph, "logits", 1, (const int64_t[]){ out->d[1] });
    g->input = &ends[0];
    g->output = &ends[1];
    g->n_input = g->n_output = 1;
    g->name = dt_arena_printf(w->graph.arena, "net");
    if (!g->name)
        dt_fail(w->graph.err, DT_ENOMEM, "out of memory for an ONNX model");
}

unsigned char *dt_onnx_write(struct dt_net *net, struct dt_arena *arena, size_t *size, struct dt_err *err)
{
    struct writer w = { .graph = { .arena = arena, .err = err, .onnx = ONNX__GRAPH__INIT } };
    unsigned char *bytes = NULL;

    w.plan = dt_plan_draft(net, NULL, &(struct dt_plan_cfg){ 0 }, err);
    if (!w.plan)
        return NULL;
    w.name = dt_arena_calloc(arena, (size_t)w.plan->n_values, sizeof *w.name);
    w.weights = dt_arena_alloc(arena, dt_plan_room(w.plan) * sizeof *w.weights);
    if (!w.name || !w.weights)
        dt_fail(err, DT_ENOMEM, "out of memory for an ONNX model");
    if (!err->code)
        write_steps(&w);
    if (!err->code)
        write_ends(&w);
    if (!err->code)
        bytes = dt_graph_pack(&w.graph, size);
    dt_plan_free(w.plan);
    return err->code ? NULL : bytes;
}
