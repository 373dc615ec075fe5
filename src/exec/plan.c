/* plan: the whole. Trace, passes, then memory for every lane: after that nothing is allocated any more. */
#include "exec/plan.h"

#include <dyntrain/ops.h>
#include <string.h>

/* ---- values and steps, for the passes ---- */
int dt_value_channels(const struct dt_value *v)
{
    return v->shape.rank ? v->shape.d[v->shape.rank - 1] : 1;
}

int dt_value_block(const struct dt_value *v)
{
    return v->block ? v->block : dt_value_channels(v);
}

int dt_value_blocks(const struct dt_value *v)
{
    return (dt_value_channels(v) - 1) / dt_value_block(v) + 1;
}

int64_t dt_value_pixels(const struct dt_value *v)
{
    return dt_numel(&v->shape) / dt_value_channels(v);
}

/* A pooled tensor has the padding of what was pooled. */
size_t dt_value_size(const struct dt_value *v)
{
    enum { WIDEST = 16 };
    size_t c = (size_t)dt_value_blocks(v) * (size_t)dt_value_block(v);

    return v->shape.rank == 4 ? c * (size_t)dt_value_pixels(v)
                              : ((size_t)dt_numel(&v->shape) + WIDEST - 1) / WIDEST * WIDEST;
}

/* The array grown by one, in the arena: what it was stays there. */
static void *grown(struct dt_plan *p, void *old, int n, int *cap, size_t size)
{
    void *bigger;

    if (n < *cap)
        return old;
    bigger = dt_arena_calloc(p->arena, 2 * (size_t)n + 64, size);
    if (bigger && n)
        memcpy(bigger, old, (size_t)n * size);
    *cap = bigger ? 2 * n + 64 : *cap;
    return bigger;
}

int dt_plan_value(struct dt_plan *p, struct dt_shape shape)
{
    struct dt_value *value = grown(p, p->value, p->n_values, &p->value_cap, sizeof *value);

    if (!value)
        return -1;
    p->value = value;
    value[p->n_values] = (struct dt_value){ .shape = shape, .root = p->n_values };
    return p->n_values++;
}

struct dt_step *dt_plan_insert(struct dt_plan *p, int at, enum dt_step_kind kind, int n_in)
{
    struct dt_step *step = grown(p, p->step, p->n_steps, &p->step_cap, sizeof *step);
    int *in = dt_arena_calloc(p->arena, (size_t)n_in + 1, sizeof *in); /* one more: a sum may come */

    if (!step || !in)
        return NULL;
    p->step = step;
    memmove(step + at + 1, step + at, (size_t)(p->n_steps++ - at) * sizeof *step);
    for (int i = 0; i < p->n_steps; i++)
        if (i != at && step[i].kind == DT_STEP_SKIP && step[i].to > at)
            step[i].to++;
    step[at] = (struct dt_step){ .kind = kind, .n_in = n_in, .in = in, .out = -1, .choice = -1 };
    return &step[at];
}

int dt_plan_uses(const struct dt_plan *p, int value)
{
    int n = value == p->output;

    for (int i = 0; i < p->n_steps; i++)
        for (int k = 0; k < p->step[i].n_in && p->step[i].kind != DT_STEP_NONE; k++)
            n += p->step[i].in[k] == value;
    return n;
}

int dt_plan_writer(const struct dt_plan *p, int value)
{
    for (int i = 0; i < p->n_steps; i++)
        if (p->step[i].kind != DT_STEP_NONE && p->step[i].out == value)
            return i;
    return -1;
}

bool dt_plan_straight(const struct dt_plan *p, int from, int to)
{
    for (int i = from; i < to; i++)
        if (p->step[i].kind >= DT_STEP_SKIP)
            return false;
    for (int i = 0; i < p->n_steps; i++) /* nobody jumps in between */
        if (p->step[i].kind == DT_STEP_SKIP && p->step[i].to > from && p->step[i].to <= to)
            return false;
    return true;
}

/* Steps that passes have dropped are gone; jumps follow. */
static bool compact(struct dt_plan *p)
{
    int *moved = dt_arena_calloc(p->arena, (size_t)p->n_steps + 1, sizeof *moved), n = 0;

    if (!moved)
        return false;
    for (int i = 0; i < p->n_steps; i++) {
        moved[i] = n;
        if (p->step[i].kind != DT_STEP_NONE)
            p->step[n++] = p->step[i];
    }
    moved[p->n_steps] = n;
    for (int i = 0; i < n; i++)
        if (p->step[i].kind == DT_STEP_SKIP)
            p->step[i].to = moved[p->step[i].to];
    p->n_steps = n;
    return true;
}

