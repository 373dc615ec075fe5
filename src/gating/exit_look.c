/* An exit policy at work: what it looks at, what it decides, and which answer a sample has in the end. */
#include <string.h>

#include "gating/exit_policy.h"

static const struct dt_exit_policy *of(const struct dt_policy *base)
{
    return (const struct dt_exit_policy *)(const void *)base;
}

static int node_of(const struct dt_exit_policy *p, int choice)
{
    int k = 0;

    while (p->heads.choice[k] != choice)
        k++;
    return k;
}

/* The head that current sample i was looked at by before it came to node k; -1: none. */
static int node_before(const struct dt_exit_policy *p, const struct dt_run *run, int k, int i)
{
    for (int e = k - 1; e >= 0; e--)
        if (dt_run_value(run, p->heads.choice[e], i) == DT_LOOK)
            return e;
    return -1;
}

static int row_at(const int *row, int i)
{
    return row ? row[i] : i;
}

/* ---- look ---- */

/* What this node said of a sample, cooled. `at`: where the search left off, as both are in the order of the batch. */
static void copy_cooled(const struct dt_exit_policy *p, const struct dt_run *run, int node, int row, int *at,
                        dt_real *y)
{
    const struct dt_exit *e = run->exit;
    dt_real cool = dt_exit_policy_cool(p, node)[0];
    int classes = p->heads.classes;

    while (e->choice != p->heads.choice[node])
        e++;
    while (row_at(e->row, *at) != row)
        (*at)++;
    for (int c = 0; c < classes; c++)
        y[c] = cool * e->logits->data[(int64_t)*at * classes + c];
}

/* The answer before, [n][classes], cooled; zeros where there is none. */
static void fill_before(const struct dt_callback *call, const struct dt_run *run, dt_real *y)
{
    const struct dt_exit_policy *p = call->ctx;
    int k = node_of(p, call->choice), at[DT_ROUTE_MAX_NODES] = { 0 }, classes = p->heads.classes;

    memset(y, 0, (size_t)run->n * (size_t)classes * sizeof *y);
    for (int i = 0; i < run->n; i++) {
        int node = node_before(p, run, k, i);

        if (node >= 0)
            copy_cooled(p, run, node, row_at(run->row, i), &at[node], y + (int64_t)i * classes);
    }
}

/* Weights of the blend, [n][classes]: of the own answer, or of the one before. */
static void fill_weight(const struct dt_callback *call, const struct dt_run *run, int which, dt_real *y)
{
    const struct dt_exit_policy *p = call->ctx;
    int k = node_of(p, call->choice), classes = p->heads.classes;

    for (int i = 0; i < run->n; i++)
        for (int c = 0; c < classes; c++)
            y[(int64_t)i * classes + c] =
                dt_exit_policy_blend(p, dt_route_state(&p->route, k, node_before(p, run, k, i)))[which];
}

static void fill_own_weight(const struct dt_callback *call, const struct dt_run *run, dt_real *y)
{
    fill_weight(call, run, 0, y);
}

static void fill_other_weight(const struct dt_callback *call, const struct dt_run *run, dt_real *y)
{
    fill_weight(call, run, 1, y);
}

struct dt_tensor *dt_exit_look(struct dt_policy *base, struct dt_run *run, int choice, struct dt_tensor *x)
{
    const struct dt_exit_policy *p = of(base);
    struct dt_callback call = { .shape = x->shape, .ctx = p, .run = run, .choice = choice };
    struct dt_tensor *answer, *before = NULL, *seen, *weight[2];
    int k;

    if (choice < 0 || p->cfg.family == DT_FAMILY_CONSTANT || dt_tape_err(run->tape)->code)
        return NULL;
    k = node_of(p, choice);
    answer = dt_affine(run->tape, x, (double)dt_exit_policy_cool(p, k)[0], 0);
    if (p->route.pairs) {
        call.fill = fill_before;
        before = dt_callback(run->tape, &call);
    }
    if (p->cfg.sight.ensemble) {
        call.fill = fill_own_weight;
        weight[0] = dt_callback(run->tape, &call);
        call.fill = fill_other_weight;
        weight[1] = dt_callback(run->tape, &call);
        answer =
            dt_add(run->tape, dt_mul(run->tape, answer, weight[0]), dt_mul(run->tape, before, weight[1]), DT_LINEAR);
    }
    seen = dt_sight_look(run->tape, &p->cfg.sight, answer, before, run->exit[run->n_exits - 1].features);
    return dt_forward(p->node[k], run, seen);
}

