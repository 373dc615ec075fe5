/* cast: y = x in another type, rounded to nearest; dx = dy cast back. The tape records it where types meet (half.c). */
#include "autograd/op.h"

#include <dyntrain/ops.h>

/* to[i] = (add ? to[i] : 0) + from[i] */
struct work {
    const dt_real *real;
    const dt_bf16 *half;
    struct dt_grad to;
};

static void chunk_of(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct work *w = ctx;

    (void)chunk;
    if (w->half)
        for (int64_t i = begin; i < end; i++)
            w->to.g[i] = (w->to.add ? w->to.g[i] : 0) + dt_real_of(w->half[i]);
    else if (w->to.add)
        for (int64_t i = begin; i < end; i++)
            w->to.half[i] = dt_bf16_of(dt_real_of(w->to.half[i]) + w->real[i]);
    else
        for (int64_t i = begin; i < end; i++)
            w->to.half[i] = dt_bf16_of(w->real[i]);
}

static void forward(struct dt_node *n)
{
    struct work w = { n->in[0]->data, n->in[0]->half, { n->out->data, false, n->out->half } };

    dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, chunk_of, &w);
}

static void backward(struct dt_node *n)
{
    struct work w = { n->out->grad, n->out->half_grad, dt_grad_in(n, 0) };

    if (dt_wanted(w.to))
        dt_par_for(dt_numel(&n->out->shape), DT_GRAIN, chunk_of, &w);
}

const struct dt_op dt_op_cast = {
    .name = "cast",
    .n_in = 1,
    .attr_size = sizeof(enum dt_dtype),
    .infer = dt_infer_same,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_cast(struct dt_tape *t, struct dt_tensor *x, enum dt_dtype dtype)
{
    if (x->dtype == dtype)
        return x;
    return dt_tape_apply(t, &dt_op_cast, 1, &x, &dtype);
}
