/* lower: a trace to steps. A choice becomes a skip over the nodes its mark names; behind a
 * body that may be absent stands what its sum is without it. */
#include "exec/plan.h"

#include <dyntrain/ops.h>

enum { NORM_BASE = 6 }; /* input of batch_norm: what is added to its result */

struct lower {
    struct dt_plan *p;
    struct dt_err *err;
    int *value; /* of every node's output */
    int *skip;  /* of every mark: its step, until it is closed */
};

/* Ops that keep something beside their result, or have no place in an inference trace. */
static bool refused(const struct dt_op *op)
{
    static const struct dt_op *const list[] = { &dt_op_cross_entropy, &dt_op_dropout,     &dt_op_gather,
                                                &dt_op_gate,          &dt_op_weight_join, &dt_op_lstm_cell,
                                                &dt_op_embedding,     &dt_op_scatter_add, &dt_op_weight_prefix,
                                                &dt_op_batch_norm,    &dt_op_conv2d };

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i] == op)
            return true;
    return false;
}

static bool fails(struct lower *l, const struct dt_node *n, const char *why)
{
    return dt_fail(l->err, DT_EENGINE, "%s: %s: %s", n->scope, n->op->name, why);
}

static struct dt_step *append(struct lower *l, enum dt_step_kind kind, int n_in)
{
    struct dt_step *s = dt_plan_insert(l->p, l->p->n_steps, kind, n_in);

    if (!s)
        dt_fail(l->err, DT_ENOMEM, "out of memory for an inference plan");
    return s;
}

/* The value behind a tensor of the trace; -1: a parameter, or nothing. */
static int value_of(const struct lower *l, const struct dt_tensor *t, const struct dt_tensor *image)
{
    return !t ? -1 : t->node ? l->value[t->node->index] : t == image ? l->p->input : -1;
}

/* ---- one node ---- */
static enum dt_step_kind kind_of(const struct dt_node *n, enum dt_act *act)
{
    const struct dt_op *op = n->op;

    *act = DT_LINEAR;
    if (op == &dt_op_conv2d)
        return DT_STEP_CONV;
    if (op == &dt_op_pad_shortcut)
        return DT_STEP_PAD;
    if (op == &dt_op_callback)
        return DT_STEP_CALL;
    if (op == &dt_op_batch_norm && !((const struct dt_norm_cfg *)n->attr)->training) {
        *act = n->in[NORM_BASE] ? DT_LINEAR : ((const struct dt_norm_cfg *)n->attr)->act;
        return DT_STEP_NORM;
    }
    if (op == &dt_op_add && dt_shape_equal(&n->in[0]->shape, &n->in[1]->shape)) {
        *act = *(const enum dt_act *)n->attr;
        return DT_STEP_ADD;
    }
    if (op == &dt_op_relu || op == &dt_op_relu6)
        *act = op == &dt_op_relu ? DT_RELU : DT_RELU6;
    return op == &dt_op_relu || op == &dt_op_relu6 || op == &dt_op_reshape ? DT_STEP_COPY : DT_STEP_OP;
}

/* Inputs that are activations; parameters are read from the node. */
static int count_values(enum dt_step_kind kind, const struct dt_node *n)
{
    return kind == DT_STEP_OP || kind == DT_STEP_CALL ? n->n_in : kind == DT_STEP_ADD ? 2 : 1;
}

/* A norm that adds a base: the sum is a step of its own. */
static bool lower_base(struct lower *l, const struct dt_node *n, const struct dt_tensor *image)
{
    int out = dt_plan_value(l->p, n->out->shape);
    struct dt_step *s = out < 0 ? NULL : append(l, DT_STEP_ADD, 2);

    if (!s)
        return dt_fail(l->err, DT_ENOMEM, "out of memory for an inference plan");
    s->node = n;
    s->act = ((const struct dt_norm_cfg *)n->attr)->act;
    s->in[0] = value_of(l, n->in[NORM_BASE], image);
    s->in[1] = l->value[n->index];
    s->out = l->value[n->index] = out;
    return true;
}

static bool lower_node(struct lower *l, const struct dt_node *n, const struct dt_tensor *image)
{
    enum dt_act act;
    enum dt_step_kind kind = kind_of(n, &act);
    int out = dt_plan_value(l->p, n->out->shape), n_in = count_values(kind, n);
    struct dt_step *s = out < 0 ? NULL : append(l, kind, n_in);

    if (!s)
        return dt_fail(l->err, DT_ENOMEM, "out of memory for an inference plan");
    if (kind == DT_STEP_OP && refused(n->op))
        return fails(l, n, "has no place in an inference plan");
    s->node = n;
    s->act = act;
    s->out = l->value[n->index] = out;
    for (int i = 0; i < n_in; i++) {
        s->in[i] = value_of(l, n->in[i], image);
        if (s->in[i] < 0 && n->in[i] && !n->in[i]->param && n->in[i]->version == 0)
            return fails(l, n, "reads a leaf that is neither the images nor a parameter");
    }
    return kind != DT_STEP_NORM || !n->in[NORM_BASE] || lower_base(l, n, image);
}

/* ---- choices ---- */
static const struct dt_mark *mark_at(const struct lower *l, int m)
{
    return dt_tape_mark_at(l->p->trace, m);
}

