/* keep: run this body? Masked execution runs it for everybody and gates; skipping execution runs it for those who keep
 * it. Batch norm sees the same samples in both. */
#include "nn/layers/layer.h"
#include "nn/run.h"

/* act(base + y). A sum of unequal widths is a mistake unless some WIDTH has narrowed a tensor. */
static struct dt_tensor *join(struct dt_run *run, struct dt_tensor *base, struct dt_tensor *y, enum dt_act act)
{
    char b[64], s[64];

    if (dt_channels(base) != dt_channels(y) && !dt_tape_err(run->tape)->code && !dt_run_shrunk(run))
        return dt_tape_fail(run->tape, DT_ESHAPE, "body puts out %s, base has %s", dt_shape_str(&y->shape, s),
                            dt_shape_str(&base->shape, b));
    return dt_add(run->tape, base, y, act);
}

/* The norm that ends the body, where nothing follows it. */
static struct dt_module *tail_of(struct dt_module *m)
{
    while (m && dt_is_seq(m)) {
        for (m = m->child; m && m->next;)
            m = m->next;
        if (m && m->choice[DT_EXIT] >= 0)
            return NULL;
    }
    return m ? m->tail : NULL;
}

/* The sum goes into the norm that ends the body, which saves a pass over the result each way. */
static struct dt_tensor *whole(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                               enum dt_act act)
{
    struct dt_module *tail = tail_of(body), *outer = run->tail;
    struct dt_tensor *outer_base = run->base, *y;
    enum dt_act outer_act = run->act;

    if (!tail || dt_run_shrunk(run) || tail->param->tensor.shape.d[0] != dt_channels(base))
        return join(run, base, dt_forward(body, run, x), act);
    run->tail = tail;
    run->base = base;
    run->act = act;
    y = dt_forward(body, run, x);
    DT_ASSERT(!run->tail || dt_tape_err(run->tape)->code); /* it was taken */
    run->tail = outer;
    run->base = outer_base;
    run->act = outer_act;
    return y;
}

/* Everybody runs the body. */
static struct dt_tensor *keep(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                              enum dt_act act)
{
    struct dt_mark mark = { DT_MARK_KEEP, body->choice[DT_KEEP], .begin = dt_tape_n_nodes(run->tape), .in = x };

    mark.out = whole(run, body, base, x, act);
    mark.end = dt_tape_n_nodes(run->tape);
    if (mark.choice >= 0)
        dt_tape_mark(run->tape, &mark);
    return mark.out;
}

/* The body of the samples in this part, and of nobody else. */
static struct dt_tensor *part_of(struct dt_run *run, struct dt_module *body, struct dt_tensor *x,
                                 const struct dt_part *p)
{
    struct dt_here here = dt_run_here(run);
    struct dt_tensor *y;
    const int *row;

    if (p->n < run->n)
        x = dt_gather(run->tape, x, p->at, p->n);
    dt_run_narrow(run, p);
    row = run->row;
    y = dt_forward(body, run, x);
    DT_ASSERT(y && run->row == row); /* nobody leaves the net inside a body */
    dt_run_back(run, here);
    return y;
}

static struct dt_tensor *skip(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                              enum dt_act act, const struct dt_part *p)
{
    struct dt_tensor *y;
    int c;

    if (p->n == 0)
        return act == DT_RELU ? dt_relu(run->tape, base) : base;
    y = part_of(run, body, x, p);
    if (dt_channels(base) != dt_channels(y) && dt_run_shrunk(run)) {
        c = dt_channels(base) > dt_channels(y) ? dt_channels(base) : dt_channels(y);
        base = dt_widen(run, base, c);
        y = dt_widen(run, y, c);
    }
    return dt_scatter_add(run->tape, base, y, p->at, p->n, act);
}

static struct dt_tensor *mask(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                              enum dt_act act, const struct dt_part *p)
{
    struct dt_here here = dt_run_here(run);
    struct dt_tensor *gate = dt_run_gate(run, body->choice[DT_KEEP]), *weight = run->weight, *y;

    if (p->n < p->of)
        weight = dt_run_mask(run, p);
    y = dt_forward(body, run, x);
    DT_ASSERT(y && run->weight == weight); /* nobody leaves the net inside a body */
    dt_run_back(run, here);
    return join(run, base, dt_gate(run->tape, y, gate ? gate : weight), act);
}

struct dt_tensor *dt_keep(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                          enum dt_act act)
{
    int choice = body->choice[DT_KEEP];
    bool gated = choice >= 0 && run->exec == DT_MASK && run->arch.gate && run->arch.gate[choice];
    struct dt_part p;

    if (!x || !base)
        return NULL;
    if (choice < 0 || (run->arch.n == 0 && !gated))
        return keep(run, body, base, x, act);
    if (!dt_run_pick(run, choice, 0, &p))
        return dt_tape_fail(run->tape, DT_ENOMEM, "out of memory");
    if (p.n == p.of && !gated)
        return keep(run, body, base, x, act);
    return run->exec == DT_SKIP ? skip(run, body, base, x, act, &p) : mask(run, body, base, x, act, &p);
}

/* Each body of its part, all added in one pass. */
static struct dt_tensor *skip_sum(struct dt_run *run, struct dt_module *body, int n, struct dt_shape shape,
                                  struct dt_tensor *x)
{
    struct dt_scatter *part = dt_tape_alloc(run->tape, (size_t)n * sizeof *part);
    struct dt_part p;
    int some = 0;

    if (!part)
        return x;
    for (int i = 0; i < n; i++, body = body->next) {
        if (!dt_run_pick(run, body->choice[DT_KEEP], 0, &p))
            return dt_tape_fail(run->tape, DT_ENOMEM, "out of memory");
        if (p.n > 0)
            part[some++] = (struct dt_scatter){ part_of(run, body, x, &p), p.at, p.n };
    }
    return some > 0 ? dt_scatter_sum(run->tape, NULL, shape.d[0], part, some, DT_LINEAR) : dt_zeros(run->tape, shape);
}

struct dt_tensor *dt_keep_sum(struct dt_run *run, struct dt_module *body, int n, struct dt_shape shape,
                              struct dt_tensor *x)
{
    struct dt_tensor *y;

    if (run->exec == DT_SKIP && run->arch.n > 0 && !dt_tape_dry(run->tape) && !dt_run_shrunk(run))
        return skip_sum(run, body, n, shape, x);
    y = dt_zeros(run->tape, shape);
    for (int i = 0; i < n; i++, body = body->next)
        y = dt_keep(run, body, y, x, DT_LINEAR);
    return y;
}
