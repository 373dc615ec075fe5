/* backward: the reverse sweep. Recording order is topological, so it is one loop from the end. A gradient lives from
 * the first op that writes it to the op that made its tensor; then its buffer goes to the next one. */
#include "autograd/tape.h"

#include <string.h>

static size_t tensor_bytes(const struct dt_tensor *x)
{
    return (size_t)dt_numel(&x->shape) * dt_dtype_size(x->dtype);
}

static bool has_grad(const struct dt_tensor *x)
{
    return x->grad || x->half_grad;
}

/* A free buffer of the same size, else a new one. The same step gives the same buffers, so the same cache lines. */
static void *grad_take(struct dt_node *n, size_t bytes)
{
    struct dt_tape *t = n->tape;
    void *data;

    for (int i = 0; i < t->n_bufs; i++)
        if (t->buf[i].free && t->buf[i].bytes == bytes) {
            t->buf[i].free = false;
            return t->buf[i].data;
        }
    if (t->n_bufs == t->buf_cap) {
        int cap = t->buf_cap ? 2 * t->buf_cap : 64;
        struct dt_grad_buf *grown = dt_realloc(t->buf, (size_t)cap * sizeof *grown);

        if (!grown) {
            dt_node_fail(n, DT_ENOMEM, "out of memory");
            return NULL;
        }
        t->buf = grown;
        t->buf_cap = cap;
    }
    data = dt_arena_alloc(t->large, bytes);
    if (!data)
        dt_node_fail(n, DT_ENOMEM, "out of memory for %zu bytes", bytes);
    else
        t->buf[t->n_bufs++] = (struct dt_grad_buf){ data, bytes, false };
    return data;
}

void dt_grad_release(struct dt_tape *t, const void *data)
{
    for (int i = 0; i < t->n_bufs; i++)
        if (t->buf[i].data == data) {
            t->buf[i].free = true;
            return;
        }
}

struct dt_grad dt_grad_in(struct dt_node *n, int i)
{
    struct dt_tensor *x = n->in[i];

    if (!x || !x->wants_grad)
        return (struct dt_grad){ NULL, false, NULL };
    if (has_grad(x))
        return (struct dt_grad){ x->grad, true, x->half_grad };
    if (x->dtype == DT_BF16)
        x->half_grad = grad_take(n, tensor_bytes(x));
    else
        x->grad = grad_take(n, tensor_bytes(x));
    return (struct dt_grad){ x->grad, false, x->half_grad };
}

bool dt_grad_hand_over(struct dt_node *n, int i)
{
    struct dt_tensor *x = n->in[i];

    if (!x || !x->wants_grad || has_grad(x) || !has_grad(n->out) || x->dtype != n->out->dtype)
        return false;
    DT_ASSERT(dt_numel(&x->shape) == dt_numel(&n->out->shape));
    x->grad = n->out->grad;
    x->half_grad = n->out->half_grad;
    n->out->grad = NULL;
    n->out->half_grad = NULL;
    return true;
}

static void sweep(struct dt_node *n)
{
    struct dt_tape *t = n->tape;
    struct dt_profile_mark mark = dt_profile_begin(t);

    n->op->backward(n);
    dt_profile_end(n, mark, DT_PROFILE_BACKWARD);
    if (has_grad(n->out)) {
        dt_grad_release(t, dt_grad_at(n->out, 0));
        n->out->grad = NULL;
        n->out->half_grad = NULL;
    }
}

enum dt_code dt_backward(struct dt_tape *t, struct dt_tensor *loss)
{
    DT_ASSERT(!t->dry);
    if (t->err.code)
        return t->err.code;
    if (dt_numel(&loss->shape) != 1) {
        char shape[64];

        dt_tape_fail(t, DT_ESHAPE, "backward: a loss has one element, this has shape %s",
                     dt_shape_str(&loss->shape, shape));
        return t->err.code;
    }
    if (!loss->wants_grad || !loss->node) {
        dt_tape_fail(t, DT_ESHAPE, "backward: the loss does not depend on anything that wants a gradient");
        return t->err.code;
    }
    loss->grad = grad_take(loss->node, sizeof(dt_real));
    if (!loss->grad)
        return t->err.code;
    loss->grad[0] = 1;
    t->at_segment = t->n_segments - 1;
    for (int i = loss->node->index; i >= 0 && !t->err.code; i--) {
        if (!has_grad(t->node[i]->out))
            continue;
        dt_segment_enter(t, i);
        if (!t->err.code)
            sweep(t->node[i]);
    }
    dt_segment_leave(t);
    return t->err.code;
}
