#include "trial.h"

#include <math.h>
#include <string.h>
#include <support.h>

struct perturb {
    struct dt_rng rng;
};

static bool perturb_param(void *ctx, struct dt_param *p)
{
    struct perturb *o = ctx;
    bool norm = strcmp(p->name, "gamma") == 0, var = strcmp(p->name, "var") == 0;

    for (int64_t i = 0; i < dt_numel(&p->tensor.shape) && p->tensor.shape.rank == 1; i++)
        p->tensor.data[i] = (dt_real)(norm || var ? 0.6 + 0.8 * dt_rng_uniform(&o->rng) : 0.2 * dt_rng_normal(&o->rng));
    return true;
}

void trial_perturb(struct dt_net *net, uint32_t seed)
{
    struct perturb o = { dt_rng_at(seed, DT_STREAM_TEST, 3, 0) };

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &o, .param = perturb_param });
    dt_net_touch(net);
}

struct dt_net *trial_model(const char *name, bool dynamic)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(11, &err);
    const struct dt_model_cfg cfg = { .arch = name,
                                      .classes = 10,
                                      .shortcut = DT_SHORTCUT_A,
                                      .width = 16,
                                      .cardinality = 4,
                                      .path_width = 16,
                                      .dynamic = dynamic };

    ck_assert(net && dt_model_build(net, &cfg, 3, &err) == DT_OK && dt_net_finish(net, 32, 32, 3, &err) == DT_OK);
    dt_test_ok(&err);
    trial_perturb(net, 1);
    return net;
}

struct trial trial_open(const char *engine, struct dt_net *net, int n, uint32_t seed)
{
    struct dt_err err = { 0 };
    struct trial t = { .net = net, .n = n, .engine = dt_engine_new(engine, &err) };
    struct dt_rng rng = dt_rng_at(seed, DT_STREAM_TEST, 4, 0);
    struct dt_shape in = dt_net_input(net);

    dt_test_ok(&err);
    t.tape = dt_tape_new(t.engine, &err);
    dt_test_ok(&err);
    t.x = dt_calloc((size_t)n, (size_t)dt_numel(&in) * sizeof *t.x);
    t.value = dt_calloc((size_t)n * TRIAL_MAX_CHOICES, sizeof *t.value);
    ck_assert(t.x && t.value);
    for (int64_t i = 0; i < n * dt_numel(&in); i++)
        t.x[i] = (dt_real)dt_rng_normal(&rng);
    return t;
}

void trial_close(struct trial *t)
{
    dt_tape_free(t->tape);
    dt_engine_free(t->engine);
    dt_free(t->x);
    dt_free(t->value);
}

struct dt_arch trial_arch(struct trial *t, int rows, struct dt_rng *rng)
{
    const struct dt_space *space = dt_net_space(t->net);
    struct dt_arch a = { .rows = rows, .n = space->n, .value = t->value };

    if (rows == 0 || space->n == 0)
        return (struct dt_arch){ 0 };
    ck_assert_int_le(space->n, TRIAL_MAX_CHOICES);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < space->n; i++) {
            int max = space->choice[i].max;

            t->value[r * a.n + i] = space->choice[i].kind == DT_WIDTH ? max : (int)dt_rng_below(rng, (uint32_t)max + 1);
        }
    return a;
}

static void put(const struct dt_tensor *from, int i, int row, dt_real *logits)
{
    size_t classes = (size_t)from->shape.d[1];

    memcpy(logits + (size_t)row * classes, from->data + (size_t)i * classes, classes * sizeof *logits);
}

void trial_tape(struct trial *t, struct dt_policy *policy, struct dt_arch arch, dt_real *logits, int *left)
{
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = t->tape, .policy = policy, .arch = arch, .exec = DT_SKIP };
    struct dt_tensor *y;

    dt_tape_reset(t->tape);
    dt_tape_no_grad(t->tape, true);
    y = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(t->n, in.d[1], in.d[2], in.d[3]), t->x));
    dt_test_ok(dt_tape_err(t->tape));
    for (int e = run.n_exits - 1; e >= 0; e--) /* those who went on are overwritten below */
        for (int i = 0; i < run.exit[e].n; i++) {
            int row = run.exit[e].row ? run.exit[e].row[i] : i;

            put(run.exit[e].logits, i, row, logits);
            left[row] = run.exit[e].choice;
        }
    for (int e = 0; e < run.n_exits; e++) /* an exit that was only looked at is not where the image ends */
        for (int i = 0; i < run.exit[e].n; i++) {
            int row = run.exit[e].row ? run.exit[e].row[i] : i, at = run.exit[e].choice;

            if (run.arch.value[(run.arch.rows > 1 ? row : 0) * run.arch.n + at] == DT_LEAVE) {
                put(run.exit[e].logits, i, row, logits);
                left[row] = at;
            }
        }
    for (int i = 0; y && i < run.n; i++) {
        put(y, i, run.row ? run.row[i] : i, logits);
        left[run.row ? run.row[i] : i] = -1;
    }
}

double trial_distance(const struct dt_plan_out *o, const dt_real *logits, const int *left)
{
    double worst = 0;

    for (int i = 0; i < o->n; i++) {
        double top = 0, most = 0;

        for (int k = 0; k < o->classes; k++) {
            double a = (double)logits[i * o->classes + k], b = (double)o->logits[i * o->classes + k];

            if (o->left[i] != left[i] || !isfinite(a) || !isfinite(b))
                return INFINITY;
            top = fmax(top, fabs(a));
            most = fmax(most, fabs(a - b));
        }
        worst = fmax(worst, most / top);
    }
    return worst;
}

double trial_compare(struct trial *t, const struct dt_plan_cfg *cfg, int archs, struct dt_rng *rng)
{
    struct dt_err err = { 0 };
    struct dt_plan *plan = dt_plan_new(t->net, NULL, t->engine, cfg, &err);
    dt_real *logits = dt_calloc((size_t)t->n * 64, sizeof *logits);
    int *left = dt_calloc((size_t)t->n, sizeof *left);
    double worst = 0;

    dt_test_ok(&err);
    for (int a = 0; a <= (dt_net_space(t->net)->n ? archs : 0); a++) {
        struct dt_arch arch = trial_arch(t, a == 0 ? 0 : a % 3 == 0 ? 1 : t->n, rng);
        struct dt_run run = { .arch = arch };
        struct dt_plan_out out;

        trial_tape(t, NULL, arch, logits, left);
        ck_assert_int_eq(dt_plan_run(plan, &run, t->x, t->n, &out, &err), DT_OK);
        worst = fmax(worst, trial_distance(&out, logits, left));
    }
    dt_plan_free(plan);
    dt_free(logits);
    dt_free(left);
    return worst;
}
