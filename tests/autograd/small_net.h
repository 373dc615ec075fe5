/* Parameters of a small network and plain SGD on them, for tests that train. */
#ifndef DT_TESTS_SMALL_NET_H
#define DT_TESTS_SMALL_NET_H

#include <dyntrain/tensor.h>

enum { SMALL_NET_MAX = 32 };

struct small_net {
    int n;
    struct dt_tensor p[SMALL_NET_MAX];
    dt_real *velocity[SMALL_NET_MAX];
};

/* A parameter, all zero; lives until small_net_free. trained: takes gradients. */
struct dt_tensor *small_net_add(struct small_net *net, struct dt_shape shape, bool trained);
void small_net_fill(struct dt_tensor *p, double value);
/* Normal numbers of deviation sqrt(2 / fan-in). */
void small_net_init(struct dt_tensor *p, uint32_t index);
void small_net_zero_grad(struct small_net *net);
/* As torch.optim.SGD with nesterov: g += decay x; v = momentum v + g; x -= lr (g + momentum v). */
void small_net_sgd(struct small_net *net, double lr, double momentum, double decay);
void small_net_free(struct small_net *net);

#endif