/* ---- trace ---- */
static bool trace(struct dt_plan *p, struct dt_err *err)
{
    const struct dt_space *space = dt_net_space(p->net);
    int *row = dt_arena_calloc(p->arena, (size_t)space->n + 1, sizeof *row);

    p->trace = dt_tape_new_dry(err);
    if (!p->trace || !row)
        return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
    for (int i = 0; i < space->n; i++)
        row[i] = space->choice[i].kind == DT_EXIT ? DT_LOOK : space->choice[i].max;
    return dt_trace(p->net, p->policy, row, p->trace, err) == DT_OK;
}

/* ---- memory ---- */
static bool make_norms(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct dt_step *s = &p->step[i];
        const struct dt_value *v = s->out < 0 ? NULL : &p->value[s->out];

        if (s->kind != DT_STEP_NORM)
            continue;
        s->a = dt_arena_calloc(p->arena, 2 * (size_t)(dt_value_blocks(v) * dt_value_block(v)), sizeof *s->a);
        if (!s->a)
            return false;
        s->b = s->a + dt_value_blocks(v) * dt_value_block(v);
    }
    return true;
}

static bool make_buffers(struct dt_plan *p)
{
    size_t batch = (size_t)p->cfg.batch, choices = (size_t)dt_net_space(p->net)->n;

    p->weights = dt_arena_alloc(p->arena, dt_plan_room(p) * sizeof *p->weights);
    p->logits = dt_arena_calloc(p->arena, batch * (size_t)dt_value_channels(&p->value[p->output]), sizeof *p->logits);
    p->left = dt_arena_calloc(p->arena, batch, sizeof *p->left);
    p->arch = dt_arena_calloc(p->arena, batch * choices + 1, sizeof *p->arch);
    return p->weights && p->logits && p->left && p->arch && make_norms(p);
}

static struct dt_tensor tensor_of(const struct dt_plan *p, const struct dt_lane *lane, const struct dt_step *s, int v)
{
    struct dt_tensor t = { .shape = dt_plan_view(p, s, v), .dtype = p->value[v].dtype };

    if (t.dtype == DT_BF16)
        t.half = lane->at[v];
    else
        t.data = lane->at[v];
    return t;
}

/* The op's node over this lane's memory. Its tape is for messages only: such ops keep nothing. */
static struct dt_node *make_node(struct dt_plan *p, const struct dt_lane *lane, const struct dt_step *s)
{
    struct dt_node *n = dt_arena_calloc(p->arena, 1, sizeof *n);
    struct dt_tensor *t = dt_arena_calloc(p->arena, (size_t)s->n_in + 1, sizeof *t);
    struct dt_tensor **in = dt_arena_calloc(p->arena, (size_t)s->n_in + 1, sizeof(struct dt_tensor *));

    if (!n || !t || !in)
        return NULL;
    *n = *s->node;
    n->in = in;
    n->out = &t[s->n_in];
    *n->out = tensor_of(p, lane, s, s->out);
    for (int k = 0; k < s->n_in; k++) {
        in[k] = s->node->in[k];
        if (s->in[k] < 0)
            continue;
        in[k] = &t[k];
        t[k] = tensor_of(p, lane, s, s->in[k]);
    }
    return n;
}

static bool bind_steps(struct dt_plan *p, int l, struct dt_err *err)
{
    struct dt_lane *lane = &p->lane[l];

    for (int i = 0; i < p->n_steps; i++) {
        const struct dt_step *s = &p->step[i];

        if (s->kind == DT_STEP_OP) {
            lane->node[i] = make_node(p, lane, s);
            if (!lane->node[i])
                return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
        }
        if (s->kind == DT_STEP_CONV && !s->conv->class_->bind(s->conv, l, lane->at[s->in[0]], lane->at[s->out],
                                                              lane->memory + p->activation_bytes, err))
            return false;
    }
    return true;
}

