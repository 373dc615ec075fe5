/* run: one module, one net, one question to the policy. */
#include "nn/run.h"
#include "nn/net.h"

#include <string.h>

/* ---- who ---- */
static bool has_left(const struct dt_run *run, int i)
{
    return run->weight && run->weight->data[i] <= 0;
}

bool dt_run_pick(const struct dt_run *run, int choice, int refuse, struct dt_part *out)
{
    *out = (struct dt_part){ .at = dt_tape_alloc(run->tape, (size_t)run->n * sizeof(int)) };
    if (!out->at)
        return false;
    for (int i = 0; i < run->n; i++) {
        if (has_left(run, i))
            continue;
        out->of++;
        if (choice < 0 || dt_run_value(run, choice, i) != refuse)
            out->at[out->n++] = i;
    }
    return true;
}

struct dt_here dt_run_here(const struct dt_run *run)
{
    return (struct dt_here){ run->n, run->row, run->weight };
}

void dt_run_back(struct dt_run *run, struct dt_here here)
{
    run->n = here.n;
    run->row = here.row;
    run->weight = here.weight;
}

void dt_run_narrow(struct dt_run *run, const struct dt_part *p)
{
    int *row = dt_tape_alloc(run->tape, ((size_t)p->n + 1) * sizeof(int)); /* never NULL, even for nobody */

    if (!row)
        return; /* the tape has failed: nothing looks at rows any more */
    for (int i = 0; i < p->n; i++)
        row[i] = run->row ? run->row[p->at[i]] : p->at[i];
    run->n = p->n;
    run->row = row;
    run->weight = NULL;
}

struct dt_tensor *dt_run_mask(struct dt_run *run, const struct dt_part *p)
{
    dt_real *one = dt_tape_alloc(run->tape, (size_t)run->n * sizeof(dt_real));

    if (one) {
        memset(one, 0, (size_t)run->n * sizeof(dt_real));
        for (int i = 0; i < p->n; i++)
            one[p->at[i]] = 1; /* who has left is not among them: this is the product with the old weight */
    }
    run->weight = dt_tape_leaf(run->tape, dt_shape1(run->n), one);
    return run->weight;
}

/* ---- gates and widths ---- */
struct dt_tensor *dt_run_gate(const struct dt_run *run, int choice)
{
    struct dt_tensor *gate = run->exec == DT_MASK && run->arch.gate ? run->arch.gate[choice] : NULL;
    int *first;

    if (!gate || gate->shape.d[0] != 1 || run->n == 1)
        return gate;
    first = dt_tape_alloc(run->tape, (size_t)run->n * sizeof(int)); /* the one row, for every sample */
    for (int i = 0; i < run->n && first; i++)
        first[i] = 0;
    return dt_gather(run->tape, gate, first, run->n);
}

struct dt_tensor *dt_widen(struct dt_run *run, struct dt_tensor *x, int c)
{
    struct dt_shape shape = x->shape;

    if (dt_channels(x) >= c || shape.rank == 0)
        return x;
    shape.d[shape.rank - 1] = c;
    return dt_add(run->tape, dt_zeros(run->tape, shape), x, DT_LINEAR);
}

/* ---- forward ---- */
void dt_run_ask(struct dt_run *run, int choice, struct dt_tensor *x)
{
    struct dt_policy *p = run->policy;
    struct dt_mark mark = { DT_MARK_LOOK, choice, .begin = dt_tape_n_nodes(run->tape), .in = x };

    if (!p)
        return;
    run->seen = p->look ? p->look(p, run, choice, x) : NULL;
    mark.out = run->seen;
    mark.end = dt_tape_n_nodes(run->tape);
    dt_tape_mark(run->tape, &mark);
    if (p->decide && !dt_tape_dry(run->tape) && !dt_tape_err(run->tape)->code)
        p->decide(p, run, choice, run->seen);
}

struct dt_tensor *dt_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_tensor *y;
    bool segment;

    if (!x)
        return NULL;
    if (!run->net)
        run->net = m->net;
    dt_tape_push(run->tape, m->name);
    segment = m->block && dt_segment_begin(run->tape);
    y = m->class_->forward(m, run, x);
    if (segment)
        dt_segment_end(run->tape, y);
    dt_tape_pop(run->tape);
    if (run->policy && run->policy->at == m && y)
        dt_run_ask(run, -1, y);
    return y;
}

struct dt_tensor *dt_net_forward(struct dt_net *net, struct dt_run *run, struct dt_tensor *x)
{
    struct dt_mark mark = { DT_MARK_NET, -1, .begin = dt_tape_n_nodes(run->tape), .in = x };
    struct dt_tensor *y;
    struct dt_part p;

    if (dt_tape_err(run->tape)->code)
        return dt_tape_fail(run->tape, DT_ESHAPE, "the tape has failed before");
    DT_ASSERT(net->finished && x->shape.rank > 0);
    run->net = net;
    run->n = x->shape.d[0];
    run->row = NULL;
    run->weight = run->seen = run->features = NULL;
    run->exit = NULL;
    run->n_exits = 0;
    if (run->policy && run->arch.n == 0)
        run->arch = dt_arch_full(run->tape, &net->space, run->n);
    if (!dt_arch_check(run))
        return dt_tape_fail(run->tape, DT_ESHAPE, "arch");
    if (run->policy && !run->policy->at)
        dt_run_ask(run, -1, x);
    y = dt_forward(net->root[DT_TREE_NET], run, x);
    if (y && run->weight && dt_run_pick(run, -1, 0, &p)) { /* MASK, and some have left on the way */
        y = dt_gather(run->tape, y, p.at, p.n);
        dt_run_narrow(run, &p);
    }
    mark.out = y;
    mark.end = dt_tape_n_nodes(run->tape);
    dt_tape_mark(run->tape, &mark);
    return y;
}
