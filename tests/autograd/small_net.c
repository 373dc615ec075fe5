#include "small_net.h"

#include <check.h>
#include <math.h>
#include <string.h>

static dt_real *zeros(const struct dt_shape *s)
{
    dt_real *x = dt_calloc((size_t)dt_numel(s), sizeof *x);

    ck_assert_ptr_nonnull(x);
    return x;
}

struct dt_tensor *small_net_add(struct small_net *net, struct dt_shape shape, bool trained)
{
    struct dt_tensor *p = &net->p[net->n];

    ck_assert_int_lt(net->n, SMALL_NET_MAX);
    *p = (struct dt_tensor){ .shape = shape, .data = zeros(&shape), .wants_grad = trained, .param = true };
    if (trained)
        p->grad = zeros(&shape);
    net->velocity[net->n++] = zeros(&shape);
    return p;
}

void small_net_fill(struct dt_tensor *p, double value)
{
    for (int64_t i = 0; i < dt_numel(&p->shape); i++)
        p->data[i] = (dt_real)value;
}

void small_net_init(struct dt_tensor *p, uint32_t index)
{
    struct dt_rng rng = dt_rng_at(11, DT_STREAM_INIT, 0, index);
    double deviation = sqrt(2.0 * p->shape.d[0] / (double)dt_numel(&p->shape));

    for (int64_t i = 0; i < dt_numel(&p->shape); i++)
        p->data[i] = (dt_real)(deviation * dt_rng_normal(&rng));
}

void small_net_zero_grad(struct small_net *net)
{
    for (int i = 0; i < net->n; i++)
        if (net->p[i].grad)
            memset(net->p[i].grad, 0, (size_t)dt_numel(&net->p[i].shape) * sizeof(dt_real));
}

void small_net_sgd(struct small_net *net, double lr, double momentum, double decay)
{
    for (int i = 0; i < net->n; i++) {
        struct dt_tensor *p = &net->p[i];
        dt_real *v = net->velocity[i];

        for (int64_t k = 0; p->grad && k < dt_numel(&p->shape); k++) {
            double g = (double)p->grad[k] + decay * (double)p->data[k];

            v[k] = (dt_real)(momentum * (double)v[k] + g);
            p->data[k] -= (dt_real)(lr * (g + momentum * (double)v[k]));
        }
        p->version++;
    }
}

void small_net_free(struct small_net *net)
{
    for (int i = 0; i < net->n; i++) {
        dt_pack_free(&net->p[i]);
        dt_free(net->p[i].data);
        dt_free(net->p[i].grad);
        dt_free(net->velocity[i]);
    }
    net->n = 0;
}
