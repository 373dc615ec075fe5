/* batch_norm: y = act(gamma (x - mean) / sqrt(var + eps) + beta + base)      x [n,...,c], base likewise or none
 *    (Ioffe & Szegedy 2015; the sum of a residual block in the same pass)
 *
 * With g = dy (where the activation has a slope), u = x - mean, r = 1 / sqrt(var + eps), m = rows in the statistics,
 * sums over all rows: dgamma = r sum g u        dbeta = sum g dbase = g dx = gamma r g - w gamma r (sum g + u r^2 sum g
 * u) / m,   w = 1 where the sample is in the statistics, else 0 With running statistics w = 0 everywhere. Chunks are
 * whole samples, so that a sample's weight holds for all of a call. Weights [n,g] are for g groups of neighbouring
 * channels (paths side by side), each with samples of its own. */
#include "autograd/kernels/rows.h"
#include "autograd/op.h"

#include <dyntrain/ops.h>
#include <math.h>
#include <string.h>

enum { X, GAMMA, BETA, MEAN, VAR, WEIGHT, BASE, N_IN };

struct save {
    int n, c;
    int64_t hw;            /* rows a sample */
    int64_t grain;         /* samples a chunk */
    int groups, cg;        /* of channels that share weights; channels of one */
    bool batch;            /* some group has statistics of this batch */
    double *m;             /* [groups] rows in the statistics; 0: running ones */
    const dt_real *weight; /* [n][groups], NULL: all count */
    uint16_t *bits;        /* the activation's slopes, see dt_slope; NULL: the result tells */
    dt_real *mean;         /* [c], then rstd, a, b, p, q, zero: one row of [7][c] each */
    dt_real *rstd, *a, *b, *p, *q, *zero;
    dt_real *part; /* [chunks][3][c]: shift, sum, square sum; backward: -, sum g, sum g u */
};

struct work {
    struct dt_node *n;
    const struct dt_rows_kernel *k;
    struct dt_grad dy, dx, dbase;
    enum dt_act act; /* which dy has still to pass */
    bool keep;       /* base wants g: it takes the place of dy */
};

static bool weight_fits(const struct dt_shape *w, int n, int c)
{
    return w->rank > 0 && w->rank <= 2 && w->d[0] == n && (w->rank == 1 || (w->d[1] > 0 && c % w->d[1] == 0));
}

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_shape *x = &n->in[X]->shape;
    int c = x->rank > 1 ? x->d[x->rank - 1] : 0;
    static const char *const what[] = { "", "gamma", "beta", "mean", "var" };
    char s[64];

    if (c < 1)
        return dt_fail(err, DT_ESHAPE, "input %s has no channels", dt_shape_str(x, s));
    for (int i = GAMMA; i <= VAR; i++)
        if (n->in[i]->shape.rank != 1 || n->in[i]->shape.d[0] != c)
            return dt_fail_shapes(err, &n->in[i]->shape, x, what[i]);
    if (n->in[WEIGHT] && !weight_fits(&n->in[WEIGHT]->shape, x->d[0], c))
        return dt_fail_shapes(err, &n->in[WEIGHT]->shape, x, "one weight a sample, or a sample and group of channels");
    if (n->in[BASE] && !dt_shape_equal(&n->in[BASE]->shape, x))
        return dt_fail_shapes(err, &n->in[BASE]->shape, x, "the sum needs equal shapes");
    *out = *x;
    return true;
}

static bool counts(const struct save *s, int64_t i, int group)
{
    return !s->weight || s->weight[i * s->groups + group] > 0;
}

/* How many rows each group's statistics are over. */
static void count_rows(const struct dt_node *n, struct save *s)
{
    bool training = ((const struct dt_norm_cfg *)n->attr)->training;

    for (int g = 0; g < s->groups; g++) {
        int64_t samples = 0;

        for (int64_t i = 0; i < s->n && training; i++)
            samples += counts(s, i, g);
        s->m[g] = samples >= 2 ? (double)(samples * s->hw) : 0;
        s->batch |= samples >= 2;
    }
}

static struct save *save_new(struct dt_node *n)
{
    const struct dt_norm_cfg *cfg = n->attr;
    const struct dt_shape *x = &n->in[X]->shape;
    struct save *s = dt_node_alloc(n, sizeof *s);
    int64_t per;
    size_t c;

