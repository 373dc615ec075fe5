/* Exponential moving average of all parameters and buffers, its decay warmed up as min(decay, (1 + t) / (10 + t)), so
 * that the first weights are soon forgotten. */
#include "train/loop.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 1 << 14 };

struct pass {
    const dt_real *from;
    dt_real *to;
    dt_real share;
};

static void approach(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct pass *p = ctx;
    const dt_real *restrict from = p->from;
    dt_real *restrict to = p->to;

    (void)chunk;
    for (int64_t i = begin; i < end; i++)
        to[i] += p->share * (from[i] - to[i]);
}

/* Calls fn for each array of the net and its place in the shadow. */
static void each(struct dt_loop *l, void (*fn)(dt_real *raw, dt_real *shadow, int64_t n, double arg), double arg)
{
    struct dt_ema *e = &l->ema;
    dt_real *shadow = e->x + e->n;

    fn(dt_net_x(l->t.net), e->x, e->n, arg);
    for (int i = 0; i < e->n_buffers; i++) {
        int64_t n = dt_numel(&e->buffer[i]->tensor.shape);

        fn(e->buffer[i]->tensor.data, shadow, n, arg);
        shadow += n;
    }
}

static void follow(dt_real *raw, dt_real *shadow, int64_t n, double share)
{
    struct pass p = { raw, shadow, (dt_real)share };

    dt_par_for(n, GRAIN, approach, &p);
}

static void copy(dt_real *raw, dt_real *shadow, int64_t n, double unused)
{
    (void)unused;
    memcpy(shadow, raw, (size_t)n * sizeof *raw);
}

static void exchange(dt_real *raw, dt_real *shadow, int64_t n, double unused)
{
    (void)unused;
    for (int64_t i = 0; i < n; i++) {
        dt_real v = raw[i];

        raw[i] = shadow[i];
        shadow[i] = v;
    }
}

void dt_ema_update(struct dt_loop *l)
{
    double t = (double)++l->ema.count;

    each(l, follow, 1 - fmin(l->ema.decay, (1 + t) / (10 + t)));
}

void dt_ema_swap(struct dt_loop *l)
{
    if (l->ema.decay <= 0)
        return;
    each(l, exchange, 0);
    dt_net_touch(l->t.net);
}

void dt_ema_free(struct dt_ema *e)
{
    dt_free(e->x);
    dt_free(e->buffer);
    *e = (struct dt_ema){ 0 };
}

struct collect {
    struct dt_param **buffer; /* NULL: count only */
    int n;
    int64_t size;
};

static bool add_buffer(void *ctx, struct dt_param *p)
{
    struct collect *c = ctx;

    if (!p->buffer)
        return true;
    if (c->buffer)
        c->buffer[c->n] = p;
    c->n++;
    c->size += dt_numel(&p->tensor.shape);
    return true;
}

void dt_train_ema(struct dt_train *t, double decay)
{
    struct dt_ema *e = &t->loop->ema;
    struct collect c = { 0 };
    struct dt_visitor v = { .ctx = &c, .param = add_buffer };

    dt_ema_free(e);
    if (decay <= 0)
        return;
    dt_net_walk(t->net, &v);
    e->n = (int64_t)dt_net_size(t->net);
    e->size = e->n + c.size;
    e->n_buffers = c.n;
    e->x = dt_calloc((size_t)e->size, sizeof *e->x);
    e->buffer = dt_calloc((size_t)c.n + 1, sizeof *e->buffer);
    if (!e->x || !e->buffer) {
        dt_ema_free(e);
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the moving average of the weights");
        return;
    }
    c = (struct collect){ .buffer = e->buffer };
    dt_net_walk(t->net, &v);
    e->decay = decay;
    each(t->loop, copy, 0);
}
