/* relu: y = max(0, x)        dx = dy where y > 0 */
#include "autograd/kernels/rows.h"
#include "autograd/op.h"

#include <dyntrain/ops.h>

struct work {
    struct dt_node *n;
    const struct dt_rows_kernel *k;
    struct dt_grad dx;
};

static void forward_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    const dt_real *x = w->n->in[0]->data;
    dt_real *y = w->n->out->data;

    (void)chunk;
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

static void forward(struct dt_node *n)
{
    struct work w = { .n = n };

    dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, forward_chunk, &w);
}

static void backward_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;

    (void)chunk;
    w->k->relu_grad(w->n->out->grad + begin, w->n->out->data + begin, end - begin, w->dx.add, w->dx.g + begin);
}

static void backward(struct dt_node *n)
{
    struct work w = { .n = n, .k = dt_rows_kernel(), .dx = dt_grad_in(n, 0) };

    if (w.dx.g)
        dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, backward_chunk, &w);
}

const struct dt_op dt_op_relu = {
    .name = "relu",
    .n_in = 1,
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_relu(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_relu, 1, &x, NULL);
}
