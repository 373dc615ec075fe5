/* Batch norm for each budget. How many paths run changes what batch norm sees, so every budget of the list has running
 * statistics of its own: one row of the buffer policy/norms/sets, all means and variances of the net in walk order. The
 * net itself holds those of the full path. Scale and shift are shared; a folded network has one set of weights only, so
 * whoever folds more than one keeps the convolutions as they are. */
#include "rl/budgetnet.h"

#include <string.h>

static bool is_statistic(const struct dt_param *p)
{
    return p->buffer && (!strcmp(p->name, "mean") || !strcmp(p->name, "var"));
}

static bool add_size(void *ctx, struct dt_param *p)
{
    if (is_statistic(p))
        *(int64_t *)ctx += dt_numel(&p->tensor.shape);
    return true;
}

int64_t dt_norms_size(struct dt_module *root)
{
    int64_t n = 0;

    dt_module_walk(root, &(struct dt_visitor){ .ctx = &n, .param = add_size });
    return n;
}

struct copy {
    dt_real *at;
    bool out; /* out of the net */
};

static bool copy_one(void *ctx, struct dt_param *p)
{
    struct copy *c = ctx;
    size_t n = (size_t)dt_numel(&p->tensor.shape);

    if (!is_statistic(p))
        return true;
    memcpy(c->out ? c->at : p->tensor.data, c->out ? p->tensor.data : c->at, n * sizeof *c->at);
    c->at += n;
    return true;
}

static void copy(struct dt_train *t, dt_real *at, bool out)
{
    struct copy c = { at, out };

    dt_module_walk(dt_net_root(t->net), &(struct dt_visitor){ .ctx = &c, .param = copy_one });
}

static dt_real *set(struct dt_train *t, int k)
{
    struct dt_param *sets = dt_agent_of(t->net)->next->param;

    DT_ASSERT(k >= 0 && k < sets->tensor.shape.d[0]);
    return sets->tensor.data + (int64_t)k * sets->tensor.shape.d[1];
}

void dt_norms_save(struct dt_train *t)
{
    copy(t, ((struct dt_budgetnet *)t->state)->norm, true);
}

void dt_norms_back(struct dt_train *t)
{
    copy(t, ((struct dt_budgetnet *)t->state)->norm, false);
}

void dt_norms_store(struct dt_train *t, int k)
{
    copy(t, set(t, k), true);
}

void dt_norms_load(struct dt_train *t, int k)
{
    copy(t, set(t, k), false);
}
