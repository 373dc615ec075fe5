/* run: one image through the steps; a batch over the lanes. Which lane takes an image is left to chance, for lanes are
 * alike: it changes no bit. */
#include "exec/plan.h"

#include <stdatomic.h>
#include <string.h>

struct batch {
    struct dt_plan *p;
    const struct dt_run *run;
    const dt_real *x;
    int n;
    atomic_int next; /* the next image */
    struct dt_arch arch;
};

static int choice_of(const struct batch *b, int image, int choice)
{
    return b->arch.value[(size_t)image * (size_t)b->arch.n + (size_t)choice];
}

/* The run as a policy sees it: of one image. */
static struct dt_run run_of(const struct batch *b, const struct dt_lane *lane, int image)
{
    struct dt_run run = b->run ? *b->run : (struct dt_run){ 0 };

    run.net = b->p->net;
    run.policy = b->p->policy;
    run.exec = DT_SKIP;
    run.arch = (struct dt_arch){ 1, b->arch.n, b->arch.value + (size_t)image * (size_t)b->arch.n, NULL };
    run.budget = run.budget ? run.budget + image : NULL;
    run.n = 1;
    run.row = NULL;
    run.exit = lane->exit;
    run.n_exits = lane->n_exits;
    return run;
}

static void call(const struct batch *b, const struct dt_lane *lane, const struct dt_step *s, int image)
{
    const struct dt_callback *c = s->node->attr;
    struct dt_run run = run_of(b, lane, image);

    c->fill(c, &run, lane->at[s->out]);
}

static void note(const struct dt_plan *p, struct dt_lane *lane, const struct dt_step *s)
{
    struct dt_tensor *said = &lane->said[lane->n_exits];

    memcpy(said->data, lane->at[s->in[0]], (size_t)dt_value_channels(&p->value[s->in[0]]) * sizeof(dt_real));
    lane->exit[lane->n_exits++] = (struct dt_exit){ .choice = s->choice, .n = 1, .logits = said };
}

static void ask(struct batch *b, const struct dt_lane *lane, const struct dt_step *s, int image)
{
    struct dt_policy *policy = b->p->policy;
    struct dt_run run = run_of(b, lane, image);
    struct dt_tensor seen = { 0 };

    if (!policy || !policy->decide)
        return;
    if (s->n_in)
        seen = (struct dt_tensor){ .shape = b->p->value[s->in[0]].shape, .data = lane->at[s->in[0]] };
    run.seen = s->n_in ? &seen : NULL;
    policy->decide(policy, &run, s->choice, run.seen);
}

static void compute(const struct dt_plan *p, const struct dt_lane *lane, const struct dt_step *s)
{
    const void *x = lane->at[s->in[0]];
    const struct dt_value *from = &p->value[s->in[0]], *to = &p->value[s->out];
    void *y = lane->at[s->out];

    if (s->kind == DT_STEP_NORM)
        dt_kernel_norm(s, to, x, y);
    else if (s->kind == DT_STEP_ADD)
        dt_kernel_add(to, s->act, x, lane->at[s->in[1]], y);
    else if (s->kind == DT_STEP_COPY)
        dt_kernel_copy(to, s->act, x, y);
    else if (s->kind == DT_STEP_LAYOUT)
        dt_kernel_layout(from, to, x, y);
    else
        dt_kernel_pad(s->node, from, to, x, y);
}

static void keep_logits(struct dt_plan *p, const struct dt_lane *lane, int image, int value, int left)
{
    size_t classes = (size_t)dt_value_channels(&p->value[p->output]);

    memcpy(p->logits + (size_t)image * classes, lane->at[value], classes * sizeof(dt_real));
    p->left[image] = left;
}

