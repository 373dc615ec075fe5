/* pad_shortcut: y[n,i,j,before + k] = x[n,i s,j s,k], all other channels zero        dx[n,i s,j s,k] = dy[n,i,j,before
 * + k]
 *
 * The shortcut without parameters (He et al. 2016, option A). */
#include "autograd/ops/pad_shortcut.h"

#include "autograd/kernels/rows.h"
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>
#include <string.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_pad_shortcut *a = n->attr;
    const struct dt_shape *x = &n->in[0]->shape;
    char s[64];

    if (!dt_infer_rank(x, 4, "[n,h,w,c]", err))
        return false;
    if (a->stride < 1)
        return dt_fail(err, DT_ESHAPE, "stride %d must be at least 1", a->stride);
    if (a->before < 0 || x->d[3] > a->channels - a->before)
        return dt_fail(err, DT_ESHAPE, "%s does not fit %d channels behind the first %d", dt_shape_str(x, s),
                       a->channels, a->before);
    *out =
        dt_shape4(x->d[0], (x->d[1] + a->stride - 1) / a->stride, (x->d[2] + a->stride - 1) / a->stride, a->channels);
    return true;
}

/* Rows of output pixels. */
static void value(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end)
{
    const struct dt_pad_shortcut *a = n->attr;
    const struct dt_shape *in = &n->in[0]->shape, *out = &n->out->shape;
    size_t size = dt_dtype_size(n->out->dtype), c = (size_t)in->d[3] * size, before = (size_t)a->before * size;
    size_t after = (size_t)out->d[3] * size - before - c;

    for (int64_t r = begin; r < end; r++) {
        int64_t from = r / out->d[1] * in->d[1] + r % out->d[1] * a->stride;

        for (int ox = 0; ox < out->d[2]; ox++) {
            char *y = dt_to(to, (r * out->d[2] + ox) * out->d[3]);

            memset(y, 0, before);
            memcpy(y + before, dt_at(n->in[0], (from * in->d[2] + (int64_t)ox * a->stride) * in->d[3]), c);
            memset(y + before + c, 0, after);
        }
    }
}

/* Rows of input pixels: those that were passed over have no gradient. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct dt_pad_shortcut *a = n->attr;
    const struct dt_shape *in = &n->in[0]->shape, *out = &n->out->shape;
    const struct dt_rows_kernel *k = dt_rows_kernel(n->in[0]->dtype);
    int64_t row = (int64_t)in->d[2] * in->d[3];

    for (int64_t r = begin; r < end; r++) {
        int64_t iy = r % in->d[1], from = r / in->d[1] * out->d[1] + iy / a->stride;

        if (!dx.add)
            memset(dt_to(dx, r * row), 0, (size_t)row * dt_dtype_size(n->in[0]->dtype));
        for (int ox = 0; iy % a->stride == 0 && ox < out->d[2]; ox++) {
            void *to = dt_to(dx, r * row + (int64_t)ox * a->stride * in->d[3]);

            k->add_relu(to, dt_grad_at(n->out, (from * out->d[2] + ox) * out->d[3] + a->before), in->d[3], false, to);
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

    dt_each_row(n, dt_grad_in(n, 0), (int64_t)x->d[0] * x->d[1], (int64_t)x->d[2] * x->d[3], slope);
}

const struct dt_op dt_op_pad_shortcut = {
    .name = "pad_shortcut",
    .n_in = 1,
    .half = 1,
    .attr_size = sizeof(struct dt_pad_shortcut),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_pad_shortcut(struct dt_tape *t, struct dt_tensor *x, int stride, int channels, int before)
{
    return dt_tape_apply(t, &dt_op_pad_shortcut, 1, &x, &(struct dt_pad_shortcut){ stride, channels, before });
}
