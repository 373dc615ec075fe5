/* Families of decisions: constant, linear, and a small network, both by weighted logistic loss
 *   sum_i w_i log(1 + exp(-y_i z_i)) / sum_i w_i + l2/2 |weights|^2        y_i = sign of the gain, w_i = its size
 * on features that are standardised for the fit; the scaling is folded into the weights afterwards. */
#include "gating/family.h"

#include <math.h>
#include <string.h>

#include "gating/lbfgs.h"

/* ---- constant ---- */

static int constant_params(int n_x, const struct dt_family_cfg *cfg)
{
    (void)n_x;
    (void)cfg;
    return 1;
}

static enum dt_code constant_fit(const struct dt_examples *e, const struct dt_family_cfg *cfg, double *p,
                                 struct dt_err *err)
{
    (void)e;
    (void)cfg;
    (void)err;
    p[0] = 0;
    return DT_OK;
}

static double constant_score(const double *p, const double *x, int n_x, const struct dt_family_cfg *cfg)
{
    (void)x;
    (void)n_x;
    (void)cfg;
    return p[0];
}

const struct dt_family dt_family_constant = { "constant", constant_params, constant_fit, constant_score };

/* ---- the standardised problem ---- */

struct fit {
    int n, k, hidden;
    double l2, total;       /* of the weights */
    double *z;              /* [n][k] standardised */
    double *w, *y;          /* [n] weight, label +-1 */
    double *mean, *inverse; /* [k] */
    double *act;            /* mlp: [hidden] */
};

static void moments(const struct dt_examples *e, struct fit *f)
{
    for (int i = 0; i < e->n; i++)
        for (int j = 0; j < f->k; j++)
            f->mean[j] += e->x[(int64_t)e->row[i] * f->k + j] / e->n;
    for (int i = 0; i < e->n; i++)
        for (int j = 0; j < f->k; j++) {
            double d = e->x[(int64_t)e->row[i] * f->k + j] - f->mean[j];

            f->inverse[j] += d * d / e->n;
        }
    for (int j = 0; j < f->k; j++) { /* a feature that does not vary decides nothing */
        double deviation = sqrt(f->inverse[j]);

        f->inverse[j] = deviation > 1e-6 * (1 + fabs(f->mean[j])) ? 1 / deviation : 0;
    }
}

static bool fit_open(struct fit *f, const struct dt_examples *e, const struct dt_family_cfg *cfg, struct dt_err *err)
{
    size_t n = (size_t)e->n, k = (size_t)e->n_x;

    *f = (struct fit){ .k = e->n_x, .hidden = cfg->hidden, .l2 = cfg->l2 };
    f->z = dt_calloc(n * (k + 2) + 2 * k + (size_t)cfg->hidden + 1, sizeof *f->z);
    if (!f->z)
        return dt_fail(err, DT_ENOMEM, "out of memory for a fit to %d samples", e->n);
    f->w = f->z + n * k;
    f->y = f->w + n;
    f->mean = f->y + n;
    f->inverse = f->mean + k;
    f->act = f->inverse + k;
    moments(e, f);
    for (int i = 0; i < e->n; i++) {
        const double *x = e->x + (int64_t)e->row[i] * f->k;
        double gain = e->gain[e->row[i]], *z = f->z + (int64_t)f->n * f->k;

        if (gain == 0)
            continue; /* a tie teaches nothing */
        for (int j = 0; j < f->k; j++)
            z[j] = (x[j] - f->mean[j]) * f->inverse[j];
        f->w[f->n] = fabs(gain);
        f->y[f->n++] = gain > 0 ? 1 : -1;
        f->total += fabs(gain);
    }
    return true;
}

static void fit_close(struct fit *f)
{
    dt_free(f->z);
}

