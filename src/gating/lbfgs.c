/* Limited-memory BFGS: see lbfgs.h. */
#include "gating/lbfgs.h"

#include <math.h>
#include <string.h>

enum { MEMORY = 8, ITERATIONS = 200, HALVINGS = 40 };

struct state {
    int n, m, pairs, next; /* pairs kept so far; where the next one goes */
    double *g, *d, *x1, *g1;
    double *s, *y, *rho, *alpha; /* [m][n], [m][n], [m], [m] */
};

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static double largest(const double *g, int n)
{
    double top = 0;

    for (int i = 0; i < n; i++)
        top = fmax(top, fabs(g[i]));
    return top;
}

/* d = -H g by the two loops over the pairs, latest first. */
static void direction(struct state *st)
{
    int n = st->n;
    double scale = 1;

    for (int i = 0; i < n; i++)
        st->d[i] = -st->g[i];
    for (int k = 0; k < st->pairs; k++) {
        int at = (st->next - 1 - k + 2 * st->m) % st->m;
        double *s = st->s + at * n, *y = st->y + at * n;

        st->alpha[at] = st->rho[at] * dot(s, st->d, n);
        for (int i = 0; i < n; i++)
            st->d[i] -= st->alpha[at] * y[i];
        if (k == 0)
            scale = 1 / (st->rho[at] * dot(y, y, n));
    }
    for (int i = 0; i < n; i++)
        st->d[i] *= scale;
    for (int k = st->pairs - 1; k >= 0; k--) {
        int at = (st->next - 1 - k + 2 * st->m) % st->m;
        double *s = st->s + at * n, *y = st->y + at * n, beta = st->rho[at] * dot(y, st->d, n);

        for (int i = 0; i < n; i++)
            st->d[i] += (st->alpha[at] - beta) * s[i];
    }
}

/* The pair of the step from x to x1; one that shows no curvature is left out. */
static void remember(struct state *st, const double *x)
{
    double *s = st->s + st->next * st->n, *y = st->y + st->next * st->n, curvature;

    for (int i = 0; i < st->n; i++) {
        s[i] = st->x1[i] - x[i];
        y[i] = st->g1[i] - st->g[i];
    }
    curvature = dot(s, y, st->n);
    if (!(curvature > 1e-14 * dot(y, y, st->n)))
        return;
    st->rho[st->next] = 1 / curvature;
    st->next = (st->next + 1) % st->m;
    st->pairs += st->pairs < st->m;
}

/* Halves the step until the value falls as it should (Armijo); false: it does not. */
static bool search(struct state *st, dt_objective *f, void *ctx, const double *x, double *value)
{
    double slope = dot(st->g, st->d, st->n), step = 1, reached;

    if (st->pairs == 0)
        step = fmin(1, 1 / sqrt(dot(st->g, st->g, st->n)));
    for (int k = 0; slope < 0 && k < HALVINGS; k++, step /= 2) {
        for (int i = 0; i < st->n; i++)
            st->x1[i] = x[i] + step * st->d[i];
        reached = f(ctx, st->x1, st->g1);
        if (reached <= *value + 1e-4 * step * slope) {
            *value = reached;
            return true;
        }
    }
    return false;
}

static bool state_open(struct state *st, int n, int m, double *memory)
{
    size_t k = (size_t)n;

    *st = (struct state){ .n = n, .m = m, .g = memory };
    st->d = st->g + k;
    st->x1 = st->d + k;
    st->g1 = st->x1 + k;
    st->s = st->g1 + k;
    st->y = st->s + k * (size_t)m;
    st->rho = st->y + k * (size_t)m;
    st->alpha = st->rho + m;
    return memory != NULL;
}

enum dt_code dt_lbfgs(int n, dt_objective *f, void *ctx, const struct dt_lbfgs_cfg *cfg, double *x, double *value,
                      struct dt_err *err)
{
    static const struct dt_lbfgs_cfg usual = { 0 };
    int m = (cfg = cfg ? cfg : &usual)->memory ? cfg->memory : MEMORY;
    int most = cfg->iterations ? cfg->iterations : ITERATIONS;
    double enough = cfg->gradient > 0 ? cfg->gradient : 1e-7, v;
    double *memory = dt_calloc((size_t)n * (4 + 2 * (size_t)m) + 2 * (size_t)m, sizeof *memory);
    struct state st;

    if (!state_open(&st, n, m, memory)) {
        dt_fail(err, DT_ENOMEM, "out of memory for a fit of %d numbers", n);
        return DT_ENOMEM;
    }
    v = f(ctx, x, st.g);
    if (!isfinite(v) || !isfinite(largest(st.g, n))) {
        dt_fail(err, DT_ENUMERIC, "a fit starts from a value that is not finite");
        dt_free(memory);
        return DT_ENUMERIC;
    }
    for (int i = 0; i < most && largest(st.g, n) > enough; i++) {
        direction(&st);
        if (!search(&st, f, ctx, x, &v)) {
            if (st.pairs == 0)
                break;
            st.pairs = 0; /* once more along the gradient */
            continue;
        }
        remember(&st, x);
        memcpy(x, st.x1, (size_t)n * sizeof *x);
        memcpy(st.g, st.g1, (size_t)n * sizeof *x);
    }
    if (value)
        *value = v;
    dt_free(memory);
    return DT_OK;
}