    if (!s)
        return NULL;
    *s = (struct save){ .n = x->d[0], .c = x->d[x->rank - 1] };
    c = (size_t)s->c;
    s->hw = s->n ? dt_numel(x) / s->n / s->c : 0;
    per = s->hw * s->c;
    s->grain = per && per < DT_GRAIN / 2 ? DT_GRAIN / 2 / per : 1;
    s->weight = n->in[WEIGHT] ? n->in[WEIGHT]->data : NULL;
    s->groups = s->weight && n->in[WEIGHT]->shape.rank == 2 ? n->in[WEIGHT]->shape.d[1] : 1;
    s->cg = s->c / s->groups;
    if (cfg->act && n->out->wants_grad && (s->groups == 1 || s->cg % 16 == 0)) /* groups begin with a word */
        s->bits = dt_node_alloc(n, (size_t)(s->n * s->hw * dt_slope_words(s->c)) * sizeof *s->bits);
    s->m = dt_node_alloc(n, (size_t)s->groups * sizeof *s->m);
    s->mean = dt_node_alloc(n, 7 * c * sizeof(dt_real));
    s->part = dt_node_alloc(n, (size_t)dt_par_chunks(s->n, s->grain) * 3 * c * sizeof(dt_real));
    if (!s->m || !s->mean || !s->part)
        return NULL;
    s->rstd = s->mean + c;
    s->a = s->mean + 2 * c;
    s->b = s->mean + 3 * c;
    s->p = s->mean + 4 * c;
    s->q = s->mean + 5 * c;
    s->zero = s->mean + 6 * c;
    memset(s->p, 0, 3 * c * sizeof(dt_real)); /* p, q and zero: no part in statistics */
    count_rows(n, s);
    return s;
}

/* Sums about the group's first row that counts: close to the mean, so that squares do not cancel. */
static void group_stats(const struct work *w, int group, int64_t begin, int64_t end, dt_real *part)
{
    const struct save *s = w->n->save;
    const struct dt_tensor *x = w->n->in[X];
    int64_t first = begin, sample = s->hw * s->c, at = group * s->cg, step = s->weight ? 1 : end - begin;

    while (first + 1 < end && !counts(s, first, group))
        first++;
    for (int k = 0; k < s->cg; k++)
        part[k] = x->half ? dt_real_of(x->half[first * sample + at + k]) : x->data[first * sample + at + k];
    for (int64_t i = begin; i < end; i += step)
        if (counts(s, i, group))
            w->k->stats(dt_at(x, i * sample + at), step * s->hw, s->cg, s->c, part, part + s->c, part + 2 * s->c);
}

static void stats_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    struct save *s = w->n->save;
    dt_real *part = s->part + chunk * 3 * s->c;

    memset(part, 0, 3 * (size_t)s->c * sizeof *part);
    for (int g = 0; g < s->groups; g++)
        if (s->m[g] > 0)
            group_stats(w, g, begin, end, part + g * s->cg);
}

/* Rows of chunk `i` that are in the group's statistics. */
static double chunk_rows(const struct save *s, int64_t i, int group)
{
    int64_t end = (i + 1) * s->grain < s->n ? (i + 1) * s->grain : s->n, samples = 0;

    for (int64_t j = i * s->grain; j < end; j++)
        samples += counts(s, j, group);
    return (double)(samples * s->hw);
}

/* Chunk sums to mean and variance (biased), in double and in chunk order (Chan, Golub & LeVeque 1979). */
static void combine(const struct save *s, int k, double *mean, double *var)
{
    double total = 0, about = 0, m = s->m[k / s->cg];

    for (int64_t i = 0; i < dt_par_chunks(s->n, s->grain); i++) {
        const dt_real *part = s->part + i * 3 * s->c;

        total += (double)part[k] * chunk_rows(s, i, k / s->cg) + (double)part[s->c + k];
    }
    *mean = total / m;
    for (int64_t i = 0; i < dt_par_chunks(s->n, s->grain); i++) {
        const dt_real *part = s->part + i * 3 * s->c;
        double d = (double)part[k] - *mean;

        about += (double)part[2 * s->c + k] + 2 * d * (double)part[s->c + k] + chunk_rows(s, i, k / s->cg) * d * d;
    }
    *var = about > 0 ? about / m : 0;
}

