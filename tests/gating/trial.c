#include "trial.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <dyntrain/exec.h>

#include "gating/exits.h"

enum { MAX_OVERRIDES = 24, PATHS = 640 };

/* ---- early_exit, which may be stopped ---- */

static int stop_at;

static enum dt_code step(struct dt_train *t, const struct dt_batch *b)
{
    enum dt_code code = dt_method_early_exit.phase[0].step(t, b);

    if (stop_at && t->step + 1 == stop_at)
        raise(SIGTERM);
    return code;
}

static struct dt_phase phases[3];
static struct dt_method early_exit;
const struct dt_method *const trial_methods[] = { &dt_method_supervised, &early_exit, &dt_method_cascade, NULL };

void trial_stop_at(int at)
{
    stop_at = at;
}

/* ---- runs ---- */

void trial_write(const struct trial *t, const char *name, const char *text)
{
    char path[PATHS];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", t->dir, name);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void trial_open(struct trial *t)
{
    memset(t, 0, sizeof *t);
    memcpy(phases, dt_method_early_exit.phase, sizeof phases);
    phases[0].step = step;
    early_exit = dt_method_early_exit;
    early_exit.phase = phases;
    trial_stop_at(0);
    dt_log_level(DT_QUIET);
    dt_test_mkdir(t->dir);
    trial_write(t, "small.yaml",
                "version: 1\n"
                "data: {dataset: synth, batch: 25, val_split: 0.4, workers: 0,\n"
                "       synth: {train: 500, test: 150, size: 8, classes: 4, noise: 0.05}}\n"
                "model: {arch: resnet8, width: 4}\n"
                "optim: {lr: 0.1}\n"
                "run: {threads: 1, progress: \"off\"}\n");
}

void trial_close(struct trial *t)
{
    dt_test_rmdir(t->dir);
}

enum dt_code trial_train(struct trial *t, const char *config, const char *overrides)
{
    char path[PATHS], root[PATHS], text[2048], *save = NULL;
    const char *word[MAX_OVERRIDES];
    struct dt_job job = { .config_path = path, .overrides = word, .methods = trial_methods, .command = "test" };

    snprintf(path, sizeof path, "%s/%s", t->dir, config);
    snprintf(root, sizeof root, "run.dir=%s/runs", t->dir);
    snprintf(text, sizeof text, overrides, t->dir, t->dir, t->dir, t->dir);
    word[job.n_overrides++] = root;
    for (char *s = strtok_r(text, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
        ck_assert_int_lt(job.n_overrides, MAX_OVERRIDES);
        word[job.n_overrides++] = s;
    }
    t->err = (struct dt_err){ .code = DT_OK };
    return dt_run_train(&job, &t->out, &t->err);
}

enum dt_code trial_resume(struct trial *t)
{
    char run[sizeof t->out.run];
    struct dt_job job = { .run_path = run, .methods = trial_methods, .command = "test" };

    memcpy(run, t->out.run, sizeof run);
    t->err = (struct dt_err){ .code = DT_OK };
    return dt_run_resume(&job, &t->out, &t->err);
}

/* ---- result.json ---- */

static struct dt_json *result(const struct trial *t)
{
    struct dt_err err = { .code = DT_OK };
    char path[PATHS];
    struct dt_json *o;

    snprintf(path, sizeof path, "%s/result.json", t->out.run);
    o = dt_json_read(path, &err);
    dt_test_ok(&err);
    return o;
}

double trial_number(const struct trial *t, const char *key)
{
    struct dt_json *o = result(t);
    double v = dt_json_get_num(o, key, NAN);

    dt_json_free(o);
    return v;
}

double trial_point(const struct trial *t, const char *list, const char *name, const char *key)
{
    struct dt_json *o = result(t), *points = dt_json_get(o, list);
    double v = NAN;

    for (int i = 0; i < dt_json_size(points); i++)
        if (!strcmp(dt_json_get_str(dt_json_at(points, i), "name", ""), name))
            v = dt_json_get_num(dt_json_at(points, i), key, NAN);
    dt_json_free(o);
    return v;
}

/* ---- execution ---- */

struct outcome {
    int n, *value, *node;
    double *answer;
};

static void go(struct dt_train *t, struct dt_exit_policy *p, const struct dt_batch *b, enum dt_exec exec,
               struct outcome *o)
{
    struct dt_shape in = dt_net_input(t->net);
    struct dt_run run = { .tape = t->tape, .policy = &p->base, .exec = exec, .n = b->n };
    int choices = dt_net_space(t->net)->n, classes = p->heads.classes;
    dt_real *answer = dt_calloc((size_t)(b->n * classes), sizeof *answer);
    struct dt_tensor *end;

    *o = (struct outcome){ b->n, dt_calloc((size_t)(b->n * choices), sizeof(int)), dt_calloc((size_t)b->n, sizeof(int)),
                           dt_calloc((size_t)(b->n * classes), sizeof(double)) };
    dt_tape_reset(t->tape);
    end = dt_net_forward(t->net, &run, dt_tape_leaf(t->tape, dt_shape4(b->n, in.d[1], in.d[2], in.d[3]), b->x));
    dt_test_ok(dt_tape_err(t->tape));
    dt_exit_policy_answers(p, &run, end, answer, o->node);
    memcpy(o->value, run.arch.value, (size_t)(b->n * choices) * sizeof(int));
    for (int i = 0; i < b->n * classes; i++)
        o->answer[i] = (double)answer[i];
    dt_free(answer);
}

/* The compiled net: every image leaves where it left on the tape. A score may lie within a rounding of zero. */
static void plan_is_tape(struct dt_train *t, struct dt_exit_policy *p, const struct dt_batch *b,
                         const struct outcome *tape)
{
    struct dt_plan_cfg cfg = { .batch = b->n };
    struct dt_plan *plan = dt_plan_new(t->net, &p->base, dt_tape_engine(t->tape), &cfg, &t->err);
    struct dt_plan_out out;
    struct dt_run run = { 0 };
    int differ = 0;

    dt_test_ok(&t->err);
    ck_assert_int_eq(dt_plan_run(plan, &run, b->x, b->n, &out, &t->err), DT_OK);
    for (int i = 0; i < b->n; i++)
        differ += out.left[i] != p->heads.choice[tape->node[i]];
    ck_assert_int_le(differ, b->n / 50);
    dt_plan_free(plan);
}

static void outcome_free(struct outcome *o)
{
    dt_free(o->value);
    dt_free(o->node);
    dt_free(o->answer);
}

static void masked_is_skipping(struct dt_train *t)
{
    struct dt_exit_policy *p = &((struct dt_exits *)t->state)->policy;
    struct dt_loader *loader = dt_train_loader(t, DT_TEST);
    int choices = dt_net_space(t->net)->n, classes = p->heads.classes;
    struct outcome a, b;
    struct dt_batch batch;

    dt_loader_start(loader, 0, 0);
    ck_assert(dt_loader_next(loader, &batch, &t->err));
    go(t, p, &batch, DT_MASK, &a);
    go(t, p, &batch, DT_SKIP, &b);
    plan_is_tape(t, p, &batch, &b);
    ck_assert_int_eq(memcmp(a.value, b.value, (size_t)(a.n * choices) * sizeof(int)), 0);
    ck_assert_int_eq(memcmp(a.node, b.node, (size_t)a.n * sizeof(int)), 0);
    for (int i = 0; i < a.n * classes; i++)
        ck_assert_double_eq_tol(a.answer[i], b.answer[i], 1e-4 * (1 + fabs(a.answer[i])));
    outcome_free(&a);
    outcome_free(&b);
}

void trial_check_execution(struct trial *t)
{
    struct dt_model *m = dt_model_open(t->out.run, DT_MODEL_IMAGES, trial_methods, 0, NULL, &t->err);
    struct dt_eval e;
    struct dt_train *train;

    dt_test_ok(&t->err);
    train = dt_model_train(m);
    ck_assert_int_eq(dt_train_evaluate(train, DT_TEST, &e), DT_OK);
    ck_assert_int_eq((int)e.n, 150);
    /* a score that rounds to the other side of zero may move one image */
    ck_assert_double_eq_tol(e.accuracy, t->out.test.accuracy, 1.01 / 150);
    ck_assert_double_eq_tol(e.top5, t->out.test.top5, 1.01 / 150);
    ck_assert_double_eq_tol(e.macs_mean, t->out.test.macs_mean, 0.012 * t->out.test.macs_mean);
    masked_is_skipping(train);
    dt_model_close(m);
}
