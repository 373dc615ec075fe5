/* Weights of a blend by maximum likelihood: see blend.h. */
#include "gating/blend.h"

#include <math.h>

#include "gating/lbfgs.h"

struct blend {
    int n, classes, m;
    const dt_real *const *logits;
    const int *label;
    double *p; /* [classes] */
};

/* Adds one sample's -log p(label) and its derivatives. */
static double sample(const struct blend *b, int i, const double *w, double *g)
{
    double top = -INFINITY, sum = 0, loss;

    for (int k = 0; k < b->classes; k++) {
        b->p[k] = 0;
        for (int m = 0; m < b->m; m++)
            b->p[k] += w[m] * (double)b->logits[m][(int64_t)i * b->classes + k];
        top = fmax(top, b->p[k]);
    }
    for (int k = 0; k < b->classes; k++)
        sum += exp(b->p[k] - top);
    loss = top + log(sum) - b->p[b->label[i]];
    for (int k = 0; k < b->classes; k++) {
        double d = (exp(b->p[k] - top) / sum - (k == b->label[i])) / b->n;

        for (int m = 0; m < b->m; m++)
            g[m] += d * (double)b->logits[m][(int64_t)i * b->classes + k];
    }
    return loss / b->n;
}

static double loss(void *ctx, const double *w, double *g)
{
    double sum = 0;

    for (int m = 0; m < ((struct blend *)ctx)->m; m++)
        g[m] = 0;
    for (int i = 0; i < ((struct blend *)ctx)->n; i++)
        sum += sample(ctx, i, w, g);
    return sum;
}

enum dt_code dt_blend_fit(int n, int classes, int m, const dt_real *const *logits, const int *label, double *w,
                          struct dt_err *err)
{
    struct blend b = { n, classes, m, logits, label, dt_calloc((size_t)classes, sizeof(double)) };
    enum dt_code code = DT_ENOMEM;

    for (int i = 0; i < m; i++)
        w[i] = 1.0 / m;
    if (b.p)
        code = dt_lbfgs(m, loss, &b, &(struct dt_lbfgs_cfg){ .iterations = 100, .gradient = 1e-6 }, w, NULL, err);
    else
        dt_fail(err, DT_ENOMEM, "out of memory for a fit over %d classes", classes);
    dt_free(b.p);
    return code;
}
