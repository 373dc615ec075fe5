/* conv2d: y[n,p,q,o] = b[o] + sum over i, r, s of x[n, p stride + r - pad, q stride + s - pad, i] w[o,i,r,s], group by
 * group. The engine computes it and both gradients. */
#include "autograd/engine.h"
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { X, W, B, N_IN };

static int out_size(int in, int kernel, const struct dt_conv_geom *g)
{
    return (in + 2 * g->pad - kernel) / g->stride + 1;
}

/* The shapes have been through infer. */
struct dt_conv_geom dt_conv_geom_of(const struct dt_node *n)
{
    const struct dt_conv_cfg *cfg = n->attr;
    const int *x = n->in[X]->shape.d, *w = n->in[W]->shape.d;
    struct dt_conv_geom g = { .n = x[0],
                              .h = x[1],
                              .w = x[2],
                              .i = x[3],
                              .o = w[0],
                              .kh = w[2],
                              .kw = w[3],
                              .stride = cfg->stride ? cfg->stride : 1,
                              .pad = cfg->pad,
                              .groups = cfg->groups ? cfg->groups : 1,
                              .half = n->out && n->out->dtype == DT_BF16 };

    g.oh = out_size(g.h, g.kh, &g);
    g.ow = out_size(g.w, g.kw, &g);
    return g;
}

static bool fails(struct dt_err *err, const struct dt_node *n, const char *why)
{
    char w[64], x[64];

    return dt_fail(err, DT_ESHAPE, "weight %s does not fit input %s%s%s", dt_shape_str(&n->in[W]->shape, w),
                   dt_shape_str(&n->in[X]->shape, x), *why ? ": " : "", why);
}

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_conv_cfg *cfg = n->attr;
    const struct dt_shape *x = &n->in[X]->shape, *w = &n->in[W]->shape;
    int groups = cfg->groups ? cfg->groups : 1;
    struct dt_conv_geom g;

    if (cfg->stride < 0 || cfg->pad < 0 || cfg->groups < 0)
        return dt_fail(err, DT_ESHAPE, "stride %d, pad %d, groups %d: none may be negative", cfg->stride, cfg->pad,
                       cfg->groups);
    if (x->rank != 4 || w->rank != 4)
        return fails(err, n, "both have 4 dimensions");
    for (int i = 0; i < 4; i++)
        if (w->d[i] < 1 || (i > 0 && x->d[i] < 1))
            return fails(err, n, "empty");
    if (x->d[3] % groups || w->d[0] % groups)
        return fails(err, n, "groups must divide the channels of both");
    if (w->d[1] != x->d[3] / groups)
        return fails(err, n, groups > 1 ? "input channels a group differ" : "");
    g = dt_conv_geom_of(n);
    if ((int64_t)g.h + 2 * (int64_t)g.pad < g.kh || (int64_t)g.w + 2 * (int64_t)g.pad < g.kw)
        return fails(err, n, "the kernel is larger than the padded image");
    if (n->in[B] && (n->in[B]->shape.rank != 1 || n->in[B]->shape.d[0] != w->d[0]))
        return dt_fail_shapes(err, &n->in[B]->shape, w, "one bias an output channel");
    *out = dt_shape4(g.n, g.oh, g.ow, g.o);
    return true;
}

static int64_t macs(const struct dt_node *n)
{
    struct dt_conv_geom g = dt_conv_geom_of(n);

    return (int64_t)g.n * g.oh * g.ow * g.o * (g.i / g.groups) * g.kh * g.kw;
}

static const struct dt_engine_class *class_of(const struct dt_node *n, struct dt_engine **e)
{
    *e = dt_tape_engine(n->tape);
    return (*e)->class_;
}

static void forward(struct dt_node *n)
{
    struct dt_conv_geom g = dt_conv_geom_of(n);
    struct dt_err err = { 0 };
    struct dt_engine *e;
    const struct dt_engine_class *c = class_of(n, &e);

    if (g.n > 0 &&
        !c->conv_forward(e, &g, dt_at(n->in[X], 0), n->in[W], n->in[B] ? n->in[B]->data : NULL, dt_at(n->out, 0), &err))
        dt_node_fail(n, err.code, "%s", err.msg);
}

/* The gradient of nothing, for a batch of no samples. */
static void clear(struct dt_grad d, const struct dt_tensor *x)
{
    if (dt_wanted(d) && !d.add)
        memset(dt_to(d, 0), 0, (size_t)dt_numel(&x->shape) * dt_dtype_size(x->dtype));
}

static void backward(struct dt_node *n)
{
    struct dt_conv_geom g = dt_conv_geom_of(n);
    struct dt_grad dx = dt_grad_in(n, X), dw = dt_grad_in(n, W), db = dt_grad_in(n, B);
    const void *dy = dt_grad_at(n->out, 0);
    struct dt_err err = { 0 };
    struct dt_engine *e;
    const struct dt_engine_class *c = class_of(n, &e);

    if (g.n == 0) {
        clear(dw, n->in[W]);
        clear(db, n->in[B]);
        return;
    }
    if (dt_wanted(dx)) /* in the order of dt_grad_in(): the image may be the weight as well */
        c->conv_backward_data(e, &g, dy, n->in[W], dt_to(dx, 0), dx.add, &err);
    if (dw.g && !err.code)
        c->conv_backward_weights(e, &g, dt_at(n->in[X], 0), dy, dw.g, dw.add, db.g, db.add, &err);
    else if (db.g)
        dt_column_sum((int64_t)g.n * g.oh * g.ow, g.o, dy, n->out->dtype, db.add, db.g);
    if (err.code)
        dt_node_fail(n, err.code, "%s", err.msg);
}

const struct dt_op dt_op_conv2d = {
    .name = "conv2d",
    .n_in = N_IN,
    .flags = DT_OP_HALF,
    .half = 1 << X,
    .attr_size = sizeof(struct dt_conv_cfg),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = macs,
};

struct dt_tensor *dt_conv2d(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *w, struct dt_tensor *b,
                            const struct dt_conv_cfg *cfg)
{
    static const struct dt_conv_cfg none = { 0 };

    return dt_tape_apply(t, &dt_op_conv2d, N_IN, (struct dt_tensor *[]){ x, w, b }, cfg ? cfg : &none);
}