static double dot(const double *a, const double *b, int n)
{
    double s[4] = { 0 }, sum = 0;
    int i = 0;

    for (; i + 4 <= n; i += 4) /* four sums: the order is fixed, the waiting is not */
        for (int k = 0; k < 4; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum + ((s[0] + s[1]) + (s[2] + s[3]));
}

/* Loss of sample i at score z, and its derivative by z. */
static double logistic(const struct fit *f, int i, double z, double *slope)
{
    double w = f->w[i] / f->total, m = f->y[i] * z, e = exp(-fabs(m));

    *slope = -f->y[i] * w * (m > 0 ? e / (1 + e) : 1 / (1 + e));
    return w * ((m < 0 ? -m : 0) + log1p(e));
}

/* ---- linear ---- */

static int linear_params(int n_x, const struct dt_family_cfg *cfg)
{
    (void)cfg;
    return 1 + n_x;
}

static double linear_score(const double *p, const double *x, int n_x, const struct dt_family_cfg *cfg)
{
    (void)cfg;
    return p[0] + dot(p + 1, x, n_x);
}

static double linear_loss(void *ctx, const double *p, double *g)
{
    const struct fit *f = ctx;
    double sum = f->l2 / 2 * dot(p + 1, p + 1, f->k), slope;

    g[0] = 0;
    for (int j = 0; j < f->k; j++)
        g[1 + j] = f->l2 * p[1 + j];
    for (int i = 0; i < f->n; i++) {
        const double *z = f->z + (int64_t)i * f->k;

        sum += logistic(f, i, p[0] + dot(p + 1, z, f->k), &slope);
        g[0] += slope;
        for (int j = 0; j < f->k; j++)
            g[1 + j] += slope * z[j];
    }
    return sum;
}

static enum dt_code linear_fit(const struct dt_examples *e, const struct dt_family_cfg *cfg, double *p,
                               struct dt_err *err)
{
    struct fit f;

    memset(p, 0, (size_t)(1 + e->n_x) * sizeof *p);
    if (!fit_open(&f, e, cfg, err))
        return err->code;
    if (f.n > 0 && dt_lbfgs(1 + f.k, linear_loss, &f, NULL, p, NULL, err) == DT_OK)
        for (int j = 0; j < f.k; j++) {
            p[1 + j] *= f.inverse[j];
            p[0] -= p[1 + j] * f.mean[j];
        }
    fit_close(&f);
    return err->code;
}

const struct dt_family dt_family_linear = { "linear", linear_params, linear_fit, linear_score };

/* ---- mlp ---- */

static int mlp_params(int n_x, const struct dt_family_cfg *cfg)
{
    return 1 + cfg->hidden * (n_x + 2);
}

static double mlp_score(const double *p, const double *x, int n_x, const struct dt_family_cfg *cfg)
{
    double z = p[0];

    for (int h = 0; h < cfg->hidden; h++) {
        const double *u = p + 1 + h * (n_x + 2);

        z += u[0] * tanh(u[1] + dot(u + 2, x, n_x));
    }
    return z;
}

static double mlp_sample(const struct fit *f, int i, const double *p, double *g)
{
    const double *z = f->z + (int64_t)i * f->k;
    double score = p[0], slope, loss;

    for (int h = 0; h < f->hidden; h++) {
        const double *u = p + 1 + h * (f->k + 2);

        f->act[h] = tanh(u[1] + dot(u + 2, z, f->k));
        score += u[0] * f->act[h];
    }
    loss = logistic(f, i, score, &slope);
    g[0] += slope;
    for (int h = 0; h < f->hidden; h++) {
        const double *u = p + 1 + h * (f->k + 2);
        double *gu = g + 1 + h * (f->k + 2), inner = slope * u[0] * (1 - f->act[h] * f->act[h]);

        gu[0] += slope * f->act[h];
        gu[1] += inner;
        for (int j = 0; j < f->k; j++)
            gu[2 + j] += inner * z[j];
    }
    return loss;
}

static double mlp_loss(void *ctx, const double *p, double *g)
{
    const struct fit *f = ctx;
    int n = f->hidden * (f->k + 2);
    double sum = f->l2 / 2 * dot(p + 1, p + 1, n);

    g[0] = 0;
    for (int j = 0; j < n; j++)
        g[1 + j] = f->l2 * p[1 + j];
    for (int i = 0; i < f->n; i++)
        sum += mlp_sample(f, i, p, g);
    return sum;
}

static enum dt_code mlp_fit(const struct dt_examples *e, const struct dt_family_cfg *cfg, double *p, struct dt_err *err)
{
    struct dt_rng rng = dt_rng_at(cfg->seed, DT_STREAM_POLICY, 0, 0);
    int n = mlp_params(e->n_x, cfg);
    struct fit f;

    p[0] = 0;
    for (int i = 1; i < n; i++)
        p[i] = dt_rng_normal(&rng) / sqrt(e->n_x + 1);
    if (!fit_open(&f, e, cfg, err))
        return err->code;
    if (f.n > 0 && dt_lbfgs(n, mlp_loss, &f, NULL, p, NULL, err) == DT_OK)
        for (int h = 0; h < f.hidden; h++) {
            double *u = p + 1 + h * (f.k + 2);

            for (int j = 0; j < f.k; j++) {
                u[2 + j] *= f.inverse[j];
                u[1] -= u[2 + j] * f.mean[j];
            }
        }
    fit_close(&f);
    return err->code;
}

const struct dt_family dt_family_mlp = { "mlp", mlp_params, mlp_fit, mlp_score };
