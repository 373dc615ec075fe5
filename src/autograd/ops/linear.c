/* linear: y[n,o] = x[n,i] w[o,i]^T + b[o]        dx = dy w        dw = dy^T x        db = the column sums of dy */
#include "autograd/engine.h"
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { X, W, B, N_IN };

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[X]->shape, *w = &n->in[W]->shape;
    char ws[64], xs[64];

    if (x->rank != 2 || w->rank != 2 || w->d[1] != x->d[1] || w->d[0] < 1 || w->d[1] < 1)
        return dt_fail(err, DT_ESHAPE, "weight %s does not fit input %s", dt_shape_str(w, ws), dt_shape_str(x, xs));
    if (n->in[B] && (n->in[B]->shape.rank != 1 || n->in[B]->shape.d[0] != w->d[0]))
        return dt_fail_shapes(err, &n->in[B]->shape, w, "one bias an output");
    *out = dt_shape2(x->d[0], w->d[0]);
    return true;
}

static int64_t macs(const struct dt_node *n)
{
    return dt_numel(&n->out->shape) * n->in[W]->shape.d[1];
}

static void forward(struct dt_node *n)
{
    const struct dt_tensor *b = n->in[B];
    int rows = n->in[X]->shape.d[0], i = n->in[W]->shape.d[1], o = n->in[W]->shape.d[0];
    dt_real *y = n->out->data;

    for (int r = 0; r < rows && b; r++)
        memcpy(y + (ptrdiff_t)r * o, b->data, (size_t)o * sizeof *y);
    dt_gemm(false, true, rows, o, i, n->in[X]->data, i, n->in[W]->data, i, b != NULL, y, o);
}

static void backward(struct dt_node *n)
{
    struct dt_grad dx = dt_grad_in(n, X), dw = dt_grad_in(n, W), db = dt_grad_in(n, B);
    int rows = n->in[X]->shape.d[0], i = n->in[W]->shape.d[1], o = n->in[W]->shape.d[0];
    const dt_real *dy = n->out->grad;

    if (dx.g)
        dt_gemm(false, false, rows, i, o, dy, o, n->in[W]->data, i, dx.add, dx.g, i);
    if (dw.g)
        dt_gemm(true, false, o, i, rows, dy, o, n->in[X]->data, i, dw.add, dw.g, i);
    if (db.g)
        dt_column_sum(rows, o, dy, DT_REAL_DTYPE, db.add, db.g);
}

const struct dt_op dt_op_linear = {
    .name = "linear",
    .n_in = N_IN,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = macs,
};

struct dt_tensor *dt_linear(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *w, struct dt_tensor *b)
{
    return dt_tape_apply(t, &dt_op_linear, N_IN, (struct dt_tensor *[]){ x, w, b }, NULL);
}
