/* Groups: an optimiser over a subtree's range of the flat parameter and gradient arrays. What belongs to no group is
 * frozen. One pass finds the gradient's norm, which is also the finite check; a second one updates. */
#include "train/loop.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 1 << 14 };

/* ---- which parameters ---- */

struct collect {
    struct dt_segment *segment; /* NULL: count only */
    int n;
    int64_t begin, end; /* of the subtree, in the flat arrays */
};

static bool add_param(void *ctx, struct dt_param *p)
{
    struct collect *c = ctx;
    int64_t n = dt_numel(&p->tensor.shape), at = (int64_t)p->offset;

    if (p->buffer)
        return true;
    if (c->end == 0)
        c->begin = c->end = at;
    DT_ASSERT(at >= c->end); /* a subtree is one range, in walk order */
    if (c->segment)
        c->segment[c->n] = (struct dt_segment){ at - c->begin, at - c->begin + n, p->decay };
    c->n++;
    c->end = at + n;
    return true;
}

static void free_group(struct dt_group *g)
{
    for (int i = 0; i < DT_MAX_SLOTS; i++)
        dt_free(g->slot[i]);
    dt_free(g->segment);
    dt_free(g->partial);
    *g = (struct dt_group){ 0 };
}

static bool alloc_group(struct dt_group *g, int n_segments)
{
    g->segment = dt_calloc((size_t)n_segments, sizeof *g->segment);
    g->partial = dt_calloc((size_t)dt_par_chunks(g->n, GRAIN), sizeof *g->partial);
    for (int i = 0; i < g->optimiser->n_slots; i++) {
        g->slot[i] = dt_calloc((size_t)g->n, sizeof(dt_real));
        if (!g->slot[i])
            return false;
    }
    return g->segment && g->partial;
}

enum dt_code dt_train_group(struct dt_train *t, const char *path, const struct dt_optim_cfg *cfg)
{
    struct dt_loop *l = t->loop;
    struct dt_module *m = dt_net_find(t->net, path);
    struct collect c = { 0 };
    struct dt_visitor v = { .ctx = &c, .param = add_param };
    struct dt_group *g = &l->group[l->n_groups];

    DT_ASSERT(m != NULL && l->n_groups < DT_MAX_GROUPS);
    dt_module_walk(m, &v);
    DT_ASSERT(c.n > 0);
    for (int i = 0; i < l->n_groups; i++) /* no parameter has two optimisers */
        DT_ASSERT(c.end <= l->group[i].begin || c.begin >= l->group[i].begin + l->group[i].n);
    *g = (struct dt_group){
        .optimiser = dt_optimiser_of(cfg->name), .cfg = cfg, .begin = c.begin, .n = c.end - c.begin
    };
    snprintf(g->name, sizeof g->name, "%s", path);
    for (char *s = g->name; *s; s++)
        if (*s == '/')
            *s = '.';
    g->x = dt_net_x(t->net) + g->begin;
    g->g = dt_net_g(t->net) + g->begin;
    if (!alloc_group(g, c.n)) {
        free_group(g);
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the optimiser of %s", path);
        return DT_ENOMEM;
    }
    g->n_segments = c.n;
    c = (struct collect){ .segment = g->segment };
    dt_module_walk(m, &v);
    dt_module_freeze(m, false);
    l->n_groups++;
    return DT_OK;
}

void dt_groups_clear(struct dt_loop *l)
{
    for (int i = 0; i < l->n_groups; i++)
        free_group(&l->group[i]);
    l->n_groups = 0;
}

/* ---- norm ---- */

static void sum_squares(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct dt_group *g = ctx;
    double part[8] = { 0 }, sum = 0;
    int64_t i = begin;

    for (; i + 8 <= end; i += 8) /* eight sums: the loop becomes vectors without reordering anything */
        for (int k = 0; k < 8; k++)
            part[k] += (double)g->g[i + k] * g->g[i + k];
    for (; i < end; i++)
        sum += (double)g->g[i] * g->g[i];
    for (int k = 0; k < 8; k++)
        sum += part[k];
    g->partial[chunk] = sum;
}

/* Squares of floats do not overflow a double: the sum is finite exactly when every element is. */
static double gradient_norm(struct dt_group *g)
{
    int64_t chunks = dt_par_chunks(g->n, GRAIN);
    double sum = 0;

    dt_par_for(g->n, GRAIN, sum_squares, g);
    for (int64_t i = 0; i < chunks; i++)
        sum += g->partial[i];
    return sqrt(sum);
}

/* ---- update ---- */

static void update_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct dt_group *g = ctx;
    double clip = g->cfg->clip_norm;
    struct dt_update u = { .cfg = g->cfg, .lr = g->lr, .scale = 1, .count = g->count };

    (void)chunk;
    if (clip > 0 && g->norm > clip)
        u.scale = clip / (g->norm + 1e-6); /* as torch.nn.utils.clip_grad_norm_ */
    for (int i = 0; i < g->n_segments; i++) {
        int64_t from = g->segment[i].begin > begin ? g->segment[i].begin : begin;
        int64_t to = g->segment[i].end < end ? g->segment[i].end : end;

        if (from >= to)
            continue;
        u.decay = g->segment[i].decay ? g->cfg->weight_decay : 0;
        u.n = to - from;
        u.x = g->x + from;
        u.g = g->g + from;
        for (int k = 0; k < g->optimiser->n_slots; k++)
            u.slot[k] = g->slot[k] + from;
        g->optimiser->update(&u);
    }
}

enum dt_code dt_train_update(struct dt_train *t, double loss)
{
    struct dt_loop *l = t->loop;
    int64_t step = t->epoch * l->per_epoch + t->batch, total = l->epochs * l->per_epoch;

    if (t->err.code || dt_guard_loss(t, loss))
        return t->err.code;
    for (int i = 0; i < l->n_groups; i++) {
        l->group[i].norm = gradient_norm(&l->group[i]);
        if (dt_guard_gradient(t, l->group[i].name, l->group[i].norm))
            return t->err.code;
    }
    for (int i = 0; i < l->n_groups; i++) {
        struct dt_group *g = &l->group[i];

        g->lr = dt_schedule_lr(g->cfg, step, total, l->per_epoch);
        g->count++;
        dt_par_for(g->n, GRAIN, update_chunk, g);
    }
    dt_net_touch(t->net);
    l->last_loss = loss;
    if (l->ema.decay > 0)
        dt_ema_update(l);
    return DT_OK;
}

/* ---- state ---- */

void dt_groups_visit(struct dt_loop *l, struct dt_ckpt *ckpt, bool loading)
{
    for (int i = 0; i < l->n_groups; i++) {
        struct dt_group *g = &l->group[i];
        char prefix[160];
        struct dt_visit v = { .ckpt = ckpt, .loading = loading, .prefix = prefix };

        snprintf(prefix, sizeof prefix, "/optim/%s", g->name);
        dt_visit_i64(&v, "count", &g->count);
        for (int k = 0; k < g->optimiser->n_slots; k++)
            dt_visit_f32(&v, g->optimiser->slot[k], g->slot[k], g->n);
    }
}