static void batch_stats(struct work *w)
{
    struct dt_node *n = w->n;
    struct save *s = n->save;
    const struct dt_norm_cfg *cfg = n->attr;
    double momentum = cfg->momentum > 0 ? cfg->momentum : 0.1, eps = cfg->eps > 0 ? cfg->eps : 1e-5;
    dt_real *run_mean = n->in[MEAN]->data, *run_var = n->in[VAR]->data;

    dt_par_for(s->n, s->grain, stats_chunk, w);
    for (int k = 0; k < s->c; k++) {
        double mean, var, m = s->m[k / s->cg];

        if (m <= 0)
            continue;
        combine(s, k, &mean, &var);
        s->mean[k] = (dt_real)mean;
        s->rstd[k] = (dt_real)(1 / sqrt(var + eps));
        if (cfg->frozen || dt_node_again(n))
            continue;
        run_mean[k] = (dt_real)((1 - momentum) * (double)run_mean[k] + momentum * mean);
        run_var[k] = (dt_real)((1 - momentum) * (double)run_var[k] + momentum * var * m / (m - 1));
    }
}

static void running_stats(struct work *w)
{
    struct save *s = w->n->save;
    const struct dt_norm_cfg *cfg = w->n->attr;
    double eps = cfg->eps > 0 ? cfg->eps : 1e-5;

    for (int k = 0; k < s->c; k++) {
        s->mean[k] = w->n->in[MEAN]->data[k];
        s->rstd[k] = (dt_real)(1 / sqrt((double)w->n->in[VAR]->data[k] + eps));
    }
}

static void scale_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    struct save *s = w->n->save;
    const struct dt_norm_cfg *cfg = w->n->attr;
    int64_t at = begin * s->hw * s->c;

    (void)chunk;
    w->k->scale(dt_at(w->n->in[X], at), w->n->in[BASE] ? dt_at(w->n->in[BASE], at) : NULL, (end - begin) * s->hw, s->c,
                s->a, s->b, cfg->act, dt_at(w->n->out, at),
                s->bits ? s->bits + begin * s->hw * dt_slope_words(s->c) : NULL);
}

static void forward(struct dt_node *n)
{
    struct work w = { .n = n, .k = dt_rows_kernel(n->out->dtype) };
    struct save *s = n->save = save_new(n);

    if (!s)
        return;
    running_stats(&w);
    if (s->batch)
        batch_stats(&w);
    for (int k = 0; k < s->c; k++) {
        s->a[k] = n->in[GAMMA]->data[k] * s->rstd[k];
        s->b[k] = n->in[BETA]->data[k] - s->mean[k] * s->a[k];
    }
    dt_par_for(s->n, s->grain, scale_chunk, &w);
}

/* Where the gradients of a sample pass that have still to, from a group's first channel on */
static struct dt_slope slope_of(const struct work *w, int64_t sample, int channel)
{
    const struct save *s = w->n->save;
    int64_t row = sample * s->hw;
    struct dt_slope slope = { .act = w->act };

    if (w->act && s->bits)
        slope.bits = s->bits + row * dt_slope_words(s->c) + channel / 16;
    else if (w->act)
        slope.y = dt_at(w->n->out, row * s->c + channel);
    return slope;
}

static void grad_stats_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    struct save *s = w->n->save;
    dt_real *part = s->part + chunk * 3 * s->c;
    int64_t at = begin * s->hw * s->c;
    const struct dt_slope slope = slope_of(w, begin, 0);

    memset(part, 0, 3 * (size_t)s->c * sizeof(dt_real));
    w->k->grad_stats(dt_at(w->n->in[X], at), dt_to(w->dy, at), &slope, w->keep && w->act ? dt_to(w->dy, at) : NULL,
                     (end - begin) * s->hw, s->c, s->c, s->mean, part + 2 * s->c, part + s->c);
}

/* Samples [begin, end) of one group, all in its statistics or none. */
static void group_grad_input(const struct work *w, int group, int64_t begin, int64_t end)
{
    const struct save *s = w->n->save;
    int at = group * s->cg;
    int64_t from = begin * s->hw * s->c + at;
    const struct dt_slope slope = slope_of(w, begin, at);
    bool in_stats = counts(s, begin, group);

    w->k->grad_input(dt_at(w->n->in[X], from), dt_to(w->dy, from), &slope, (end - begin) * s->hw, s->cg, s->c,
                     s->mean + at, s->a + at, in_stats ? s->p + at : s->zero, in_stats ? s->q + at : s->zero, w->dx.add,
                     dt_to(w->dx, from));
}

