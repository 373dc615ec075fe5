/* bare: the time of a network's convolution primitives alone, so that a training step can be held against it. */
#include "autograd/engine.h"
#include "autograd/tape.h"

#include <string.h>

enum { MAX_KINDS = 256 };

struct kind { /* convolutions of one geometry are timed once */
    struct dt_conv_geom geom;
    bool data; /* its gradient for the input is needed: not at the stem */
    double seconds;
};

static const struct kind *time_kind(struct kind *kinds, int *n, struct dt_engine *e, const struct kind *k, int runs,
                                    struct dt_err *err)
{
    double t[3];

    for (int i = 0; i < *n; i++)
        if (!memcmp(&kinds[i].geom, &k->geom, sizeof k->geom) && kinds[i].data == k->data)
            return &kinds[i];
    if (*n == MAX_KINDS) {
        dt_fail(err, DT_EENGINE, "more than %d kinds of convolution", MAX_KINDS);
        return NULL;
    }
    kinds[*n] = *k;
    if (!e->class_->conv_time(e, &k->geom, k->data, runs, t, err))
        return NULL;
    kinds[*n].seconds = t[0] + t[1] + t[2];
    return &kinds[(*n)++];
}

enum dt_code dt_bare_convs(const struct dt_tape *dry, struct dt_engine *e, enum dt_dtype dtype, int batch, int runs,
                           double *seconds, struct dt_err *err)
{
    struct kind *kinds = dt_calloc(MAX_KINDS, sizeof *kinds);
    int n = 0;

    *seconds = 0;
    if (!kinds)
        dt_fail(err, DT_ENOMEM, "out of memory");
    for (int i = 0; i < dry->n_nodes && !err->code && e->class_->conv_time; i++) {
        const struct dt_node *node = dry->node[i];
        struct kind k = { .data = node->n_in && node->in[0] && node->in[0]->node };
        const struct kind *timed;

        if (node->op != &dt_op_conv2d)
            continue;
        k.geom = dt_conv_geom_of(node);
        k.geom.n = batch;
        k.geom.half = dtype == DT_BF16;
        timed = time_kind(kinds, &n, e, &k, runs, err);
        *seconds += timed ? timed->seconds : 0;
    }
    dt_free(kinds);
    return err->code;
}
