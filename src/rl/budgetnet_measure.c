/* Accuracy and cost under a cap, really skipping; and the statistics of batch norm that go with it. */
#include "rl/budgetnet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/loop.h"

/* ---- who is kept ---- */

/* Without an agent its cost is free to be spent. */
static double spared(const struct dt_plan *p, const struct dt_costs *c)
{
    return p->kind == DT_PLAN_RANDOM || p->kind == DT_PLAN_FIXED ? c->agent : 0;
}

static void random_rows(const struct dt_budgetnet *s, const struct dt_plan *p, uint64_t seed, int first, int rows,
                        int *keep)
{
    dt_real score[4096];

    for (int i = 0; i < rows; i++) {
        struct dt_rng rng = dt_rng_at(seed, DT_STREAM_POLICY, (uint32_t)-1, (uint32_t)(first + i));

        for (int k = 0; k < s->n; k++)
            score[k] = (dt_real)dt_rng_uniform(&rng);
        dt_costs_project(&s->cost, score, p->cap + spared(p, &s->cost) / s->cost.full, keep + (int64_t)i * s->n);
    }
}

static void agent_rows(struct dt_train *t, const struct dt_plan *p, struct dt_tensor *x, int *keep)
{
    const struct dt_budgetnet *s = t->state;
    int rows = x->shape.d[0];
    double *told = dt_tape_alloc(t->tape, (size_t)rows * sizeof *told);
    struct dt_tensor *seen;

    for (int i = 0; told && i < rows; i++)
        told[i] = p->condition;
    seen = dt_budget_look(t, x, told, NULL, (struct dt_run){ .training = false });
    if (dt_budget_failed(t))
        return;
    for (int i = 0; i < rows; i++)
        dt_budget_decide(s, seen->data + (int64_t)i * (s->n + 1), p->cap, keep + (int64_t)i * s->n);
}

/* Images x, the first of which is number `first` of its split. */
static void plan_rows(struct dt_train *t, const struct dt_plan *p, struct dt_tensor *x, int first, int *keep)
{
    const struct dt_budgetnet *s = t->state;
    int rows = x->shape.d[0];

    switch (p->kind) {
    case DT_PLAN_AGENT:
        agent_rows(t, p, x, keep);
        return;
    case DT_PLAN_RANDOM:
        random_rows(s, p, (uint64_t)t->set->seed, first, rows, keep);
        return;
    case DT_PLAN_ROWS:
        memcpy(keep, p->rows + (int64_t)first * s->n, (size_t)rows * (size_t)s->n * sizeof *keep);
        return;
    default:
        for (int i = 0; i < rows; i++)
            memcpy(keep + (int64_t)i * s->n, p->rows, (size_t)s->n * sizeof *keep);
    }
}

/* ---- statistics ---- */
static struct dt_loader *calibration(struct dt_train *t)
{
    struct dt_budgetnet *s = t->state;
    const struct dt_data_cfg *cfg = &t->set->data;

    if (!s->calibration)
        s->calibration = dt_loader_new(t->data,
                                       &(struct dt_loader_cfg){ .split = DT_TRAIN,
                                                                .batch = (int)cfg->batch,
                                                                .workers = (int)cfg->workers,
                                                                .shuffle = true,
                                                                .drop_last = true,
                                                                .seed = (uint64_t)t->set->seed },
                                       &t->err);
    return s->calibration;
}

enum dt_code dt_plan_calibrate(struct dt_train *t, const struct dt_plan *p, int64_t images)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_loader *loader = calibration(t);
    struct dt_batch b;
    int64_t batches = images / t->set->data.batch + (images % t->set->data.batch != 0);

    if (!loader)
        return t->err.code;
    dt_loader_start(loader, 0, 0);
    for (int k = 1; k <= batches && dt_loader_next(loader, &b, &t->err); k++) {
        struct dt_tensor *x;
        int *keep;

        dt_tape_reset(t->tape);
        dt_tape_no_grad(t->tape, true);
        x = dt_budget_images(t, &b, 0, b.n);
        keep = dt_tape_alloc(t->tape, (size_t)b.n * (size_t)s->n * sizeof *keep);
        if (keep) /* the agent looks with the statistics so far: the stem's are the same for every plan */
            plan_rows(t, p, x, (int)b.index * b.n, keep);
        if (!dt_budget_failed(t))
            dt_budget_run(t, x, keep, (struct dt_run){ .recalibrate = k });
        dt_tape_no_grad(t->tape, false);
        if (dt_budget_failed(t))
            break;
    }
    dt_tape_reset(t->tape);
    return t->err.code;
}

/* ---- measuring ---- */
struct sums {
    struct dt_measured *out;
    double macs, macs2, share, gap, used;
    uint64_t *hash; /* [images] */
};

static uint64_t hash_row(const int *keep, int n) /* FNV-1a */
{
    uint64_t h = 14695981039346656037u;

    for (int i = 0; i < n; i++)
        h = (h ^ (uint64_t)(keep[i] + 1)) * 1099511628211u;
    return h;
}

static void add_row(struct sums *u, const struct dt_budgetnet *s, const struct dt_plan *p, const int *keep, int at)
{
    double share = dt_costs_share(&s->cost, keep) - spared(p, &s->cost) / s->cost.full;
    double macs = dt_costs_share(&s->macs, keep) * s->macs.full - spared(p, &s->macs);
    struct dt_measured *m = u->out;

    u->macs += macs;
    u->macs2 += macs * macs;
    u->share += share;
    u->gap += fabs(share - p->cap);
    m->macs_max = macs > m->macs_max ? macs : m->macs_max;
    m->share_max = share > m->share_max ? share : m->share_max;
    for (int i = 0; i < s->n; i++)
        u->used += keep[i];
    u->hash[at] = hash_row(keep, s->n);
}

