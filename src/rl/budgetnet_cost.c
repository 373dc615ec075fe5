/* What a choice costs, and what fits under a cap. The cost of a row is the trace of that row; since bodies do not nest,
 * it is what runs anyway plus what is kept, and one table of n + 1 numbers prices every row of every image. */
#include "rl/budgetnet.h"

#include <string.h>

#include "train/latency.h"

enum { ROUNDS = 41 };

static bool alloc(struct dt_arena *arena, int n, struct dt_costs *out, struct dt_err *err)
{
    *out = (struct dt_costs){ .n = n, .each = dt_arena_calloc(arena, (size_t)n, sizeof *out->each) };
    return out->each || dt_fail(err, DT_ENOMEM, "out of memory for the table of costs");
}

enum dt_code dt_costs_of_macs(struct dt_net *net, struct dt_policy *p, struct dt_arena *arena, struct dt_costs *out,
                              struct dt_err *err)
{
    int n = dt_net_space(net)->n, *row = dt_arena_calloc(arena, (size_t)n, sizeof *row);
    struct dt_cost c;

    if (!row)
        dt_fail(err, DT_ENOMEM, "out of memory for the table of costs");
    if (!row || !alloc(arena, n, out, err) || dt_cost(net, NULL, NULL, &c, err))
        return err->code;
    out->full = (double)c.macs;
    if (dt_cost(net, NULL, row, &c, err))
        return err->code;
    out->agent = (double)-c.macs;
    if (dt_cost(net, p, row, &c, err))
        return err->code;
    out->fixed = (double)c.macs;
    out->agent += out->fixed;
    for (int i = 0; i < n; i++) {
        row[i] = 1;
        if (dt_cost(net, p, row, &c, err))
            return err->code;
        out->each[i] = (double)c.macs - out->fixed;
        row[i] = 0;
    }
    return DT_OK;
}

/* p only looks: with decide NULL the row stays as it is forced. */
enum dt_code dt_costs_of_latency(struct dt_tape *tape, struct dt_net *net, struct dt_policy *p, struct dt_arena *arena,
                                 struct dt_costs *out, struct dt_err *err)
{
    int n = dt_net_space(net)->n, *row = dt_arena_calloc(arena, (size_t)n, sizeof *row);
    struct dt_timed alone = { .net = net, .n = 1, .rounds = ROUNDS };
    struct dt_timed timed = { .net = net, .policy = p, .n = 1, .row = row, .rounds = ROUNDS };

    DT_ASSERT(!p->decide);
    if (!row)
        dt_fail(err, DT_ENOMEM, "out of memory for the table of costs");
    if (!row || !alloc(arena, n, out, err) || dt_latency_net(tape, &alone, &out->full, err))
        return err->code;
    alone.row = row;
    if (dt_latency_net(tape, &alone, &out->agent, err) || dt_latency_net(tape, &timed, &out->fixed, err))
        return err->code;
    out->agent = out->fixed > out->agent ? out->fixed - out->agent : 0;
    for (int i = 0; i < n; i++) {
        double with;

        row[i] = 1;
        if (dt_latency_net(tape, &timed, &with, err))
            return err->code;
        out->each[i] = with > out->fixed ? with - out->fixed : 0; /* a body is never a gain: that is noise */
        row[i] = 0;
    }
    return DT_OK;
}

double dt_costs_share(const struct dt_costs *c, const int *keep)
{
    double sum = c->fixed;

    for (int i = 0; i < c->n; i++)
        sum += keep[i] ? c->each[i] : 0;
    return sum / c->full;
}

double dt_costs_floor(const struct dt_costs *c)
{
    return c->fixed / c->full;
}

double dt_costs_most(const struct dt_costs *c)
{
    double sum = c->fixed;

    for (int i = 0; i < c->n; i++)
        sum += c->each[i];
    return sum / c->full;
}

/* Room for rounding only: a sum of integers in doubles is exact. */
static bool fits(const struct dt_costs *c, double sum, double cap)
{
    return sum <= cap * c->full * (1 + 1e-12);
}

void dt_costs_project(const struct dt_costs *c, const dt_real *score, double cap, int *keep)
{
    double sum = c->fixed;

    memset(keep, 0, (size_t)c->n * sizeof *keep);
    for (int taken = 0; taken < c->n; taken++) {
        int best = -1;

        for (int i = 0; i < c->n; i++)
            if (!keep[i] && (best < 0 || score[i] > score[best]))
                best = i;
        sum += c->each[best];
        if (!fits(c, sum, cap))
            return;
        keep[best] = 1;
    }
}

void dt_costs_thin(const struct dt_costs *c, const int *sampled, const int *order, double cap, int *keep)
{
    double sum = c->fixed;

    memset(keep, 0, (size_t)c->n * sizeof *keep);
    for (int i = 0; i < c->n; i++) {
        int k = order[i];

        if (!sampled[k] || !fits(c, sum + c->each[k], cap))
            continue;
        sum += c->each[k];
        keep[k] = 1;
    }
}
