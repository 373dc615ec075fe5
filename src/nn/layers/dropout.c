/* dropout (Srivastava et al. 2014), inverted: nothing to do when not training, or frozen. */
#include "nn/layers/layer.h"

enum { WORDS = 4 }; /* numbers are drawn four at a time: the op may start and end up to three late */

struct dropout {
    struct dt_module base;
    double p;
};

static struct dt_tensor *forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dropout *d = (struct dropout *)m;
    struct dt_rng rng = run->rng;

    if (!run->training || m->frozen || d->p <= 0)
        return x;
    run->rng.draw += (uint32_t)dt_numel(&x->shape) + 2 * WORDS; /* the next use draws behind this one */
    return dt_dropout(run->tape, x, d->p, rng);
}

static void describe(const struct dt_module *m, char *buf, size_t size)
{
    snprintf(buf, size, "p = %g", ((const struct dropout *)m)->p);
}

static const struct dt_module_class dropout_class = { "dropout", sizeof(struct dropout), forward, describe };

struct dt_module *dt_dropout_layer(struct dt_net *n, struct dt_module *parent, const char *name, double p)
{
    struct dt_module *m = dt_module_new(n, parent, &dropout_class, "%s", name);

    ((struct dropout *)m)->p = p;
    return m;
}
