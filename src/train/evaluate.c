/* Accuracy of a method's net, and of the static one: every choice at its maximum, running statistics, no gradients,
 * samples in their order. */
#include "train/loop.h"

#include <dyntrain/exec.h>
#include <math.h>

int dt_logit_rank(const dt_real *logits, int classes, int k)
{
    int rank = 0;

    for (int i = 0; i < classes; i++) /* equal logits: the lower class first; a logit that is no number is last */
        if (i != k && !(logits[k] > logits[i]) && (logits[k] != logits[i] || i < k))
            rank++;
    return rank;
}

struct dt_loader *dt_train_loader(struct dt_train *t, enum dt_split split)
{
    struct dt_loop *l = t->loop;
    const struct dt_data_cfg *cfg = &l->t.set->data;

    if (!l->eval[split])
        l->eval[split] = dt_loader_new(l->t.data,
                                       &(struct dt_loader_cfg){ .split = split,
                                                                .batch = (int)cfg->batch,
                                                                .workers = (int)cfg->workers,
                                                                .seed = (uint64_t)l->t.set->seed },
                                       &l->t.err);
    return l->eval[split];
}

/* Adds this batch's counts to `out`; the loss is a sum until the end. */
static enum dt_code add_batch(struct dt_train *t, struct dt_plan *plan, const struct dt_batch *b, struct dt_eval *out)
{
    struct dt_plan_out o;
    struct dt_tensor *logits, *loss;

    if (dt_plan_run(plan, NULL, b->x, b->n, &o, &t->err))
        return t->err.code;
    dt_tape_reset(t->tape);
    dt_tape_no_grad(t->tape, true);
    logits = dt_tape_leaf(t->tape, dt_shape2(b->n, o.classes), o.logits);
    loss = dt_cross_entropy(t->tape, logits, b->label, NULL, NULL, 0);
    dt_tape_no_grad(t->tape, false);
    if (dt_tape_err(t->tape)->code) {
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
        return t->err.code;
    }
    for (int i = 0; i < b->n; i++) {
        int classes = logits->shape.d[1];
        int rank = dt_logit_rank(logits->data + (int64_t)i * classes, classes, b->label[i]);

        out->accuracy += rank < 1;
        out->top5 += rank < 5;
        out->loss += (double)loss->data[i];
    }
    out->n += b->n;
    return DT_OK;
}

static enum dt_code add_all(struct dt_train *t, struct dt_loader *loader, struct dt_plan *plan, struct dt_eval *out)
{
    struct dt_batch b;
    enum dt_code code;

    dt_loader_start(loader, 0, 0);
    while (dt_loader_next(loader, &b, &t->err)) {
        if (add_batch(t, plan, &b, out))
            return t->err.code;
        code = dt_signals_code(); /* the counters stand at the end of the epoch: a resumed run evaluates again */
        if (code)
            return code;
    }
    return t->err.code;
}

/* Compiled for this once: it takes no longer than a few images, and the weights are those of now. */
enum dt_code dt_evaluate_static(struct dt_train *t, enum dt_split split, struct dt_eval *out)
{
    const struct dt_plan_cfg cfg = { .batch = (int)t->set->data.batch, .precision = dt_tape_dtype(t->tape) };
    struct dt_loader *loader = dt_train_loader(t, split);
    struct dt_plan *plan;
    struct dt_cost cost;
    enum dt_code code;

    *out = (struct dt_eval){ 0 };
    if (!loader || dt_cost(t->net, NULL, NULL, &cost, &t->err))
        return t->err.code;
    plan = dt_plan_new(t->net, NULL, t->engine, &cfg, &t->err);
    if (!plan)
        return t->err.code;
    code = add_all(t, loader, plan, out);
    dt_plan_free(plan);
    if (code)
        return code;
    dt_tape_reset(t->tape);
    if (out->n > 0) {
        out->accuracy /= (double)out->n;
        out->top5 /= (double)out->n;
        out->loss /= (double)out->n;
    }
    out->macs_mean = (double)cost.macs;
    return DT_OK;
}

enum dt_code dt_train_evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out)
{
    return t->method->evaluate ? t->method->evaluate(t, split, out) : dt_evaluate_static(t, split, out);
}
