/* memory: where activations lie. A value whose last reader only adds to it or copies it hands its memory on: a residual
 * sum is done in place, and skipping the body costs nothing at all. What is left is placed by lifetime. */
#include "exec/plan.h"

enum { ALIGN = 64 };

/* ---- sharing ---- */

/* Step s turns x into y element by element, so they may be one. */
static bool passes_on(const struct dt_step *s, int x, int y)
{
    if (s->out != y)
        return false;
    if (s->kind == DT_STEP_COPY || s->kind == DT_STEP_NORM)
        return s->in[0] == x;
    if (s->kind == DT_STEP_ADD)
        return s->in[0] == x || s->in[1] == x;
    return s->kind == DT_STEP_CONV && s->n_in > 1 && s->in[1] == x && s->in[0] != x;
}

static bool reads(const struct dt_step *s, int x)
{
    if (s->kind == DT_STEP_NONE)
        return false;
    for (int k = 0; k < s->n_in; k++)
        if (s->in[k] == x)
            return true;
    return false;
}

/* From the first write of y on, x is read only to be turned into y. */
static bool can_share(const struct dt_plan *p, int x, int y)
{
    if (dt_value_size(&p->value[x]) != dt_value_size(&p->value[y]) || p->value[x].block != p->value[y].block ||
        p->value[x].dtype != p->value[y].dtype || p->output == x)
        return false;
    for (int i = dt_plan_writer(p, y); i < p->n_steps; i++)
        if (reads(&p->step[i], x) && !passes_on(&p->step[i], x, y))
            return false;
    return true;
}

static int root_of(const struct dt_plan *p, int v)
{
    while (p->value[v].root != v)
        v = p->value[v].root;
    return v;
}

static void share(struct dt_plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        const struct dt_step *s = &p->step[i];

        if (s->kind == DT_STEP_NONE || s->out < 0)
            continue;
        for (int k = 0; k < s->n_in && p->value[s->out].root == s->out; k++)
            if (passes_on(s, s->in[k], s->out) && can_share(p, s->in[k], s->out))
                p->value[s->out].root = root_of(p, s->in[k]);
    }
}

/* A convolution finds the other operand in its place; a copy within one place is none. */
static bool preload(struct dt_plan *p, struct dt_err *err)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct dt_step *s = &p->step[i], *copy;
        int from = s->kind == DT_STEP_COPY ? s->in[0] : s->kind == DT_STEP_CONV && s->n_in > 1 ? s->in[1] : -1;
        bool same = from >= 0 && root_of(p, from) == root_of(p, s->out);

        if (s->kind == DT_STEP_COPY && same && s->act == DT_LINEAR)
            s->kind = DT_STEP_NONE;
        if (s->kind != DT_STEP_CONV || from < 0 || same)
            continue;
        copy = dt_plan_insert(p, i, DT_STEP_COPY, 1);
        if (!copy)
            return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
        copy->in[0] = from;
        copy->out = p->step[++i].out;
    }
    return true;
}

/* ---- places ---- */
struct life {
    int value, first, last;
};

/* Of every root, over all that share with it; how many there are. */
static int lives(const struct dt_plan *p, struct life *life)
{
    int n = 0;

    for (int v = 0; v < p->n_values; v++)
        life[v] = (struct life){ v, p->n_steps, -1 };
    life[root_of(p, p->input)].first = 0;
    life[root_of(p, p->output)].last = p->n_steps;
    for (int i = 0; i < p->n_steps; i++) {
        const struct dt_step *s = &p->step[i];

        for (int k = 0; k <= s->n_in && s->kind != DT_STEP_NONE; k++) {
            int v = k < s->n_in ? s->in[k] : s->out;
            struct life *l = v < 0 ? NULL : &life[root_of(p, v)];

            if (l && l->first > i)
                l->first = i;
            if (l && l->last < i)
                l->last = i;
        }
    }
    for (int v = 0; v < p->n_values; v++)
        if (p->value[v].root == v && life[v].last >= 0)
            life[n++] = life[v];
    return n;
}

static void sort_by_size(const struct dt_plan *p, struct life *life, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && p->value[life[k].value].bytes > p->value[life[k - 1].value].bytes; k--) {
            struct life swap = life[k];

            life[k] = life[k - 1];
            life[k - 1] = swap;
        }
}

/* The lowest place that no value of an overlapping lifetime has. */
static void place(struct dt_plan *p, const struct life *life, int i)
{
    struct dt_value *v = &p->value[life[i].value];
    bool moved = true;

    v->offset = 0;
    while (moved) {
        moved = false;
        for (int k = 0; k < i; k++) {
            const struct dt_value *w = &p->value[life[k].value];

            if (life[k].first <= life[i].last && life[i].first <= life[k].last && w->offset < v->offset + v->bytes &&
                v->offset < w->offset + w->bytes) {
                v->offset = w->offset + w->bytes;
                moved = true;
            }
        }
    }
    if (v->offset + v->bytes > p->activation_bytes)
        p->activation_bytes = v->offset + v->bytes;
}

bool dt_plan_place(struct dt_plan *p, struct dt_err *err)
{
    struct life *life;
    int n;

    share(p);
    if (!preload(p, err))
        return false;
    life = dt_arena_calloc(p->arena, (size_t)p->n_values, sizeof *life);
    if (!life)
        return dt_fail(err, DT_ENOMEM, "out of memory for an inference plan");
    for (int v = 0; v < p->n_values; v++)
        p->value[v].bytes =
            (dt_value_size(&p->value[v]) * dt_dtype_size(p->value[v].dtype) + ALIGN - 1) / ALIGN * ALIGN;
    n = lives(p, life);
    sort_by_size(p, life, n);
    for (int i = 0; i < n; i++)
        place(p, life, i);
    return true;
}
