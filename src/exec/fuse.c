/* fuse: what a convolution can do on its way: the norm behind it, the activation, the sum of a residual block. All of
 * them peepholes: a value that one step writes and one step reads, nothing of a choice between. */
#include "exec/plan.h"

#include <dyntrain/ops.h>

static void drop(struct dt_step *s)
{
    s->kind = DT_STEP_NONE;
}

/* The step that writes `value` for step `at` alone, at hand to take over what `at` does; NULL: none. */
static struct dt_step *alone(struct dt_plan *p, int value, int at, int *index)
{
    *index = dt_plan_writer(p, value);
    if (*index < 0 || dt_plan_uses(p, value) != 1 || !dt_plan_straight(p, *index, at))
        return NULL;
    return &p->step[*index];
}

/* ---- batch norm of running statistics is a scale and a shift: of the weights, then ---- */
static void fold_norms(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct dt_step *s = &p->step[i], *conv;
        int at;

        if (s->kind != DT_STEP_NORM)
            continue;
        conv = alone(p, s->in[0], i, &at);
        if (!conv || conv->kind != DT_STEP_CONV || conv->norm || conv->n_in > 1 || conv->act != DT_LINEAR)
            continue;
        conv->norm = s->node;
        conv->act = s->act;
        conv->out = s->out;
        drop(s);
    }
}

/* ---- a ReLU by whoever wrote its input ---- */
static void merge_acts(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct dt_step *s = &p->step[i], *from;
        int at;

        if (s->kind != DT_STEP_COPY || s->act == DT_LINEAR)
            continue;
        from = alone(p, s->in[0], i, &at);
        if (!from || from->act != DT_LINEAR ||
            (from->kind != DT_STEP_CONV && from->kind != DT_STEP_ADD && from->kind != DT_STEP_NORM))
            continue;
        from->act = s->act;
        from->out = s->out;
        drop(s);
    }
}

/* ---- a sum by the convolution that comes last ---- */

/* True when the convolution that writes operand `k` can add the other one. */
static bool merge_sum(struct dt_plan *p, int i, int k)
{
    struct dt_step *s = &p->step[i], *conv;
    int at, other = s->in[1 - k];

    conv = alone(p, s->in[k], i, &at);
    if (!conv || conv->kind != DT_STEP_CONV || conv->n_in > 1 || conv->act != DT_LINEAR ||
        dt_plan_writer(p, other) >= at)
        return false;
    conv->in[conv->n_in++] = other; /* lower.c has made room */
    conv->act = s->act;
    conv->out = s->out;
    drop(s);
    return true;
}

static void merge_sums(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++)
        if (p->step[i].kind == DT_STEP_ADD && p->step[i].in[0] != p->step[i].in[1] && !merge_sum(p, i, 1))
            (void)merge_sum(p, i, 0);
}

/* ---- a ReLU of what is positive already ---- */
static bool keeps_sign(const struct dt_op *op)
{
    return op == &dt_op_max_pool || op == &dt_op_avg_pool || op == &dt_op_global_avg_pool || op == &dt_op_upsample;
}

static bool writes_positive(const struct dt_plan *p, const struct dt_step *s)
{
    if (s->act != DT_LINEAR)
        return true;
    if (s->kind == DT_STEP_PAD || s->kind == DT_STEP_COPY || (s->kind == DT_STEP_OP && keeps_sign(s->node->op)))
        return p->value[s->in[0]].positive;
    return s->kind == DT_STEP_OP && s->node->op == &dt_op_zeros;
}

/* In order, so that a value's writers are all behind when it is read. */
static void drop_relus(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct dt_step *s = &p->step[i];

        if (s->kind == DT_STEP_NONE || s->out < 0)
            continue;
        if (s->kind == DT_STEP_COPY && s->act == DT_RELU && p->value[s->in[0]].positive)
            s->act = DT_LINEAR;
        p->value[s->out].positive =
            writes_positive(p, s) && (dt_plan_writer(p, s->out) == i || p->value[s->out].positive);
    }
}

void dt_plan_fuse(struct dt_plan *p)
{
    if (!p->cfg.keep_norm)
        fold_norms(p);
    merge_acts(p);
    merge_sums(p);
    merge_acts(p);
    drop_relus(p);
}
