/* upsample: y[n,oy,ox,c] = x[n,oy/f,ox/f,c], the nearest pixel        dx = sum of dy over the f x f copies */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <limits.h>
#include <string.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    int f = *(const int *)n->attr;
    const struct dt_shape *x = &n->in[0]->shape;

    if (!dt_infer_rank(x, 4, "[n,h,w,c]", err))
        return false;
    if (f < 1 || x->d[1] > INT_MAX / f || x->d[2] > INT_MAX / f)
        return dt_fail(err, DT_ESHAPE, "factor %d must be at least 1, and the result not too large", f);
    *out = dt_shape4(x->d[0], x->d[1] * f, x->d[2] * f, x->d[3]);
    return true;
}

/* Rows of output pixels. */
static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    int f = *(const int *)n->attr, w = n->in[0]->shape.d[2], c = n->in[0]->shape.d[3];

    /* oh = h f, so row r of all samples comes from row r / f of all samples */
    for (int64_t r = begin; r < end; r++) {
        const dt_real *x = n->in[0]->data + r / f * w * c;
        dt_real *to = y.g + r * f * w * c;

        for (int ox = 0; ox < w * f; ox++)
            memcpy(to + (int64_t)ox * c, x + (int64_t)(ox / f) * c, (size_t)c * sizeof *to);
    }
}

/* Rows of input pixels. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    int f = *(const int *)n->attr, w = n->in[0]->shape.d[2], c = n->in[0]->shape.d[3];

    for (int64_t r = begin; r < end; r++) {
        dt_real *row = dx.g + r * w * c;

        if (!dx.add)
            memset(row, 0, (size_t)w * (size_t)c * sizeof *row);
        for (int64_t oy = r * f; oy < (r + 1) * f; oy++)
            for (int ox = 0; ox < w * f; ox++) {
                const dt_real *restrict dy = n->out->grad + (oy * f * w + ox) * c;
                dt_real *restrict g = row + (int64_t)(ox / f) * c;

                for (int k = 0; k < c; k++)
                    g[k] += dy[k];
            }
    }
}

static void forward(struct dt_node *n)
{
    const struct dt_shape *y = &n->out->shape;

    dt_each_row(n, dt_each_out(n), (int64_t)y->d[0] * y->d[1], (int64_t)y->d[2] * y->d[3], value);
}

static void backward(struct dt_node *n)
{
    const struct dt_shape *x = &n->in[0]->shape;

    dt_each_row(n, dt_grad_in(n, 0), (int64_t)x->d[0] * x->d[1], (int64_t)n->out->shape.d[2] * x->d[3], slope);
}

const struct dt_op dt_op_upsample = {
    .name = "upsample",
    .n_in = 1,
    .attr_size = sizeof(int),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_upsample(struct dt_tape *t, struct dt_tensor *x, int factor)
{
    return dt_tape_apply(t, &dt_op_upsample, 1, &x, &factor);
}
