/* dropout: y = m x / (1 - p), m = 0 with probability p        dx = m dy / (1 - p)   (inverted; Srivastava et al. 2014)
 *
 * Nothing is saved: the mask of element i is a word of the counter generator at i, so backward draws the same one, and
 * it does not depend on how the work is cut. One draw gives the words of four elements. */
#include "autograd/ops/each.h"

#include <dyntrain/ops.h>

enum { WORDS = 4 };

struct attr {
    double p;
    struct dt_rng rng;
};

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct attr *a = n->attr;

    *out = n->in[0]->shape;
    return (a->p >= 0 && a->p < 1) || dt_fail(err, DT_ESHAPE, "probability %g is not in [0, 1)", a->p);
}

/* Groups of four elements [begin, end) of x, through the mask, to `to`. */
static void mask(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end, const dt_real *x)
{
    const struct attr *a = n->attr;
    const struct dt_rng *r = &a->rng;
    const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };
    uint32_t first = r->draw / WORDS + (r->draw % WORDS != 0), word[WORDS];
    double limit = a->p * 0x1p32;
    dt_real scale = (dt_real)(1 / (1 - a->p));
    int64_t count = dt_numel(&n->out->shape);

    for (int64_t b = begin; b < end; b++) {
        const uint32_t counter[4] = { first + (uint32_t)b, r->index, r->epoch, r->stream };

        dt_philox4x32(counter, key, word);
        for (int64_t k = 0, i = b * WORDS; k < WORDS && i < count; k++, i++) {
            dt_real y = word[k] < limit ? 0 : scale * x[i];

            to.g[i] = to.add ? to.g[i] + y : y;
        }
    }
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    mask(n, y, begin, end, n->in[0]->data);
}

static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    mask(n, dx, begin, end, n->out->grad);
}

static void forward(struct dt_node *n)
{
    dt_each_row(n, dt_each_out(n), dt_par_chunks(dt_numel(&n->out->shape), WORDS), WORDS, value);
}

static void backward(struct dt_node *n)
{
    dt_each_row(n, dt_grad_in(n, 0), dt_par_chunks(dt_numel(&n->out->shape), WORDS), WORDS, slope);
}

const struct dt_op dt_op_dropout = {
    .name = "dropout",
    .n_in = 1,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_dropout(struct dt_tape *t, struct dt_tensor *x, double p, struct dt_rng rng)
{
    return p == 0 ? x : dt_tape_apply(t, &dt_op_dropout, 1, &x, &(struct attr){ p, rng });
}