/* Where to go on; -1: the image has left, or a step has failed. */
static int step(struct batch *b, int l, int image, int i)
{
    struct dt_plan *p = b->p;
    struct dt_lane *lane = &p->lane[l];
    const struct dt_step *s = &p->step[i];

    switch (s->kind) {
    case DT_STEP_CONV:
        return s->conv->class_->run(s->conv, l, &lane->err) ? i + 1 : -1;
    case DT_STEP_OP:
        s->node->op->forward(lane->node[i]);
        return i + 1;
    case DT_STEP_CALL:
        call(b, lane, s, image);
        return i + 1;
    case DT_STEP_NOTE:
        note(p, lane, s);
        return i + 1;
    case DT_STEP_SKIP:
        return (choice_of(b, image, s->choice) > 0) == s->want ? i + 1 : s->to;
    case DT_STEP_ASK:
        ask(b, lane, s, image);
        return i + 1;
    case DT_STEP_LEAVE:
        if (choice_of(b, image, s->choice) != DT_LEAVE)
            return i + 1;
        keep_logits(p, lane, image, s->in[0], s->choice);
        return -1;
    default:
        compute(p, lane, s);
        return i + 1;
    }
}

static void run_image(struct batch *b, int l, int image)
{
    struct dt_plan *p = b->p;
    struct dt_lane *lane = &p->lane[l];
    size_t size = (size_t)dt_numel(&p->value[p->input].shape);
    int i = 0;

    lane->n_exits = 0;
    memcpy(lane->at[p->input], b->x + (size_t)image * size, size * sizeof(dt_real));
    while (i >= 0 && i < p->n_steps)
        i = step(b, l, image, i);
    if (i >= 0)
        keep_logits(p, lane, image, p->output, -1);
}

static void run_lane(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    struct batch *b = ctx;

    (void)end;
    (void)chunk;
    for (int i = atomic_fetch_add(&b->next, 1); i < b->n; i = atomic_fetch_add(&b->next, 1))
        run_image(b, (int)begin, i);
}

/* The choices of every image, where a policy may write its own over them. */
static struct dt_arch arch_of(struct dt_plan *p, const struct dt_run *run, int n)
{
    const struct dt_space *space = dt_net_space(p->net);
    struct dt_arch arch = { .rows = n, .n = space->n, .value = p->arch };

    DT_ASSERT(!run || run->arch.n == 0 || (run->arch.n == space->n && (run->arch.rows == 1 || run->arch.rows == n)));
    for (int r = 0; r < n; r++)
        for (int i = 0; i < space->n; i++) {
            const struct dt_choice *c = &space->choice[i];
            int full = c->kind == DT_EXIT ? DT_PASS : c->max;
            size_t row = run && run->arch.rows > 1 ? (size_t)r : 0;

            arch.value[(size_t)r * (size_t)space->n + (size_t)i] =
                run && run->arch.n ? run->arch.value[row * (size_t)space->n + (size_t)i] : full;
        }
    return arch;
}

static bool check_arch(const struct dt_plan *p, const struct dt_arch *arch, struct dt_err *err)
{
    const struct dt_space *space = dt_net_space(p->net);

    for (int i = 0; i < arch->rows * arch->n; i++) {
        const struct dt_choice *c = &space->choice[i % arch->n];

        if (arch->value[i] < 0 || arch->value[i] > c->max)
            return dt_fail(err, DT_ESHAPE, "%s: choice %d is outside 0..%d", c->path, arch->value[i], c->max);
    }
    return true;
}

enum dt_code dt_plan_run(struct dt_plan *p, struct dt_run *run, const dt_real *x, int n, struct dt_plan_out *out,
                         struct dt_err *err)
{
    struct batch b = { .p = p, .run = run, .x = x, .n = n, .arch = arch_of(p, run, n) };

    DT_ASSERT(n >= 0 && n <= p->cfg.batch);
    if (!check_arch(p, &b.arch, err))
        return err->code;
    atomic_init(&b.next, 0);
    dt_par_for(p->n_lanes, 1, run_lane, &b);
    *out = (struct dt_plan_out){ n, dt_value_channels(&p->value[p->output]), p->logits, p->left };
    if (run)
        run->arch = b.arch;
    for (int l = 0; l < p->n_lanes; l++)
        if (p->lane[l].err.code) {
            *err = p->lane[l].err;
            return err->code;
        }
    return DT_OK;
}
