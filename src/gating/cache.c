/* One pass over a split with every head looking: see cache.h. */
#include "gating/cache.h"

#include <string.h>

#include "gating/blend.h"

static bool cache_open(struct dt_cache *c, const struct dt_exit_policy *p, int n, struct dt_err *err)
{
    const struct dt_heads *h = &p->heads;
    bool ok;

    *c = (struct dt_cache){ .arena = dt_arena_new(0, err), .n = n };
    if (!c->arena)
        return false;
    c->label = dt_arena_calloc(c->arena, (size_t)n, sizeof *c->label);
    ok = c->label != NULL;
    for (int k = 0; k < h->n; k++) {
        size_t wide = p->cfg.sight.pooled ? (size_t)h->pooled[k] : 0;

        c->logits[k] = dt_arena_calloc(c->arena, (size_t)n * (size_t)h->classes, sizeof(dt_real));
        ok = ok && c->logits[k];
        if (wide) {
            c->pooled[k] = dt_arena_calloc(c->arena, (size_t)n * wide, sizeof(dt_real));
            ok = ok && c->pooled[k];
        }
    }
    return ok || dt_fail(err, DT_ENOMEM, "out of memory for the answers of %d exits to %d images", h->n, n);
}

static void keep(const struct dt_tensor *t, int at, dt_real *to)
{
    int64_t wide = t->shape.d[1];

    memcpy(to + at * wide, t->data, (size_t)dt_numel(&t->shape) * sizeof *to);
}

static enum dt_code add_batch(struct dt_train *t, const struct dt_exit_policy *p, const struct dt_batch *b, int at,
                              struct dt_cache *c)
{
    const struct dt_space *space = dt_net_space(t->net);
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = t->tape, .exec = DT_SKIP, .n = b->n };
    struct dt_tensor *end;

    dt_tape_reset(t->tape);
    dt_tape_no_grad(t->tape, true);
    run.arch = dt_arch_full(t->tape, space, 1);
    for (int i = 0; i < run.arch.n; i++)
        if (space->choice[i].kind == DT_EXIT)
            run.arch.value[i] = DT_LOOK;
    end = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x));
    dt_tape_no_grad(t->tape, false);
    if (dt_tape_err(t->tape)->code) {
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
        return t->err.code;
    }
    for (int k = 0; k < run.n_exits; k++) {
        keep(run.exit[k].logits, at, c->logits[k]);
        if (c->pooled[k])
            keep(run.exit[k].features, at, c->pooled[k]);
    }
    keep(end, at, c->logits[p->heads.n - 1]);
    if (c->pooled[p->heads.n - 1])
        keep(run.features, at, c->pooled[p->heads.n - 1]);
    memcpy(c->label + at, b->label, (size_t)b->n * sizeof *c->label);
    return DT_OK;
}

enum dt_code dt_cache_fill(struct dt_train *t, const struct dt_exit_policy *p, enum dt_split split,
                           struct dt_cache *out)
{
    struct dt_loader *loader = dt_train_loader(t, split);
    struct dt_batch b;
    enum dt_code code = DT_OK;
    int at = 0;

    *out = (struct dt_cache){ .arena = NULL };
    if (!loader || !cache_open(out, p, dt_dataset_info(t->data)->n[split], &t->err))
        return t->err.code;
    dt_loader_start(loader, 0, 0);
    while (!code && dt_loader_next(loader, &b, &t->err)) {
        code = add_batch(t, p, &b, at, out);
        at += b.n;
        if (!code)
            code = dt_signals_code();
    }
    code = code ? code : t->err.code;
    if (!code)
        DT_ASSERT(at == out->n);
    dt_tape_reset(t->tape);
    return code;
}

void dt_cache_free(struct dt_cache *c)
{
    dt_arena_free(c->arena);
    *c = (struct dt_cache){ .arena = NULL };
}

/* ---- temperatures and blends ---- */

/* Answers of the chosen images, times a factor. */
static dt_real *pick(const struct dt_cache *c, int node, int classes, const int *image, int n, double factor)
{
    dt_real *z = dt_malloc((size_t)n * (size_t)classes * sizeof *z);

    for (int i = 0; z && i < n; i++)
        for (int k = 0; k < classes; k++)
            z[(int64_t)i * classes + k] = (dt_real)factor * c->logits[node][(int64_t)image[i] * classes + k];
    return z;
}

/* w [m] of the cooled answers of nodes[m]. */
static enum dt_code fit(const struct dt_cache *c, const struct dt_exit_policy *p, const int *image, int n,
                        const int *nodes, int m, double *w, struct dt_err *err)
{
    int classes = p->heads.classes, *label = dt_calloc((size_t)n, sizeof *label);
    const dt_real *head[2] = { NULL, NULL };
    dt_real *z[2] = { NULL, NULL };
    bool ok = label != NULL;

    for (int i = 0; i < m; i++) {
        z[i] = pick(c, nodes[i], classes, image, n, (double)dt_exit_policy_cool(p, nodes[i])[0]);
        head[i] = z[i];
        ok = ok && z[i];
    }
    for (int i = 0; ok && i < n; i++)
        label[i] = c->label[image[i]];
    if (!ok)
        dt_fail(err, DT_ENOMEM, "out of memory for the temperatures of the exits");
    else
        (void)(dt_blend_fit(n, classes, m, head, label, w, err) == DT_OK);
    dt_free(z[0]);
    dt_free(z[1]);
    dt_free(label);
    return err->code;
}

enum dt_code dt_cache_fit_blends(const struct dt_cache *c, struct dt_exit_policy *p, const int *image, int n,
                                 bool temperature, struct dt_err *err)
{
    double w[2];

    for (int k = 0; k < p->heads.n; k++) {
        dt_exit_policy_cool(p, k)[0] = 1;
        if (temperature && fit(c, p, image, n, &k, 1, w, err))
            return err->code;
        if (temperature && w[0] > 0) /* else the head knows less than nothing, and is left as it is */
            dt_exit_policy_cool(p, k)[0] = (dt_real)w[0];
    }
    for (int s = 0; s < dt_route_states(&p->route); s++) {
        int k = dt_route_node(&p->route, s), before = s - dt_route_state(&p->route, k, -1) - 1;

        w[0] = 1;
        w[1] = 0;
        if (p->cfg.sight.ensemble && before >= 0 && fit(c, p, image, n, (int[2]){ k, before }, 2, w, err))
            return err->code;
        dt_exit_policy_blend(p, s)[0] = (dt_real)w[0];
        dt_exit_policy_blend(p, s)[1] = (dt_real)w[1];
    }
    dt_net_touch(p->base.net);
    return DT_OK;
}