/* ---- decide ---- */

static int *value_at(struct dt_run *run, int i)
{
    return run->arch.value + (int64_t)(run->arch.rows == 1 ? 0 : row_at(run->row, i)) * run->arch.n;
}

/* The next head is `to`: those between are passed, and those behind until they are chosen. */
static void go_to(const struct dt_exit_policy *p, int *value, int from, int to)
{
    for (int k = from + 1; k < p->heads.n - 1; k++)
        value[p->heads.choice[k]] = k == to ? DT_LOOK : DT_PASS;
}

static bool says_yes(const struct dt_exit_policy *p, int state, int rule, const dt_real *scores)
{
    int kind = (int)dt_exit_policy_kind(p, state)[rule];

    return kind == DT_FITTED ? scores[dt_exit_policy_column(p, state, rule)] > 0 : kind == DT_ALWAYS;
}

void dt_exit_decide(struct dt_policy *base, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    const struct dt_exit_policy *p = of(base);
    int k = choice < 0 ? -1 : node_of(p, choice);

    for (int i = 0; i < run->n; i++) {
        const dt_real *scores = seen ? seen->data + (int64_t)i * seen->shape.d[1] : NULL;
        int *value = value_at(run, i), state, to = k + 1;

        if (k < 0) {
            go_to(p, value, -1, (int)p->start->tensor.data[0]);
            continue;
        }
        state = dt_route_state(&p->route, k, node_before(p, run, k, i));
        if (says_yes(p, state, 0, scores)) {
            value[choice] = DT_LEAVE;
            continue;
        }
        while (to < p->heads.n - 1 && !says_yes(p, state, to - k, scores))
            to++;
        go_to(p, value, k, to);
    }
}

/* ---- afterwards ---- */

void dt_exit_policy_row(const struct dt_exit_policy *p, const int *visited, int n, int *value)
{
    const struct dt_space *space = dt_net_space(p->base.net);

    for (int i = 0; i < space->n; i++)
        value[i] = space->choice[i].kind == DT_EXIT ? DT_PASS : space->choice[i].max;
    for (int i = 0; i < n; i++)
        if (p->heads.choice[visited[i]] >= 0)
            value[p->heads.choice[visited[i]]] = i + 1 < n ? DT_LOOK : DT_LEAVE;
}

/* Answers of one node: what was there is that of the node before. */
static void take(const struct dt_exit_policy *p, int node, const struct dt_tensor *logits, const int *row, int n,
                 dt_real *answer, dt_real *last, int *at)
{
    int classes = p->heads.classes;
    dt_real cool = dt_exit_policy_cool(p, node)[0];

    for (int i = 0; i < n; i++) {
        int r = row_at(row, i);
        const dt_real *blend = dt_exit_policy_blend(p, dt_route_state(&p->route, node, at[r]));

        for (int c = 0; c < classes; c++) {
            int64_t to = (int64_t)r * classes + c;
            dt_real own = cool * logits->data[(int64_t)i * classes + c];

            answer[to] = p->cfg.sight.ensemble ? blend[0] * own + blend[1] * (at[r] >= 0 ? last[to] : 0) : own;
            last[to] = own;
        }
        at[r] = node;
    }
}

void dt_exit_policy_answers(const struct dt_exit_policy *p, const struct dt_run *run, const struct dt_tensor *end,
                            dt_real *answer, int *node)
{
    int n = run->arch.rows;
    dt_real *last = dt_tape_alloc(run->tape, (size_t)n * (size_t)p->heads.classes * sizeof *last);

    for (int i = 0; i < n; i++)
        node[i] = -1;
    if (!last)
        return; /* the tape has failed, which the caller looks at */
    for (int e = 0; e < run->n_exits; e++)
        take(p, node_of(p, run->exit[e].choice), run->exit[e].logits, run->exit[e].row, run->exit[e].n, answer, last,
             node);
    if (end)
        take(p, p->heads.n - 1, end, run->row, run->n, answer, last, node);
}