/* What heads say, one place each. */
static bool make_exits(struct dt_plan *p, struct dt_lane *lane)
{
    int classes = dt_value_channels(&p->value[p->output]), n = 1;
    dt_real *data;

    for (int i = 0; i < p->n_steps; i++)
        n += p->step[i].kind == DT_STEP_NOTE;
    lane->exit = dt_arena_calloc(p->arena, (size_t)n, sizeof *lane->exit);
    lane->said = dt_arena_calloc(p->arena, (size_t)n, sizeof *lane->said);
    data = dt_arena_calloc(p->arena, (size_t)n * (size_t)classes, sizeof *data);
    for (int i = 0; lane->said && data && i < n; i++)
        lane->said[i] =
            (struct dt_tensor){ .shape = dt_shape2(1, classes), .data = data + (size_t)i * (size_t)classes };
    return lane->exit && lane->said && data;
}

static bool make_lanes(struct dt_plan *p, struct dt_err *err)
{
    for (int l = 0; l < p->n_lanes; l++) {
        struct dt_lane *lane = &p->lane[l];

        lane->memory = dt_arena_calloc(p->arena, 1, p->activation_bytes + p->scratch_bytes + 1);
        lane->at = dt_arena_calloc(p->arena, (size_t)p->n_values, sizeof(void *));
        lane->node = dt_arena_calloc(p->arena, (size_t)p->n_steps + 1, sizeof(struct dt_node *));
        if (!lane->memory || !lane->at || !lane->node || !make_exits(p, lane))
            return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
        for (int v = 0; v < p->n_values; v++)
            lane->at[v] = lane->memory + p->value[p->value[v].root].offset;
        if (!bind_steps(p, l, err))
            return false;
    }
    return true;
}

/* ---- the whole ---- */
static bool draft(struct dt_plan *p, struct dt_err *err)
{
    if (!trace(p, err) || !dt_plan_lower(p, err))
        return false;
    dt_plan_fuse(p);
    return compact(p);
}

static bool make(struct dt_plan *p, struct dt_err *err)
{
    if (!dt_plan_layout(p, err) || !dt_plan_place(p, err) || !compact(p))
        return false;
    for (int v = 0; v < p->n_values; v++) /* one step to the root from now on */
        while (p->value[p->value[v].root].root != p->value[v].root)
            p->value[v].root = p->value[p->value[v].root].root;
    return make_buffers(p) && make_lanes(p, err) && dt_plan_load(p, err) == DT_OK;
}

static struct dt_plan *made(struct dt_plan *p, bool ok, struct dt_err *err)
{
    if (ok)
        return p;
    dt_fail(err, DT_ENOMEM, "out of memory for an inference plan"); /* where nobody has said anything yet */
    dt_plan_free(p);
    return NULL;
}

struct dt_plan *dt_plan_draft(struct dt_net *net, struct dt_policy *policy, const struct dt_plan_cfg *cfg,
                              struct dt_err *err)
{
    struct dt_plan *p = dt_calloc(1, sizeof *p);

    if (!p)
        return made(NULL, false, err);
    p->net = net;
    p->policy = policy;
    p->cfg = *cfg;
    p->arena = dt_arena_new(0, err);
    return made(p, p->arena && draft(p, err), err);
}

struct dt_plan *dt_plan_new(struct dt_net *net, struct dt_policy *policy, struct dt_engine *engine,
                            const struct dt_plan_cfg *cfg, struct dt_err *err)
{
    struct dt_plan *p = dt_plan_draft(net, policy, cfg, err);
    int threads = dt_par_threads();

    if (!p)
        return NULL;
    p->engine = engine;
    p->cfg.batch = cfg->batch > 0 ? cfg->batch : 1;
    p->n_lanes = threads < p->cfg.batch ? threads : p->cfg.batch;
    p->threads = p->cfg.batch == 1 ? threads : 1;
    p->lane = dt_arena_calloc(p->arena, (size_t)p->n_lanes, sizeof *p->lane);
    return made(p, p->lane && make(p, err), err);
}

void dt_plan_free(struct dt_plan *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->n_steps; i++)
        if (p->step[i].conv)
            p->step[i].conv->class_->close(p->step[i].conv);
    dt_tape_free(p->trace);
    dt_arena_free(p->arena);
    dt_free(p);
}

size_t dt_plan_bytes(const struct dt_plan *p, int *lanes)
{
    *lanes = p->n_lanes;
    return p->activation_bytes;
}
