/* lstm_cell: one step of long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al.
 * 2000) [i f g o] = x w' + h u' + b        i, f, o through sigmoid, g through tanh c' = f c + i g        h' = o
 * tanh(c') x [n,k]   (h, c) [n,2m]   w [4m,k]   u [4m,m]   b [4m]   ->   (h', c') [n,2m]
 *
 * With T = tanh(c') and D = dc' + dh' o (1 - T^2):   dc = D f, and before the gates' own nonlinearities
 *   da = [ D g i(1-i)   D c f(1-f)   D i (1-g^2)   dh' T o(1-o) ]
 *   dx = da w        dh = da u        dw = da' x        du = da' h        db = sum of da's rows */
#include "autograd/engine.h"
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <string.h>
#include <tgmath.h>

enum { X, HC, W, U, B, N_IN };

/* Forward saves the gates [n,4m], then T [n,m]; backward fills a buffer of the same shape with da, then dc. */
enum { GATES = 4 };

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[X]->shape, *hc = &n->in[HC]->shape;
    struct dt_shape want[N_IN];
    static const char *const why[N_IN] = { "", "", "w is [4h,i]", "u is [4h,h]", "b is [4h]" };

    if (!dt_infer_rank(x, 2, "x [n,i]", err) || !dt_infer_rank(hc, 2, "the state (h, c) [n,2h]", err))
        return false;
    if (hc->d[0] != x->d[0] || hc->d[1] % 2 || hc->d[1] < 2)
        return dt_fail_shapes(err, hc, x, "the state (h, c) is [n,2h]");
    want[W] = dt_shape2(2 * hc->d[1], x->d[1]);
    want[U] = dt_shape2(2 * hc->d[1], hc->d[1] / 2);
    want[B] = dt_shape1(2 * hc->d[1]);
    for (int i = W; i < N_IN; i++)
        if (!dt_shape_equal(&n->in[i]->shape, &want[i]))
            return dt_fail_shapes(err, &n->in[i]->shape, i == W ? x : hc, why[i]);
    *out = *hc;
    return true;
}

static dt_real sigma(dt_real x)
{
    return 1 / (1 + exp(-x));
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    int64_t rows = n->out->shape.d[0];
    int m = n->out->shape.d[1] / 2;

    for (int64_t r = begin; r < end; r++) {
        const dt_real *c = n->in[HC]->data + (2 * r + 1) * m;
        dt_real *gate = (dt_real *)n->save + r * GATES * m, *t = (dt_real *)n->save + (rows * GATES + r) * m;
        dt_real *h2 = y.g + 2 * r * m, *c2 = h2 + m;

        for (int k = 0; k < m; k++) {
            dt_real i = sigma(gate[k]), f = sigma(gate[m + k]), g = tanh(gate[2 * m + k]), o = sigma(gate[3 * m + k]);

            gate[k] = i;
            gate[m + k] = f;
            gate[2 * m + k] = g;
            gate[3 * m + k] = o;
            c2[k] = f * c[k] + i * g;
            t[k] = tanh(c2[k]);
            h2[k] = o * t[k];
        }
    }
}

static void forward(struct dt_node *n)
{
    int rows = n->out->shape.d[0], m = n->out->shape.d[1] / 2, k = n->in[X]->shape.d[1];
    dt_real *gate = n->save = dt_node_alloc(n, (size_t)rows * (GATES + 1) * (size_t)m * sizeof *gate);

    if (!gate)
        return;
    for (int r = 0; r < rows; r++)
        memcpy(gate + (int64_t)r * GATES * m, n->in[B]->data, GATES * (size_t)m * sizeof *gate);
    dt_gemm(false, true, rows, GATES * m, k, n->in[X]->data, k, n->in[W]->data, k, true, gate, GATES * m);
    dt_gemm(false, true, rows, GATES * m, m, n->in[HC]->data, 2 * m, n->in[U]->data, m, true, gate, GATES * m);
    dt_each_row(n, dt_each_out(n), rows, GATES * m, value);
}

/* da and dc. */
static void slope(struct dt_node *n, struct dt_grad da, int64_t begin, int64_t end)
{
    int64_t rows = n->out->shape.d[0];
    int m = n->out->shape.d[1] / 2;

    for (int64_t r = begin; r < end; r++) {
        const dt_real *c = n->in[HC]->data + (2 * r + 1) * m, *gate = (const dt_real *)n->save + r * GATES * m;
        const dt_real *tanh_c = (const dt_real *)n->save + (rows * GATES + r) * m;
        const dt_real *dh2 = n->out->grad + 2 * r * m, *dc2 = dh2 + m;
        dt_real *d = da.g + r * GATES * m, *dc1 = da.g + (rows * GATES + r) * m;

        for (int k = 0; k < m; k++) {
            dt_real i = gate[k], f = gate[m + k], g = gate[2 * m + k], o = gate[3 * m + k], t = tanh_c[k];
            dt_real dc = dc2[k] + dh2[k] * o * (1 - t * t);

            d[k] = dc * g * i * (1 - i);
            d[m + k] = dc * c[k] * f * (1 - f);
            d[2 * m + k] = dc * i * (1 - g * g);
            d[3 * m + k] = dh2[k] * t * o * (1 - o);
            dc1[k] = dc * f;
        }
    }
}

static void backward(struct dt_node *n)
{
    int rows = n->out->shape.d[0], m = n->out->shape.d[1] / 2, k = n->in[X]->shape.d[1];
    dt_real *da = dt_node_alloc(n, (size_t)rows * (GATES + 1) * (size_t)m * sizeof *da);
    struct dt_grad d;

    if (!da)
        return;
    dt_each_row(n, (struct dt_grad){ .g = da, .add = false }, rows, GATES * m, slope);
    d = dt_grad_in(n, X);
    if (d.g)
        dt_gemm(false, false, rows, k, GATES * m, da, GATES * m, n->in[W]->data, k, d.add, d.g, k);
    d = dt_grad_in(n, HC);
    if (d.g) {
        dt_gemm(false, false, rows, m, GATES * m, da, GATES * m, n->in[U]->data, m, d.add, d.g, 2 * m);
        dt_each_run(rows, m, da + (int64_t)rows * GATES * m, m, (struct dt_grad){ .g = d.g + m, .add = d.add }, 2 * m);
    }
    d = dt_grad_in(n, W);
    if (d.g)
        dt_gemm(true, false, GATES * m, k, rows, da, GATES * m, n->in[X]->data, k, d.add, d.g, k);
    d = dt_grad_in(n, U);
    if (d.g)
        dt_gemm(true, false, GATES * m, m, rows, da, GATES * m, n->in[HC]->data, 2 * m, d.add, d.g, m);
    d = dt_grad_in(n, B);
    if (d.g)
        dt_column_sum(rows, GATES * m, da, DT_REAL_DTYPE, d.add, d.g);
}

static int64_t macs(const struct dt_node *n)
{
    int64_t m = n->out->shape.d[1] / 2;

    return n->out->shape.d[0] * GATES * m * (n->in[X]->shape.d[1] + m);
}

const struct dt_op dt_op_lstm_cell = {
    .name = "lstm_cell",
    .n_in = N_IN,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = macs,
};

struct dt_tensor *dt_lstm_cell(struct dt_tape *t, struct dt_tensor *x, struct dt_tensor *hc, struct dt_tensor *w,
                               struct dt_tensor *u, struct dt_tensor *b)
{
    return dt_tape_apply(t, &dt_op_lstm_cell, N_IN, (struct dt_tensor *[]){ x, hc, w, u, b }, NULL);
}