static void add_answers(struct dt_measured *m, const struct dt_tensor *logits, const struct dt_tensor *loss,
                        const int *label)
{
    int classes = logits->shape.d[1];

    for (int i = 0; i < logits->shape.d[0]; i++) {
        int rank = dt_logit_rank(logits->data + (int64_t)i * classes, classes, label[i]);

        m->accuracy += rank < 1;
        m->top5 += rank < 5;
        m->loss += (double)loss->data[i];
    }
}

static bool measure_batch(struct dt_train *t, const struct dt_plan *p, const struct dt_batch *b, struct sums *u)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_measured *m = u->out;
    struct dt_tensor *x, *logits = NULL, *loss = NULL;
    int *keep;

    dt_tape_reset(t->tape);
    dt_tape_no_grad(t->tape, true);
    x = dt_budget_images(t, b, 0, b->n);
    keep = dt_tape_alloc(t->tape, (size_t)b->n * (size_t)s->n * sizeof *keep);
    if (keep)
        plan_rows(t, p, x, (int)m->n, keep);
    if (!dt_budget_failed(t)) {
        logits = dt_budget_run(t, x, keep, (struct dt_run){ .training = false });
        loss = dt_cross_entropy(t->tape, logits, b->label, NULL, NULL, 0);
    }
    dt_tape_no_grad(t->tape, false);
    if (dt_budget_failed(t))
        return false;
    add_answers(m, logits, loss, b->label);
    for (int i = 0; i < b->n; i++)
        add_row(u, s, p, keep + (int64_t)i * s->n, (int)m->n + i);
    if (m->rows)
        memcpy(m->rows + m->n * s->n, keep, (size_t)b->n * (size_t)s->n * sizeof *keep);
    m->n += b->n;
    return true;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void finish(struct sums *u)
{
    struct dt_measured *m = u->out;
    double n = m->n > 0 ? (double)m->n : 1, variance;

    m->accuracy /= n;
    m->top5 /= n;
    m->loss /= n;
    m->macs_mean = u->macs / n;
    variance = u->macs2 / n - m->macs_mean * m->macs_mean;
    m->macs_std = variance > 0 ? sqrt(variance) : 0;
    m->share_mean = u->share / n;
    m->gap = u->gap / n;
    m->used = u->used / n;
    qsort(u->hash, (size_t)m->n, sizeof *u->hash, by_hash);
    for (int64_t i = 0; i < m->n; i++)
        m->distinct += i == 0 || u->hash[i] != u->hash[i - 1];
}

enum dt_code dt_plan_measure(struct dt_train *t, const struct dt_plan *p, enum dt_split split, bool want_rows,
                             struct dt_measured *out)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_loader *loader = dt_train_loader(t, split);
    size_t images = (size_t)dt_dataset_info(t->data)->n[split];
    struct sums u = { .out = out, .hash = dt_calloc(images + 1, sizeof *u.hash) };
    struct dt_batch b;
    enum dt_code stopped = DT_OK;

    *out = (struct dt_measured){ .rows = want_rows ? dt_calloc(images * (size_t)s->n + 1, sizeof *out->rows) : NULL };
    if (!u.hash || (want_rows && !out->rows))
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the plans of %zu images", images);
    if (loader && !t->err.code) {
        dt_loader_start(loader, 0, 0);
        while (!stopped && dt_loader_next(loader, &b, &t->err) && measure_batch(t, p, &b, &u))
            stopped = dt_signals_code();
    }
    finish(&u);
    dt_tape_reset(t->tape);
    dt_free(u.hash);
    return t->err.code ? t->err.code : stopped;
}

/* ---- a budget as it is asked for ---- */
enum dt_code dt_plan_of(struct dt_train *t, double budget, struct dt_plan *p)
{
    const struct dt_budgetnet *s = t->state;
    const struct dt_budgetnet_cfg *cfg = t->cfg;

    *p = (struct dt_plan){ .kind = DT_PLAN_AGENT, .cap = budget, .condition = dt_budget_condition(s, budget) };
    if (!s->calibrated)
        return dt_plan_calibrate(t, p,
                                 (cfg->calibrate + 3) / 4); /* on the way: roughly, and the state is not touched */
    dt_norms_load(t, dt_budget_bin(s, budget));
    return DT_OK;
}

/* The state stays as it is: what a resumed run finds must not depend on how often it was evaluated. */
enum dt_code dt_budget_evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out)
{
    struct dt_budgetnet *s = dt_budgetnet_state(t);
    struct dt_measured m;
    struct dt_plan p;
    enum dt_code code;

    if (!s)
        return t->err.code;
    if (t->set->budget.target >= 1)
        return dt_evaluate_static(t, split, out);
    dt_norms_save(t);
    code = dt_plan_of(t, t->set->budget.target, &p);
    if (!code)
        code = dt_plan_measure(t, &p, split, false, &m);
    dt_norms_back(t);
    if (!code)
        *out = (struct dt_eval){
            .accuracy = m.accuracy, .top5 = m.top5, .loss = m.loss, .macs_mean = m.macs_mean, .n = m.n
        };
    return code;
}