/* Of an exit: behind the policy's look at it, if there is one. */
static int end_of(const struct lower *l, const struct dt_mark *m)
{
    for (int i = 0; m->kind == DT_MARK_EXIT && i < dt_tape_n_marks(l->p->trace); i++)
        if (mark_at(l, i)->kind == DT_MARK_LOOK && mark_at(l, i)->choice == m->choice)
            return mark_at(l, i)->end;
    return m->end;
}

static bool open_skip(struct lower *l, int m, bool want)
{
    struct dt_step *s = append(l, DT_STEP_SKIP, 0);

    if (!s)
        return false;
    s->choice = mark_at(l, m)->choice;
    s->want = want;
    l->skip[m] = l->p->n_steps - 1;
    return true;
}

static void close_skip(struct lower *l, int m)
{
    l->p->step[l->skip[m]].to = l->p->n_steps;
}

/* Marks that begin here, the widest first. */
static bool open_marks(struct lower *l, int i)
{
    for (int end = dt_tape_n_nodes(l->p->trace); end >= i; end--)
        for (int m = 0; m < dt_tape_n_marks(l->p->trace); m++) {
            const struct dt_mark *mark = mark_at(l, m);

            if ((mark->kind == DT_MARK_KEEP || mark->kind == DT_MARK_EXIT) && mark->begin == i && mark->end == end &&
                !open_skip(l, m, true))
                return false;
        }
    return true;
}

static bool ask(struct lower *l, const struct dt_mark *look)
{
    struct dt_step *s = append(l, DT_STEP_ASK, look->out ? 1 : 0);

    if (!s)
        return false;
    s->choice = look->choice;
    if (look->out)
        s->in[0] = value_of(l, look->out, look->in); /* a look at the image itself */
    return true;
}

/* The head is run: what it says is kept for those who ask later. */
static bool note(struct lower *l, const struct dt_mark *head)
{
    struct dt_step *s = append(l, DT_STEP_NOTE, 1);

    if (!s)
        return false;
    s->choice = head->choice;
    s->in[0] = value_of(l, head->out, head->in);
    return true;
}

/* Heads and looks that end here. */
static bool close_marks(struct lower *l, int i)
{
    for (int m = 0; m < dt_tape_n_marks(l->p->trace); m++)
        if (mark_at(l, m)->kind == DT_MARK_EXIT && mark_at(l, m)->end == i && !note(l, mark_at(l, m)))
            return false;
    for (int m = 0; m < dt_tape_n_marks(l->p->trace); m++) {
        const struct dt_mark *mark = mark_at(l, m);

        if (mark->kind == DT_MARK_LOOK && mark->end == i && !ask(l, mark))
            return false;
    }
    for (int m = 0; m < dt_tape_n_marks(l->p->trace); m++) {
        const struct dt_mark *mark = mark_at(l, m);
        struct dt_step *s;

        if (mark->kind != DT_MARK_EXIT || end_of(l, mark) != i)
            continue;
        s = append(l, DT_STEP_LEAVE, 1);
        if (!s)
            return false;
        s->choice = mark->choice;
        s->in[0] = value_of(l, mark->out, mark->in);
        close_skip(l, m);
    }
    return true;
}

/* The sum of a body that may be absent: the step just made. Then what the sum is without it. */
static bool close_body(struct lower *l, int m)
{
    const struct dt_mark *mark = mark_at(l, m);
    struct dt_step sum = l->p->step[l->p->n_steps - 1], *rest;

    if (sum.kind != DT_STEP_ADD)
        return fails(l, sum.node, "does not add the body of a choice");
    if (!append(l, DT_STEP_SKIP, 0))
        return false;
    close_skip(l, m);
    l->skip[m] = l->p->n_steps - 1;
    l->p->step[l->skip[m]].choice = mark->choice;
    rest = append(l, DT_STEP_COPY, 1);
    if (!rest)
        return false;
    rest->node = sum.node;
    rest->act = sum.act;
    rest->in[0] = sum.in[0];
    rest->out = sum.out;
    close_skip(l, m);
    return true;
}

static bool lower_all(struct lower *l, const struct dt_mark *net)
{
    struct dt_tape *trace = l->p->trace;

    for (int i = 0; i <= dt_tape_n_nodes(trace); i++) {
        if (!close_marks(l, i) || !open_marks(l, i))
            return false;
        if (i == dt_tape_n_nodes(trace))
            break;
        if (!lower_node(l, dt_tape_node(trace, i), net->in))
            return false;
        for (int m = 0; m < dt_tape_n_marks(trace); m++)
            if (mark_at(l, m)->kind == DT_MARK_KEEP && mark_at(l, m)->end == i + 1 && !close_body(l, m))
                return false;
    }
    l->p->output = value_of(l, net->out, net->in);
    return l->p->output >= 0 || dt_fail(l->err, DT_ESHAPE, "the net puts out nothing");
}

bool dt_plan_lower(struct dt_plan *p, struct dt_err *err)
{
    struct lower l = { .p = p, .err = err };
    const struct dt_mark *net = dt_tape_mark_at(p->trace, dt_tape_n_marks(p->trace) - 1);

    DT_ASSERT(net->kind == DT_MARK_NET); /* the last thing a trace writes down */
    l.value = dt_arena_calloc(p->arena, (size_t)dt_tape_n_nodes(p->trace) + 1, sizeof *l.value);
    l.skip = dt_arena_calloc(p->arena, (size_t)dt_tape_n_marks(p->trace) + 1, sizeof *l.skip);
    p->input = dt_plan_value(p, net->in->shape);
    if (!l.value || !l.skip || p->input < 0)
        return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
    return lower_all(&l, net);
}
