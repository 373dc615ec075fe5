/* add: y = act(a + b)        da = db = g,  g = dy (where y > 0 under ReLU)
 *
 * Three forms: equal shapes; b [c] added to every row of a, db = sum of rows; equal but for the channels, where the
 * shorter one counts as zero beyond its own, so that networks of different widths meet. */
#include "autograd/engine.h"
#include "autograd/kernels/rows.h"
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <string.h>

struct work {
    struct dt_node *n;
    const struct dt_rows_kernel *k;
    int c, ca, cb; /* channels of the result, of a, of b */
    bool relu;
    struct dt_grad d;
    int cd; /* channels of the operand whose gradient is written */
};

static bool same_rows(const struct dt_shape *a, const struct dt_shape *b)
{
    for (int i = 0; i + 1 < a->rank; i++)
        if (a->d[i] != b->d[i])
            return false;
    return a->rank == b->rank && a->rank > 0;
}

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *a = &n->in[0]->shape, *b = &n->in[1]->shape;
    int last = a->rank - 1;

    *out = *a;
    if (dt_shape_equal(a, b) || (b->rank == 1 && a->rank > 1 && b->d[0] == a->d[last]))
        return true;
    if (!same_rows(a, b))
        return dt_fail_shapes(err, b, a, "neither equal, nor a row, nor a prefix of its channels");
    out->d[last] = a->d[last] > b->d[last] ? a->d[last] : b->d[last];
    return true;
}

static bool is_bias(const struct dt_node *n)
{
    return n->in[1]->shape.rank == 1 && n->in[0]->shape.rank > 1;
}

static struct work work_of(struct dt_node *n)
{
    struct work w = { .n = n, .k = dt_rows_kernel(n->out->dtype), .relu = *(const enum dt_act *)n->attr == DT_RELU };
    const struct dt_shape *a = &n->in[0]->shape, *b = &n->in[1]->shape;

    w.ca = a->rank ? a->d[a->rank - 1] : 1;
    w.cb = b->rank ? b->d[b->rank - 1] : 1;
    w.c = w.ca > w.cb ? w.ca : w.cb;
    return w;
}

static int64_t n_rows(const struct work *w)
{
    return w->c ? dt_numel(&w->n->out->shape) / w->c : 0;
}

static int64_t grain(const struct work *w)
{
    return w->c ? DT_GRAIN / w->c + 1 : 1;
}

static void equal_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;

    (void)chunk;
    w->k->add_relu(dt_at(w->n->in[0], begin), dt_at(w->n->in[1], begin), end - begin, w->relu, dt_at(w->n->out, begin));
}

static void rows_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    bool bias = is_bias(w->n);

    (void)chunk;
    for (int64_t r = begin; r < end; r++) {
        const dt_real *a = w->n->in[0]->data + r * w->ca, *b = w->n->in[1]->data + (bias ? 0 : r * w->cb);
        dt_real *y = w->n->out->data + r * w->c;

        for (int k = 0; k < w->c; k++) {
            dt_real v = (k < w->ca ? a[k] : 0) + (k < w->cb ? b[k] : 0);

            y[k] = w->relu && v < 0 ? 0 : v;
        }
    }
}

static void forward(struct dt_node *n)
{
    struct work w = work_of(n);

    if (dt_shape_equal(&n->in[0]->shape, &n->in[1]->shape))
        dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, equal_chunk, &w);
    else
        dt_par_for(n_rows(&w), grain(&w), rows_chunk, &w);
}

/* The gradient of the sum, in place of the result's own. */
static void mask_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    void *dy = dt_grad_at(w->n->out, begin);

    (void)chunk;
    w->k->act_grad(dy, dt_at(w->n->out, begin), end - begin, DT_RELU, false, dy);
}

static void copy_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    dt_real *restrict d = w->d.g;
    const dt_real *restrict dy = w->n->out->grad;
    int64_t at = begin * w->c, n = (end - begin) * w->c;

    (void)chunk;
    if (w->cd == w->c && !w->d.add) {
        memcpy(dt_to(w->d, at), dt_grad_at(w->n->out, at), (size_t)n * dt_dtype_size(w->n->out->dtype));
        return;
    }
    if (w->cd == w->c) {
        w->k->add_relu(dt_to(w->d, at), dt_grad_at(w->n->out, at), n, false, dt_to(w->d, at));
        return;
    }
    for (int64_t r = begin; r < end; r++)
        for (int k = 0; k < w->cd; k++)
            d[r * w->cd + k] = w->d.add ? d[r * w->cd + k] + dy[r * w->c + k] : dy[r * w->c + k];
}

static void backward(struct dt_node *n)
{
    struct work w = work_of(n);

    if (w.relu)
        dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, mask_chunk, &w);
    for (int i = 1; i >= 0; i--) {
        if (i == 0 && w.ca == w.c && dt_grad_hand_over(n, 0))
            continue;
        w.d = dt_grad_in(n, i);
        w.cd = i ? w.cb : w.ca;
        if (dt_wanted(w.d) && i == 1 && is_bias(n))
            dt_column_sum(n_rows(&w), w.c, n->out->grad, DT_REAL_DTYPE, w.d.add, w.d.g);
        else if (dt_wanted(w.d))
            dt_par_for(n_rows(&w), grain(&w), copy_chunk, &w);
    }
}

const struct dt_op dt_op_add = {
    .name = "add",
    .n_in = 2,
    .half = 3,
    .attr_size = sizeof(enum dt_act),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_add(struct dt_tape *t, struct dt_tensor *a, struct dt_tensor *b, enum dt_act act)
{
    DT_ASSERT(act != DT_RELU6);
    if (!dt_shape_equal(&a->shape, &b->shape)) { /* bfloat16 has the first form only */
        a = dt_cast(t, a, DT_REAL_DTYPE);
        b = dt_cast(t, b, DT_REAL_DTYPE);
    }
    return dt_tape_apply(t, &dt_op_add, 2, (struct dt_tensor *[]){ a, b }, &act);
}
