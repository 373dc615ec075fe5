/* global_avg_pool: y[n,c] = mean over h, w of x[n,h,w,c]        dx = dy / (h w) */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

enum { BLOCK = 256 }; /* channels summed at a time, in double */

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[0]->shape;
    char s[64];

    if (!dt_infer_rank(x, 4, "[n,h,w,c]", err))
        return false;
    if (x->d[1] < 1 || x->d[2] < 1)
        return dt_fail(err, DT_ESHAPE, "%s has no pixels", dt_shape_str(x, s));
    *out = dt_shape2(x->d[0], x->d[3]);
    return true;
}

static int64_t n_pixels(const struct dt_node *n)
{
    return (int64_t)n->in[0]->shape.d[1] * n->in[0]->shape.d[2];
}

static void add_row(const dt_real *restrict row, int m, double *restrict sum)
{
    for (int k = 0; k < m; k++)
        sum[k] += (double)row[k];
}

static void add_half_row(const dt_bf16 *restrict row, int m, double *restrict sum)
{
    for (int k = 0; k < m; k++)
        sum[k] += (double)dt_real_of(row[k]);
}

/* Sample i. */
static void mean_sample(const struct dt_tensor *x, int64_t i, int64_t pixels, int c, dt_real *y)
{
    for (int from = 0; from < c; from += BLOCK) {
        int m = c - from < BLOCK ? c - from : BLOCK;
        double sum[BLOCK] = { 0 };

        for (int64_t p = i * pixels; p < (i + 1) * pixels; p++)
            if (x->half)
                add_half_row(x->half + p * c + from, m, sum);
            else
                add_row(x->data + p * c + from, m, sum);
        for (int k = 0; k < m; k++)
            y[from + k] = (dt_real)(sum[k] / (double)pixels);
    }
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    int64_t pixels = n_pixels(n);
    int c = n->out->shape.d[1];

    for (int64_t i = begin; i < end; i++)
        mean_sample(n->in[0], i, pixels, c, y.g + i * c);
}

static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int64_t pixels = n_pixels(n);
    int c = n->out->shape.d[1];
    dt_real scale = (dt_real)(1.0 / (double)pixels);

    for (int64_t i = begin; i < end; i++) {
        const dt_real *restrict dy = n->out->grad + i * c;

        for (int64_t p = i * pixels; p < (i + 1) * pixels; p++) {
            dt_real *restrict g = dx.g + p * c;
            dt_bf16 *restrict h = dx.half + p * c;

            for (int k = 0; dx.half && k < c; k++)
                h[k] = dt_bf16_of((dx.add ? dt_real_of(h[k]) : 0) + scale * dy[k]);
            for (int k = 0; dx.g && k < c; k++)
                g[k] = (dx.add ? g[k] : 0) + scale * dy[k];
        }
    }
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), n->out->shape.d[0], dt_shape_sample(&n->in[0]->shape), slope);
}

const struct dt_op dt_op_global_avg_pool = {
    .name = "global_avg_pool",
    .n_in = 1,
    .flags = DT_OP_REAL_OUT,
    .half = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_global_avg_pool(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_global_avg_pool, 1, &x, NULL);
}
