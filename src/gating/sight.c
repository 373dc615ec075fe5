/* What a policy sees of a head: the same ops when it is fitted and when it decides. And which heads a net has. */
#include "gating/exit_policy.h"

enum { MEASURES = 4 }; /* of dt_confidence, before the sorted ones */

/* ---- heads ---- */

static enum dt_code refuse(struct dt_err *err, const char *what)
{
    dt_fail(err, DT_ECONFIG, "%s", what);
    return DT_ECONFIG;
}

static enum dt_code take_heads(struct dt_net *net, const struct dt_run *run, const struct dt_tensor *end,
                               struct dt_heads *out, struct dt_err *err)
{
    *out = (struct dt_heads){ .n = run->n_exits + 1, .classes = end->shape.d[1] };
    if (run->n_exits == 0)
        return refuse(err, "the network has no exits");
    if (out->n > DT_ROUTE_MAX_NODES) {
        dt_fail(err, DT_ECONFIG, "%d exits are too many, at most %d", run->n_exits, DT_ROUTE_MAX_NODES - 1);
        return DT_ECONFIG;
    }
    for (int k = 0; k < run->n_exits; k++) {
        const struct dt_exit *e = &run->exit[k];

        out->choice[k] = e->choice;
        out->path[k] = dt_net_space(net)->choice[e->choice].path;
        out->pooled[k] = e->features ? e->features->shape.d[1] : 0;
        if (e->logits->shape.d[1] != out->classes)
            return refuse(err, "the exits of the network have unequal numbers of classes");
    }
    out->choice[run->n_exits] = -1;
    out->path[run->n_exits] = dt_net_root(net)->path;
    return DT_OK;
}

enum dt_code dt_heads_find(struct dt_net *net, struct dt_heads *out, struct dt_err *err)
{
    struct dt_tape *dry = dt_tape_new_dry(err);
    const struct dt_space *space = dt_net_space(net);
    struct dt_run run = { .tape = dry, .exec = DT_SKIP };
    struct dt_tensor *end;

    if (!dry)
        return err->code;
    run.arch = dt_arch_full(dry, space, 1);
    for (int i = 0; i < run.arch.n; i++)
        if (space->choice[i].kind == DT_EXIT)
            run.arch.value[i] = DT_LOOK;
    end = dt_net_forward(net, &run, dt_tape_leaf(dry, dt_net_input(net), NULL));
    if (dt_tape_err(dry)->code)
        *err = *dt_tape_err(dry);
    else
        (void)(take_heads(net, &run, end, out, err) == DT_OK);
    dt_tape_free(dry);
    return err->code;
}

/* ---- sight ---- */

static int confidence_width(const struct dt_sight *s)
{
    return (MEASURES + (int)s->sorted) * (s->squares ? 2 : 1);
}

int dt_sight_width(const struct dt_sight *s, const struct dt_heads *h, int node)
{
    return confidence_width(s) + (s->pooled ? h->pooled[node] : 0) + (s->history ? confidence_width(s) + 1 : 0);
}

struct dt_tensor *dt_sight_look(struct dt_tape *t, const struct dt_sight *s, struct dt_tensor *answer,
                                struct dt_tensor *before, struct dt_tensor *pooled)
{
    struct dt_tensor *part[6];
    int n = 0;

    part[n++] = dt_confidence(t, answer, (int)s->sorted);
    if (s->squares) {
        part[n] = dt_mul(t, part[n - 1], part[n - 1]);
        n++;
    }
    if (s->pooled && pooled)
        part[n++] = pooled;
    if (s->history) {
        part[n++] = dt_confidence(t, before, (int)s->sorted);
        if (s->squares) {
            part[n] = dt_mul(t, part[n - 1], part[n - 1]);
            n++;
        }
        /* how far the two agree: the chance that they name the same class */
        part[n] = dt_row_sum(t, dt_mul(t, dt_softmax(t, answer), dt_softmax(t, before)));
        part[n] = dt_reshape(t, part[n], dt_shape2(part[n]->shape.rank ? part[n]->shape.d[0] : 1, 1));
        n++;
    }
    return n > 1 ? dt_concat(t, part, n) : part[0];
}
