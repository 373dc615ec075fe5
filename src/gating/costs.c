/* What going from head to head costs, from whole rows: MACs by the dry trace, milliseconds by measuring.
 *
 *   leave(k)  a row that leaves at k and looks at nothing before     look(k)  one that looks at k and goes to the end
 *   head(k) = look(k) - full        way(k) = leave(k) - head(k)      go(i, k) = way(k) - way(i) + head(k) */
#include <math.h>

#include "gating/exits.h"
#include "train/latency.h"

struct pricing {
    struct dt_exit_policy policy; /* a copy that looks and does not decide: the rows are forced */
    struct dt_tape *tape;         /* to measure on; NULL: MACs */
    int *row;
    struct dt_err *err;
};

static double price(struct pricing *p)
{
    struct dt_cost cost = { 0 };
    double ms = 0;
    struct dt_timed timed = { .net = p->policy.base.net, .policy = &p->policy.base, .n = 1, .row = p->row };

    if (p->err->code)
        return 0;
    if (!p->tape)
        return dt_cost(p->policy.base.net, &p->policy.base, p->row, &cost, p->err) ? 0 : (double)cost.macs;
    return dt_latency_net(p->tape, &timed, &ms, p->err) ? 0 : ms;
}

enum dt_code dt_exit_costs(const struct dt_exit_policy *policy, int unit, struct dt_tape *tape, const bool *allowed,
                           double *go, double *full, struct dt_err *err)
{
    struct pricing p = { .policy = *policy, .tape = unit == DT_UNIT_LATENCY ? tape : NULL, .err = err };
    double way[DT_ROUTE_MAX_NODES + 1] = { 0 }, head[DT_ROUTE_MAX_NODES] = { 0 }; /* way[k + 1]: to node k */
    int nodes = policy->heads.n, last = nodes - 1;

    p.policy.base.decide = NULL;
    p.row = dt_calloc((size_t)dt_net_space(policy->base.net)->n + 1, sizeof *p.row);
    if (!p.row) {
        dt_fail(err, DT_ENOMEM, "out of memory for the costs of the exits");
        return DT_ENOMEM;
    }
    dt_exit_policy_row(policy, &last, 1, p.row);
    *full = way[nodes] = price(&p);
    for (int k = 0; k < last; k++) {
        dt_exit_policy_row(policy, (int[2]){ k, last }, 2, p.row);
        head[k] = fmax(0, price(&p) - *full);
        dt_exit_policy_row(policy, &k, 1, p.row);
        way[k + 1] = price(&p) - head[k];
    }
    for (int from = -1; from < nodes; from++)
        for (int to = 0; to < nodes; to++) {
            int at = (from + 1) * nodes + to;
            bool there = to > from && (!allowed || allowed[at]);

            go[at] = there ? fmax(0, way[to + 1] - (from < 0 ? 0 : way[from + 1])) + head[to] : INFINITY;
        }
    dt_free(p.row);
    return err->code;
}
