/* weight_join: weights of equal layers side by side along dimension `dim`, so that the layers run as one
 *   y = w_1 | w_2 | ...        dw_i = its part of dy
 * It counts as a view of the weights (DT_OP_ALIAS): it is no activation. */
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <string.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    int dim = *(const int *)n->attr;

    if (n->n_in < 1 || dim < 0 || dim >= n->in[0]->shape.rank)
        return dt_fail(err, DT_ESHAPE, "nothing to join, or no dimension %d", dim);
    *out = n->in[0]->shape;
    for (int i = 1; i < n->n_in; i++)
        if (!dt_shape_equal(&n->in[i]->shape, &n->in[0]->shape))
            return dt_fail_shapes(err, &n->in[i]->shape, &n->in[0]->shape, "weights that are joined are alike");
    out->d[dim] *= n->n_in;
    return true;
}

/* Runs of `len` elements, `rows` a weight, lie in turn. */
struct runs {
    size_t rows, len;
};

static struct runs runs_of(const struct dt_node *n)
{
    const struct dt_shape *w = &n->in[0]->shape;
    struct runs r = { 1, 1 };

    for (int i = 0; i < w->rank; i++)
        *(i < *(const int *)n->attr ? &r.rows : &r.len) *= (size_t)w->d[i];
    return r;
}

static void forward(struct dt_node *n)
{
    struct runs r = runs_of(n);
    size_t parts = (size_t)n->n_in;

    n->out->data = dt_node_alloc(n, (size_t)dt_numel(&n->out->shape) * sizeof(dt_real));
    for (size_t i = 0; i < r.rows && n->out->data; i++)
        for (size_t k = 0; k < parts; k++)
            memcpy(n->out->data + (i * parts + k) * r.len, n->in[k]->data + i * r.len, r.len * sizeof(dt_real));
}

static void backward(struct dt_node *n)
{
    struct runs r = runs_of(n);
    size_t parts = (size_t)n->n_in;

    for (size_t k = 0; k < parts; k++) {
        struct dt_grad dw = dt_grad_in(n, (int)k);

        for (size_t i = 0; i < r.rows && dw.g; i++) {
            const dt_real *restrict dy = n->out->grad + (i * parts + k) * r.len;
            dt_real *restrict g = dw.g + i * r.len;

            for (size_t j = 0; j < r.len; j++)
                g[j] = (dw.add ? g[j] : 0) + dy[j];
        }
    }
}

const struct dt_op dt_op_weight_join = {
    .name = "weight_join",
    .n_in = 0,
    .flags = DT_OP_ALIAS,
    .attr_size = sizeof(int),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_weight_join(struct dt_tape *t, struct dt_tensor *const *w, int n, int dim)
{
    return dt_tape_apply(t, &dt_op_weight_join, n, w, &dim);
}
