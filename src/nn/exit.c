/* exit: leave here? The head is run, the policy asked and the exit noted down for the same samples, in the same order,
 * by masked and skipping execution: those who are still here and do not pass. */
#include "nn/layers/layer.h"

/* Room for every exit of the net, at the first one. */
static struct dt_exit *next_exit(struct dt_run *run)
{
    const struct dt_space *space = &run->net->space;

    if (!run->exit) {
        int n = 0;

        for (int i = 0; i < space->n; i++)
            n += space->choice[i].kind == DT_EXIT;
        run->exit = dt_tape_alloc(run->tape, (size_t)n * sizeof *run->exit);
    }
    return run->exit ? &run->exit[run->n_exits] : NULL;
}

/* The head's logits for those in p, and run narrowed to them. */
static struct dt_tensor *look(struct dt_run *run, struct dt_module *head, struct dt_tensor *x, const struct dt_part *p)
{
    struct dt_tensor *logits;

    run->features = NULL;
    if (run->exec == DT_SKIP && p->n < run->n) {
        x = dt_gather(run->tape, x, p->at, p->n);
        dt_run_narrow(run, p);
    } else if (p->n < p->of) {
        dt_run_mask(run, p);
    }
    logits = dt_forward(head, run, x);
    if (run->exec == DT_MASK && p->n < run->n) {
        logits = dt_gather(run->tape, logits, p->at, p->n);
        if (run->features)
            run->features = dt_gather(run->tape, run->features, p->at, p->n);
        dt_run_narrow(run, p);
    }
    return logits;
}

/* Those who stay; run is theirs for the rest of the net. */
static struct dt_tensor *go_on(struct dt_run *run, int choice, struct dt_tensor *x)
{
    struct dt_part p;

    if (!dt_run_pick(run, choice, DT_LEAVE, &p))
        return dt_tape_fail(run->tape, DT_ENOMEM, "out of memory");
    if (p.n == p.of)
        return x;
    if (run->exec == DT_MASK && p.n > 0) {
        dt_run_mask(run, &p);
        return x;
    }
    if (p.n > 0)
        x = dt_gather(run->tape, x, p.at, p.n);
    dt_run_narrow(run, &p);
    return p.n > 0 ? x : NULL;
}

struct dt_tensor *dt_exit(struct dt_run *run, struct dt_module *head, struct dt_tensor *x)
{
    int choice = head->choice[DT_EXIT];
    struct dt_here here = dt_run_here(run);
    struct dt_mark mark = { DT_MARK_EXIT, choice, .begin = dt_tape_n_nodes(run->tape), .in = x };
    struct dt_tensor *logits;
    struct dt_exit *e;
    struct dt_part p;

    if (!x)
        return NULL;
    DT_ASSERT(choice >= 0);
    if (!run->net)
        run->net = head->net;
    if (!dt_run_pick(run, choice, DT_PASS, &p))
        return dt_tape_fail(run->tape, DT_ENOMEM, "out of memory");
    if (p.n == 0)
        return x;
    logits = look(run, head, x, &p);
    mark.out = logits;
    mark.end = dt_tape_n_nodes(run->tape);
    dt_tape_mark(run->tape, &mark);
    e = next_exit(run);
    if (e) {
        *e = (struct dt_exit){ choice, run->n, run->row, run->features, logits };
        run->n_exits++;
    }
    dt_run_ask(run, choice, logits);
    dt_run_back(run, here);
    return go_on(run, choice, x);
}

/* ---- making one ---- */
/* Moves the last child of m's parent to the place behind m. */
static void move_behind(struct dt_module *m, struct dt_module *last)
{
    struct dt_module **at = &m->parent->child;

    while (*at != last)
        at = &(*at)->next;
    *at = NULL;
    last->next = m->next;
    m->next = last;
}

struct dt_module *dt_exit_new(struct dt_net *net, const char *after, const char *name, struct dt_err *err)
{
    struct dt_module *m = dt_net_find(net, after), *head;

    if (!m || !m->parent || !dt_is_seq(m->parent)) {
        dt_fail(err, DT_ECONFIG,
                m ? "no exit can be behind '%s': it is not one of a sequence" : "there is no module '%s'", after);
        return NULL;
    }
    head = dt_seq(net, m->parent, name);
    dt_choice_new(head, DT_EXIT, DT_LEAVE);
    if (net->err.code) {
        dt_fail(err, net->err.code, "%s", net->err.msg);
        return NULL;
    }
    if (m->next != head)
        move_behind(m, head);
    return head;
}