static void grad_input_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct work *w = ctx;
    const struct save *s = w->n->save;
    int64_t step = s->weight && s->batch ? 1 : end - begin; /* one sample at a time where weights differ */

    (void)chunk;
    for (int64_t i = begin; i < end; i += step)
        for (int g = 0; g < s->groups; g++)
            group_grad_input(w, g, i, i + step);
}

static void mask_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    struct save *s = w->n->save;
    int64_t at = begin * s->hw * s->c;

    (void)chunk;
    w->k->act_grad(dt_to(w->dy, at), dt_at(w->n->out, at), (end - begin) * s->hw * s->c, w->act, false,
                   dt_to(w->dy, at));
}

static void add_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct work *w = ctx;
    struct save *s = w->n->save;
    int64_t at = begin * s->hw * s->c, n = (end - begin) * s->hw * s->c;

    (void)chunk;
    if (w->dbase.add)
        w->k->add_relu(dt_to(w->dbase, at), dt_to(w->dy, at), n, false, dt_to(w->dbase, at));
    else
        memcpy(dt_to(w->dbase, at), dt_to(w->dy, at), (size_t)n * dt_dtype_size(w->n->out->dtype));
}

/* dy is g by now. Last, as the buffer may change hands. */
static void give_base(struct work *w)
{
    struct save *s = w->n->save;

    if (dt_grad_hand_over(w->n, BASE))
        return;
    w->dbase = dt_grad_in(w->n, BASE);
    if (dt_wanted(w->dbase))
        dt_par_for(s->n, s->grain, add_chunk, w);
}

static void put(struct dt_grad d, int k, double v)
{
    if (d.g)
        d.g[k] = (dt_real)((d.add ? (double)d.g[k] : 0) + v);
}

static void backward(struct dt_node *n)
{
    struct work w = { .n = n,
                      .k = dt_rows_kernel(n->out->dtype),
                      .dy = { n->out->grad, false, n->out->half_grad },
                      .act = ((const struct dt_norm_cfg *)n->attr)->act,
                      .keep = n->in[BASE] && n->in[BASE]->wants_grad };
    struct save *s = n->save;
    struct dt_grad dgamma = dt_grad_in(n, GAMMA), dbeta = dt_grad_in(n, BETA);

    if (s->batch || dgamma.g || dbeta.g)
        dt_par_for(s->n, s->grain, grad_stats_chunk, &w);
    else if (w.keep && w.act)
        dt_par_for(s->n, s->grain, mask_chunk, &w);
    if (w.keep)
        w.act = DT_LINEAR;
    for (int k = 0; k < s->c && (s->batch || dgamma.g || dbeta.g); k++) {
        double sum = 0, dot = 0, r = (double)s->rstd[k];

        for (int64_t i = 0; i < dt_par_chunks(s->n, s->grain); i++) {
            sum += (double)s->part[(3 * i + 1) * s->c + k];
            dot += (double)s->part[(3 * i + 2) * s->c + k];
        }
        put(dgamma, k, r * dot);
        put(dbeta, k, sum);
        if (s->m[k / s->cg] > 0) {
            s->p[k] = (dt_real)(-(double)s->a[k] * r * r * dot / s->m[k / s->cg]);
            s->q[k] = (dt_real)(-(double)s->a[k] * sum / s->m[k / s->cg]);
        }
    }
    if (!w.keep && dt_grad_hand_over(n, X)) /* in place: nothing is fetched only to be overwritten */
        w.dx = w.dy;
    else
        w.dx = dt_grad_in(n, X);
    if (dt_wanted(w.dx))
        dt_par_for(s->n, s->grain, grad_input_chunk, &w);
    if (w.keep)
        give_base(&w);
}

const struct dt_op dt_op_batch_norm = {
    .name = "batch_norm",
    .n_in = N_IN,
    .half = 1 << X | 1 << BASE,
    .attr_size = sizeof(struct dt_norm_cfg),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_batch_norm(struct dt_tape *t, struct dt_tensor *x, const struct dt_norm_in *in,
                                const struct dt_norm_cfg *cfg)
{
    struct dt_tensor *all[N_IN] = { x, in->gamma, in->beta, in->mean, in->var, in->weight, in->base };

    return dt_tape_apply(t, &dt_op_batch_norm, N_IN, all, cfg);
}
