/* mul: y = a b, element by element        da = b dy        db = a dy */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    *out = n->in[0]->shape;
    return dt_shape_equal(out, &n->in[1]->shape) ||
           dt_fail_shapes(err, &n->in[1]->shape, out, "the factors' shapes differ");
}

static void product(const void *attr, int64_t n, const dt_real *restrict a, const dt_real *restrict b,
                    dt_real *restrict y)
{
    (void)attr;
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

static void forward(struct dt_node *n)
{
    dt_each_forward(n, product);
}

static void backward(struct dt_node *n)
{
    dt_each_backward(n, 0, product, n->out->grad, n->in[1]->data);
    dt_each_backward(n, 1, product, n->out->grad, n->in[0]->data);
}

const struct dt_op dt_op_mul = {
    .name = "mul",
    .n_in = 2,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_mul(struct dt_tape *t, struct dt_tensor *a, struct dt_tensor *b)
{
    return dt_tape_apply(t, &dt_op_mul, 2, (struct dt_tensor *[]){ a, b }, NULL);
}
