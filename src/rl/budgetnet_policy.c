/* The policy at run time, and the state that decides with it. Asked for a budget b, the agent is told the conditioning
 * value that did best under that cap on validation images, and what it answers is cut to the cap. */
#include "rl/budgetnet.h"

#include <math.h>
#include <string.h>

#include "train/loop.h"

/* ---- budgets ---- */
int dt_budget_bin(const struct dt_budgetnet *s, double budget)
{
    int best = 0;

    for (int i = 1; i < s->n_list; i++)
        if (fabs(s->list[i] - budget) < fabs(s->list[best] - budget))
            best = i;
    return best;
}

double dt_budget_condition(const struct dt_budgetnet *s, double budget)
{
    int k = dt_budget_bin(s, budget);
    double told = budget + s->condition[k] - s->list[k];

    return told < 0 ? 0 : told > 1 ? 1 : told;
}

/* ---- look and decide ---- */
static struct dt_tensor *look(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    const struct dt_budgetnet *s = ((const struct dt_budget_policy *)p)->s;

    (void)choice; /* KEEP only: it is asked about the whole plan */
    dt_tape_push(run->tape, "policy");
    x = dt_agent_head(dt_agent_of(p->net), run, dt_agent_features(dt_agent_of(p->net), run, x), s);
    dt_tape_pop(run->tape);
    return x;
}

static void decide(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    const struct dt_budgetnet *s = ((const struct dt_budget_policy *)p)->s;

    (void)choice;
    for (int i = 0; i < run->arch.rows; i++) {
        const dt_real *z = seen->data + (int64_t)i * (s->n + 1);

        dt_budget_decide(s, z, run->budget ? run->budget[i] : 1, run->arch.value + (int64_t)i * s->n);
    }
}

void dt_budget_decide(const struct dt_budgetnet *s, const dt_real *z, double cap, int *keep)
{
    if (s->threshold)
        for (int i = 0; i < s->n; i++)
            keep[i] = z[i] >= 0;
    else
        dt_costs_project(&s->cost, z, cap, keep);
}

void dt_budget_policy_init(struct dt_budgetnet *s, struct dt_net *net, int at)
{
    s->policy.s = s;
    s->policy.base = (struct dt_policy){ .name = "budgetnet",
                                         .net = net,
                                         .at = at == DT_AT_STEM ? dt_net_find(net, "net/stem") : NULL,
                                         .look = look,
                                         .decide = decide };
}

/* ---- running ---- */
enum dt_code dt_budget_failed(struct dt_train *t)
{
    if (dt_tape_err(t->tape)->code)
        dt_fail(&t->err, dt_tape_err(t->tape)->code, "%s", dt_tape_err(t->tape)->msg);
    return t->err.code;
}

struct dt_tensor *dt_budget_images(struct dt_train *t, const struct dt_batch *b, int from, int n)
{
    struct dt_shape in = dt_net_input(t->net);

    return dt_tape_leaf(t->tape, dt_shape4(n, in.d[1], in.d[2], in.d[3]), b->x + dt_numel(&in) * from);
}

const dt_real *dt_budget_answer(struct dt_train *t, const struct dt_batch *b, struct dt_tensor *logits,
                                struct dt_run how)
{
    const struct dt_budgetnet_cfg *cfg = t->cfg;
    dt_real *answer = ((struct dt_budgetnet *)t->state)->trial.answer;
    struct dt_tensor *p;

    if (cfg->policy.critic != DT_CRITIC_ANSWER || cfg->learn.baseline != DT_BASELINE_CRITIC)
        return NULL;
    dt_tape_no_grad(t->tape, true);
    p = dt_softmax(t->tape, logits ? logits : dt_budget_run(t, dt_budget_images(t, b, 0, b->n), NULL, how));
    dt_tape_no_grad(t->tape, false);
    if (dt_budget_failed(t))
        return NULL;
    for (int i = 0; i < b->n; i++)
        answer[i] = p->data[(int64_t)i * p->shape.d[1] + b->label[i]];
    return answer;
}

/* y [rows, n + 1] with `more` [rows,1] added to its last column. */
static struct dt_tensor *add_last(struct dt_tape *t, struct dt_tensor *y, struct dt_tensor *more)
{
    struct dt_tensor *wide[2] = { dt_zeros(t, dt_shape2(y->shape.d[0], y->shape.d[1] - 1)), more };

    return dt_add(t, y, dt_concat(t, wide, 2), DT_LINEAR);
}

struct dt_tensor *dt_budget_look(struct dt_train *t, struct dt_tensor *x, const double *budget, const dt_real *answer,
                                 struct dt_run how)
{
    const struct dt_budgetnet *s = t->state;
    struct dt_run before = { .tape = t->tape, .training = how.training, .freeze_stats = true, .n = x->shape.d[0] };
    struct dt_tensor *y;

    how.tape = t->tape;
    how.n = x->shape.d[0];
    how.budget = budget;
    if (s->policy.base.at) {
        dt_tape_no_grad(t->tape, true);
        x = dt_forward(s->policy.base.at, &before, x);
        dt_tape_no_grad(t->tape, false);
    }
    dt_tape_push(t->tape, "policy");
    y = dt_agent_head(dt_agent_of(t->net), &how, dt_agent_features(dt_agent_of(t->net), &how, x), NULL);
    if (answer)
        y = add_last(t->tape, y, dt_agent_judge(dt_agent_of(t->net), &how, answer, how.n));
    dt_tape_pop(t->tape);
    return y;
}

struct dt_tensor *dt_budget_run(struct dt_train *t, struct dt_tensor *x, const int *keep, struct dt_run how)
{
    const struct dt_budgetnet *s = t->state;
    int rows = x->shape.d[0];
    size_t bytes = (size_t)rows * (size_t)s->n * sizeof(int);

    how.tape = t->tape;
    how.exec = DT_SKIP;
    if (keep) { /* a copy: the backward pass may come when the caller's rows are others */
        how.arch = (struct dt_arch){ .rows = rows, .n = s->n, .value = dt_tape_alloc(t->tape, bytes) };
        if (!how.arch.value)
            return dt_tape_fail(t->tape, DT_ENOMEM, "out of memory");
        memcpy(how.arch.value, keep, bytes);
    }
    return dt_net_forward(t->net, &how, x);
}
