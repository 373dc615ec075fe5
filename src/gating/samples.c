/* Some images of a cache as a decision problem: features by the very ops of the policy, losses from the answers. */
#include <string.h>

#include "gating/cache.h"

enum { CHUNK = 512 };

struct taker {
    struct dt_train *t;
    const struct dt_cache *c;
    const struct dt_exit_policy *p;
    const int *image;
    struct dt_samples *s;
    double **x, **loss; /* of the states */
};

/* `wide` numbers of each of some images, on the tape. */
static struct dt_tensor *gather(struct taker *k, const dt_real *from, int wide, int first, int n)
{
    dt_real *to = dt_tape_alloc(k->t->tape, (size_t)n * (size_t)wide * sizeof *to);

    for (int i = 0; to && i < n; i++)
        memcpy(to + (int64_t)i * wide, from + (int64_t)k->image[first + i] * wide, (size_t)wide * sizeof *to);
    return dt_tape_leaf(k->t->tape, dt_shape2(n, wide), to);
}

static struct dt_tensor *cooled(struct taker *k, int node, int first, int n)
{
    struct dt_tensor *z = gather(k, k->c->logits[node], k->p->heads.classes, first, n);

    return dt_affine(k->t->tape, z, (double)dt_exit_policy_cool(k->p, node)[0], 0);
}

static void judge(struct taker *k, int state, int first, const struct dt_tensor *answer)
{
    int classes = k->p->heads.classes, n = answer->shape.d[0];

    for (int i = 0; i < n; i++) {
        int rank = dt_logit_rank(answer->data + (int64_t)i * classes, classes, k->c->label[k->image[first + i]]);

        k->s->wrong[0][state][first + i] = rank >= 1;
        k->s->wrong[1][state][first + i] = rank >= 5;
    }
}

/* Features and answers of samples first .. first + n - 1 in a state. */
static void take_state(struct taker *k, int state, int first, int n)
{
    const struct dt_exit_policy *p = k->p;
    struct dt_tape *t = k->t->tape;
    int node = dt_route_node(&p->route, state), before = state - dt_route_state(&p->route, node, -1) - 1;
    struct dt_tensor *answer = cooled(k, node, first, n), *last = NULL, *pooled = NULL, *seen;
    const dt_real *blend = dt_exit_policy_blend(p, state);

    if (p->route.pairs)
        last = before >= 0 ? cooled(k, before, first, n) : dt_zeros(t, dt_shape2(n, p->heads.classes));
    if (p->cfg.sight.ensemble)
        answer =
            dt_add(t, dt_affine(t, answer, (double)blend[0], 0), dt_affine(t, last, (double)blend[1], 0), DT_LINEAR);
    if (k->c->pooled[node])
        pooled = gather(k, k->c->pooled[node], p->heads.pooled[node], first, n);
    seen = dt_sight_look(t, &p->cfg.sight, answer, last, pooled);
    if (dt_tape_err(t)->code)
        return;
    judge(k, state, first, answer);
    for (int64_t i = 0; node + 1 < p->heads.n && i < dt_numel(&seen->shape); i++)
        k->x[state][(int64_t)first * p->route.n_x[state] + i] = (double)seen->data[i];
}

/* The last node alone is what all is compared with; how sure each head alone is serves the threshold rule. */
static void take_heads(struct taker *k, int first, int n)
{
    int nodes = k->p->heads.n, classes = k->p->heads.classes;

    for (int node = 0; node < nodes; node++) {
        struct dt_tensor *z = cooled(k, node, first, n), *sure = dt_confidence(k->t->tape, z, 0);

        if (dt_tape_err(k->t->tape)->code)
            return;
        for (int i = 0; i < n; i++) {
            int rank = dt_logit_rank(z->data + (int64_t)i * classes, classes, k->c->label[k->image[first + i]]);

            k->s->sure[node][first + i] = (double)sure->data[(int64_t)i * sure->shape.d[1] + 1];
            k->s->full_wrong[0][first + i] = rank >= 1; /* of the last node in the end */
            k->s->full_wrong[1][first + i] = rank >= 5;
        }
    }
}

static bool open(struct taker *k, int n, struct dt_err *err)
{
    struct dt_samples *s = k->s;
    struct dt_arena *a = s->arena = dt_arena_new(0, err);
    size_t states = (size_t)dt_route_states(&k->p->route), nodes = (size_t)k->p->heads.n, count = (size_t)n;
    bool ok;

    if (!a)
        return false;
    s->n = n;
    s->route = k->p->route;
    s->route.n_samples = n;
    k->x = dt_arena_calloc(a, states, sizeof *k->x);
    k->loss = dt_arena_calloc(a, states, sizeof *k->loss);
    s->sure = dt_arena_calloc(a, nodes, sizeof *s->sure);
    ok = k->x && k->loss && s->sure;
    for (int j = 0; j < 2; j++) {
        s->wrong[j] = dt_arena_calloc(a, states, sizeof *s->wrong[j]);
        s->full_wrong[j] = dt_arena_calloc(a, count, 1);
        ok = ok && s->wrong[j] && s->full_wrong[j];
    }
    for (size_t i = 0; ok && i < states; i++) {
        k->x[i] = dt_arena_calloc(a, count * (size_t)s->route.n_x[i], sizeof(double));
        k->loss[i] = dt_arena_calloc(a, count, sizeof(double));
        s->wrong[0][i] = dt_arena_calloc(a, count, 1);
        s->wrong[1][i] = dt_arena_calloc(a, count, 1);
        ok = k->x[i] && k->loss[i] && s->wrong[0][i] && s->wrong[1][i];
    }
    for (size_t i = 0; ok && i < nodes; i++) {
        s->sure[i] = dt_arena_calloc(a, count, sizeof(double));
        ok = s->sure[i] != NULL;
    }
    s->route.x = (const double *const *)k->x;
    s->route.loss = (const double *const *)k->loss;
    return ok || dt_fail(err, DT_ENOMEM, "out of memory for the features of %d images", n);
}

enum dt_code dt_samples_take(struct dt_train *t, const struct dt_cache *c, const struct dt_exit_policy *p,
                             const int *image, int n, int loss, bool top5, struct dt_samples *out)
{
    struct taker k = { t, c, p, image, out, NULL, NULL };

    *out = (struct dt_samples){ .arena = NULL };
    if (!open(&k, n, &t->err))
        return t->err.code;
    dt_tape_no_grad(t->tape, true);
    for (int first = 0; first < n && !t->err.code; first += CHUNK) {
        int count = n - first < CHUNK ? n - first : CHUNK;

        dt_tape_reset(t->tape);
        take_heads(&k, first, count);
        for (int s = 0; s < dt_route_states(&p->route); s++)
            take_state(&k, s, first, count);
        if (dt_tape_err(t->tape)->code)
            t->err = *dt_tape_err(t->tape);
    }
    dt_tape_no_grad(t->tape, false);
    for (int s = 0; s < dt_route_states(&p->route) && !t->err.code; s++)
        for (int i = 0; i < n; i++)
            k.loss[s][i] = out->wrong[top5][s][i] && !(loss == DT_EXCESS && out->full_wrong[top5][i]);
    dt_tape_reset(t->tape);
    return t->err.code;
}

void dt_samples_free(struct dt_samples *s)
{
    dt_arena_free(s->arena);
    *s = (struct dt_samples){ .arena = NULL };
}
