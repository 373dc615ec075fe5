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
    for (int64_t i = begin; i < end && y; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
    for (int64_t i = begin; i < end && !y; i++) /* a negative one has its highest bit set */
        w->n->out->half[i] = w->n->in[0]->half[i] >> 15 ? 0 : w->n->in[0]->half[i];
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
    w->k->act_grad(dt_grad_at(w->n->out, begin), dt_at(w->n->out, begin), end - begin, DT_RELU, w->dx.add,
                   dt_to(w->dx, begin));
}

static void backward(struct dt_node *n)
{
    struct work w = { .n = n, .k = dt_rows_kernel(n->out->dtype), .dx = dt_grad_in(n, 0) };

    if (dt_wanted(w.dx))
        dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, backward_chunk, &w);
}

const struct dt_op dt_op_relu = {
    .name = "relu",
    .n_in = 1,
    .half = 1,
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_relu(struct dt_tape *t, struct dt_tensor *x)
{
    return dt_tape_apply(t, &dt_op_relu, 1, &x, NULL);
}
