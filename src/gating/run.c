/* The net with its exit policy, really skipping, over a split. */
#include "gating/exits.h"

struct runner {
    struct dt_train *t;
    struct dt_exits *e;
    const double *macs; /* dt_exit_costs */
    struct dt_eval *out;
};

/* MACs of a sample by what its row of the arch says was done. */
static double macs_of(const struct runner *r, const int *value, int stopped)
{
    const struct dt_heads *h = &r->e->policy.heads;
    double sum = 0;
    int before = -1;

    for (int k = 0; k < stopped; k++)
        if (value[h->choice[k]] == DT_LOOK) {
            sum += r->macs[(before + 1) * h->n + k];
            before = k;
        }
    return sum + r->macs[(before + 1) * h->n + stopped];
}

static enum dt_code add_batch(struct runner *r, const struct dt_batch *b)
{
    struct dt_train *t = r->t;
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = t->tape, .policy = &r->e->policy.base, .exec = DT_SKIP, .n = b->n };
    int classes = r->e->policy.heads.classes, *node;
    struct dt_tensor *end, *loss;
    dt_real *answer;

    dt_tape_reset(t->tape);
    dt_tape_no_grad(t->tape, true);
    end = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x));
    answer = dt_tape_alloc(t->tape, (size_t)b->n * (size_t)classes * sizeof *answer);
    node = dt_tape_alloc(t->tape, (size_t)b->n * sizeof *node);
    if (answer && node)
        dt_exit_policy_answers(&r->e->policy, &run, end, answer, node);
    loss = dt_cross_entropy(t->tape, dt_tape_leaf(t->tape, dt_shape2(b->n, classes), answer), b->label, NULL, NULL, 0);
    dt_tape_no_grad(t->tape, false);
    if (dt_tape_err(t->tape)->code) {
        t->err = *dt_tape_err(t->tape);
        return t->err.code;
    }
    for (int i = 0; i < b->n; i++) {
        int rank = dt_logit_rank(answer + (int64_t)i * classes, classes, b->label[i]);

        r->out->accuracy += rank < 1;
        r->out->top5 += rank < 5;
        r->out->loss += (double)loss->data[i];
        r->out->macs_mean += macs_of(r, run.arch.value + (int64_t)i * run.arch.n, node[i]);
    }
    r->out->n += b->n;
    return DT_OK;
}

static enum dt_code run_split(struct runner *r, struct dt_loader *loader)
{
    struct dt_train *t = r->t;
    struct dt_batch b;
    enum dt_code code = DT_OK;

    dt_loader_start(loader, 0, 0);
    while (!code && dt_loader_next(loader, &b, &t->err)) {
        code = add_batch(r, &b);
        if (!code)
            code = dt_signals_code();
    }
    dt_tape_reset(t->tape);
    return code ? code : t->err.code;
}

enum dt_code dt_exits_evaluate(struct dt_train *t, struct dt_exits *e, enum dt_split split, struct dt_eval *out)
{
    struct dt_loader *loader = dt_train_loader(t, split);
    size_t n = (size_t)e->policy.heads.n;
    double *macs, full;
    struct runner r = { .t = t, .e = e, .out = out };
    enum dt_code code;

    if (!e->fitted)
        return dt_evaluate_static(t, split, out);
    *out = (struct dt_eval){ 0 };
    macs = dt_calloc(n * (n + 1), sizeof *macs);
    if (!macs)
        dt_fail(&t->err, DT_ENOMEM, "out of memory for the costs of the exits");
    r.macs = macs;
    code = t->err.code;
    if (!code && loader)
        code = dt_exit_costs(&e->policy, DT_UNIT_MACS, NULL, NULL, macs, &full, &t->err);
    if (!code && loader)
        code = run_split(&r, loader);
    dt_free(macs);
    if (code || !loader || out->n == 0)
        return code ? code : t->err.code;
    out->accuracy /= (double)out->n;
    out->top5 /= (double)out->n;
    out->loss /= (double)out->n;
    out->macs_mean /= (double)out->n;
    return DT_OK;
}
