/* each: the loops simple ops share. */
#include "autograd/ops/each.h"

#include <string.h>

/* A stack buffer for results that are added: small enough for the first-level cache. */
enum { BLOCK = 512, LANES = 8, MAX_PARTS = 256 };

struct each {
    dt_each_fn *f;
    const void *attr;
    const dt_real *a, *b;
    struct dt_grad to;
};

static void each_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct each *e = ctx;
    dt_real block[BLOCK];

    (void)chunk;
    if (!e->to.add) {
        e->f(e->attr, end - begin, e->a ? e->a + begin : NULL, e->b ? e->b + begin : NULL, e->to.g + begin);
        return;
    }
    for (int64_t i = begin; i < end; i += BLOCK) {
        int n = (int)(end - i < BLOCK ? end - i : BLOCK);
        dt_real *restrict g = e->to.g + i;

        e->f(e->attr, n, e->a ? e->a + i : NULL, e->b ? e->b + i : NULL, block);
        for (int k = 0; k < n; k++)
            g[k] += block[k];
    }
}

void dt_each(int64_t count, dt_each_fn *f, const void *attr, const dt_real *a, const dt_real *b, struct dt_grad to)
{
    struct each e = { f, attr, a, b, to };

    if (to.g)
        dt_par_for(count, DT_GRAIN, each_chunk, &e);
}

struct row {
    struct dt_node *n;
    struct dt_grad to;
    dt_row_fn *fn;
};

static void row_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct row *r = ctx;

    (void)chunk;
    r->fn(r->n, r->to, begin, end);
}

static int64_t row_grain(int64_t work)
{
    return work > 0 ? DT_GRAIN / work + 1 : DT_GRAIN;
}

void dt_each_row(struct dt_node *n, struct dt_grad to, int64_t rows, int64_t work, dt_row_fn *fn)
{
    struct row r = { n, to, fn };

    if (dt_wanted(to))
        dt_par_for(rows, row_grain(work), row_chunk, &r);
}

struct dt_grad dt_each_out(struct dt_node *n)
{
    return (struct dt_grad){ n->out->data, false, n->out->half };
}

void dt_each_forward(struct dt_node *n, dt_each_fn *f)
{
    const dt_real *b = n->n_in > 1 ? n->in[1]->data : NULL;

    dt_each(dt_numel(&n->out->shape), f, n->attr, n->in[0]->data, b, dt_each_out(n));
}

void dt_each_backward(struct dt_node *n, int i, dt_each_fn *f, const dt_real *a, const dt_real *b)
{
    dt_each(dt_numel(&n->out->shape), f, n->attr, a, b, dt_grad_in(n, i));
}

static void copy(const void *attr, int64_t n, const dt_real *restrict a, const dt_real *restrict b, dt_real *restrict y)
{
    (void)attr;
    (void)b;
    memcpy(y, a, (size_t)n * sizeof(dt_real));
}

void dt_each_pass(struct dt_node *n, int i)
{
    if (!dt_grad_hand_over(n, i))
        dt_each_backward(n, i, copy, n->out->grad, NULL);
}

static void fill(const void *attr, int64_t n, const dt_real *restrict a, const dt_real *restrict b, dt_real *restrict y)
{
    dt_real value = (dt_real) * (const double *)attr;

    (void)a;
    (void)b;
    for (int64_t i = 0; i < n; i++)
        y[i] = value;
}

void dt_each_fill(int64_t count, double value, struct dt_grad to)
{
    dt_each(count, fill, &value, NULL, NULL, to);
}

struct run {
    const dt_real *from;
    struct dt_grad to;
    int width, from_step, to_step;
};

static void run_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct run *r = ctx;

    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        const dt_real *restrict from = r->from + i * r->from_step;
        dt_real *restrict to = r->to.g + i * r->to_step;

        if (r->to.add)
            for (int k = 0; k < r->width; k++)
                to[k] += from[k];
        else
            memcpy(to, from, (size_t)r->width * sizeof(dt_real));
    }
}

void dt_each_run(int64_t rows, int width, const dt_real *from, int from_step, struct dt_grad to, int to_step)
{
    struct run r = { from, to, width, from_step, to_step };

    if (dt_wanted(to))
        dt_par_for(rows, row_grain(width), run_chunk, &r);
}

static double lanes_sum(const double *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

double dt_run_sum(const dt_real *x, int64_t n)
{
    double lane[LANES] = { 0 };
    int64_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)x[i + k];
    for (int k = 0; i + k < n; k++)
        lane[k] += (double)x[i + k];
    return lanes_sum(lane);
}

double dt_run_dot(const dt_real *x, const dt_real *y, int64_t n)
{
    double lane[LANES] = { 0 };
    int64_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)x[i + k] * (double)y[i + k];
    for (int k = 0; i + k < n; k++)
        lane[k] += (double)x[i + k] * (double)y[i + k];
    return lanes_sum(lane);
}

struct sum {
    const dt_real *x;
    double part[MAX_PARTS];
};

static void sum_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct sum *s = ctx;

    s->part[chunk] = dt_run_sum(s->x + begin, end - begin);
}

double dt_each_sum(const dt_real *x, int64_t n)
{
    struct sum s = { .x = x };
    int64_t grain = n > DT_GRAIN * (int64_t)MAX_PARTS ? (n - 1) / MAX_PARTS + 1 : DT_GRAIN;
    double sum = 0;

    dt_par_for(n, grain, sum_chunk, &s);
    for (int64_t i = 0; i < dt_par_chunks(n, grain); i++)
        sum += s.part[i];
    return sum;
}

int dt_shape_last(const struct dt_shape *s)
{
    return s->rank ? s->d[s->rank - 1] : 1;
}

int64_t dt_shape_rows(const struct dt_shape *s)
{
    int64_t n = 1;

    for (int i = 0; i + 1 < s->rank; i++)
        n *= s->d[i];
    return n;
}

int64_t dt_shape_sample(const struct dt_shape *s)
{
    int64_t n = 1;

    for (int i = 1; i < s->rank; i++)
        n *= s->d[i];
    return n;
}

bool dt_infer_rank(const struct dt_shape *s, int rank, const char *expected, struct dt_err *err)
{
    char got[64];

    return s->rank == rank || dt_fail(err, DT_ESHAPE, "expected %s, got %s", expected, dt_shape_str(s, got));
}

bool dt_infer_rows(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    char got[64];

    *out = n->in[0]->shape;
    if (out->rank == 0 || dt_shape_last(out) < 1)
        return dt_fail(err, DT_ESHAPE, "expected a last dimension that is not empty, got %s", dt_shape_str(out, got));
    return true;
}

const int *dt_tape_ints(struct dt_tape *t, const int *v, int64_t n)
{
    int *kept;

    DT_ASSERT(v || n <= 0 || dt_tape_dry(t) || dt_tape_err(t)->code);
    if (!v || n < 0)
        return NULL;
    kept = dt_tape_alloc(t, (size_t)n * sizeof *kept);
    if (kept && n)
        memcpy(kept, v, (size_t)n * sizeof *kept);
    return kept;
}
