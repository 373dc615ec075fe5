/* Whole runs of budgetnet on generated images: the promise of the budget, what a frozen backbone keeps, clean batch
 * norm, bad configs. */
#include <math.h>
#include <string.h>

#include "rl/budgetnet.h"
#include "suites.h"
#include "trial.h"

enum { OVER = 2048 };

void budget_trial_open(struct trial *t)
{
    trial_use(&dt_method_budgetnet);
    trial_open(t);
    trial_write(t, "budget.yaml",
                "version: 1\n"
                "method: budgetnet\n"
                "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1, augment: {crop_pad: 1, hflip: true},\n"
                "       synth: {train: 200, test: 40, size: 8}}\n"
                "model: {arch: resnet14, width: 8, dynamic: true}\n"
                "optim: {lr: 0.05, schedule: {name: constant}}\n"
                "budget: {list: [0.3, 0.5, 0.8, 1]}\n"
                "budgetnet: {curriculum: 1, epochs: 1, calibrate: 40, subsets: 2,\n"
                "            policy: {width: 4, hidden: 8}}\n"
                "log: {every_steps: 1}\n"
                "run: {threads: 1, progress: \"off\"}\n");
    snprintf(t->config, sizeof t->config, "%s/budget.yaml", t->dir);
}

/* ---- results ---- */
static struct dt_json *result_of(const char *run)
{
    char path[640];
    struct dt_err err = { 0 };
    struct dt_json *o = dt_json_read(trial_path(run, "result.json", path), &err);

    dt_test_ok(&err);
    return o;
}

#define BF16_PATHS                                                                                                     \
    "model.arch=resnext29 model.cardinality=3 model.path_width=2 precision=bf16 budget.list=[0.5,0.6,0.8,1] "          \
    "budgetnet.policy.critic=state"

START_TEST(no_image_exceeds_its_budget)
{
    static const char *const how[] = {
        "",
        "budgetnet.policy.at=input model.width=32",
        "budgetnet.backbone=frozen",
        "budgetnet.learn.baseline=leave_one_out budgetnet.learn.samples=2",
        "budgetnet.learn.baseline=self_critical budgetnet.reward.name=lagrangian",
        BF16_PATHS,
    };
    struct trial t;
    struct dt_json *o, *curve;
    double full;

    budget_trial_open(&t);
    if (trial_train(&t, how[_i]))
        dt_test_ok(&t.err);
    o = result_of(t.out.run);
    curve = dt_json_get(o, "curve");
    full = dt_json_get_num(o, "macs_static", 0);
    ck_assert_int_eq(dt_json_size(curve), 4);
    for (int i = 0; i < 4; i++) {
        struct dt_json *p = dt_json_at(curve, i);
        double budget = dt_json_get_num(p, "budget", 0), most = dt_json_get_num(p, "macs_max", 1e30);

        ck_assert_msg(most <= budget * full, "budget %g: %g of %g", budget, most, full);
        ck_assert_double_gt(dt_json_get_num(p, "macs_mean", 0), 0);
        ck_assert_double_gt(dt_json_get_num(p, "latency_ms", 0), 0);
    }
    ck_assert_int_ge(dt_json_size(dt_json_get(o, "baselines")), 9); /* three for each of three budgets */
    dt_json_free(o);
    trial_close(&t);
}
END_TEST

/* The shuffled plans are the agent's, as dear as they were; where there is one for all images, shuffling changes
 * nothing. The second run is made to give images plans of their own: others get other answers. */
START_TEST(shuffled_plans_are_the_agents)
{
    static const char *const how[] = { "", "budgetnet.learn.spread=100 budgetnet.policy.lr=0.03 budgetnet.epochs=3 "
                                           "data.synth.test=400" };
    struct trial t;
    struct dt_json *o, *baselines;
    int several = 0, moved = 0;

    budget_trial_open(&t);
    if (trial_train(&t, how[_i]))
        dt_test_ok(&t.err);
    o = result_of(t.out.run);
    baselines = dt_json_get(o, "baselines");
    for (int i = 0; i < 3; i++) {
        struct dt_json *p = dt_json_at(dt_json_get(o, "curve"), i), *numbers = dt_json_get(p, "numbers");
        struct dt_json *q = dt_json_at(baselines, 3 * i); /* then random and fixed ones of this budget */
        double plans = dt_json_get_num(numbers, "policies", 0), mean = dt_json_get_num(p, "macs_mean", 0);

        ck_assert_ptr_nonnull(strstr(dt_json_get_str(q, "name", ""), "shuffled"));
        ck_assert_double_eq(dt_json_get_num(q, "budget", 0), dt_json_get_num(p, "budget", 1));
        ck_assert_double_eq_tol(dt_json_get_num(q, "macs_mean", 0), mean, 1e-6 * mean);
        ck_assert_double_eq(dt_json_get_num(q, "macs_max", 0), dt_json_get_num(p, "macs_max", 1));
        ck_assert_double_eq(dt_json_get_num(q, "accuracy", 0), dt_json_get_num(numbers, "shuffled", 1));
        if (plans <= 1)
            ck_assert_double_eq(dt_json_get_num(q, "accuracy", 0), dt_json_get_num(p, "accuracy", 1));
        several += plans > 1;
        moved += dt_json_get_num(q, "accuracy", 0) != dt_json_get_num(p, "accuracy", 0);
    }
    ck_assert(_i == 0 || (several > 0 && moved > 0));
    dt_json_free(o);
    trial_close(&t);
}
END_TEST

/* The checkpoint says what the run said: statistics, conditioning values and all. */
START_TEST(the_checkpoint_decides_as_the_run)
{
    struct trial t;
    struct dt_model *m;
    struct dt_eval e;

    budget_trial_open(&t);
    ck_assert_int_eq(trial_train(&t, ""), DT_OK);
    m = dt_model_open(t.out.run, DT_MODEL_IMAGES, trial_methods, 0, NULL, &t.err);
    dt_test_ok(&t.err);
    ck_assert_int_eq(dt_train_evaluate(dt_model_train(m), DT_TEST, &e), DT_OK);
    ck_assert_double_eq(e.accuracy, t.out.test.accuracy);
    ck_assert_double_eq(e.loss, t.out.test.loss);
    ck_assert_double_eq(e.macs_mean, t.out.test.macs_mean);
    dt_model_close(m);
    trial_close(&t);
}
END_TEST

/* ---- weights ---- */
struct pair {
    struct dt_net *other;
    bool buffers; /* to compare, too */
    int n;
};

static bool same_as(void *ctx, struct dt_param *p)
{
    struct pair *c = ctx;
    struct dt_module *m = dt_net_find(c->other, p->owner->path);
    struct dt_param *q = m ? m->param : NULL;

    while (q && strcmp(q->name, p->name) != 0)
        q = q->next;
    ck_assert_ptr_nonnull(q);
    if (p->buffer && !c->buffers)
        return true;
    ck_assert_msg(!memcmp(p->tensor.data, q->tensor.data, (size_t)dt_numel(&p->tensor.shape) * sizeof(dt_real)),
                  "%s differs", p->path);
    c->n++;
    return true;
}

/* Of the backbone, or of the policy, whose buffers are what was calibrated. */
static void compare(struct trial *t, const char *a, const char *b, bool policy)
{
    struct dt_model *x = dt_model_open(a, DT_MODEL_IMAGES, trial_methods, 0, NULL, &t->err), *y;
    struct pair c = { .buffers = !policy };

    dt_test_ok(&t->err);
    y = dt_model_open(b, DT_MODEL_IMAGES, trial_methods, 0, NULL, &t->err);
    dt_test_ok(&t->err);
    c.other = dt_model_train(y)->net;
    dt_module_walk(policy ? dt_net_policy(dt_model_train(x)->net) : dt_net_root(dt_model_train(x)->net),
                   &(struct dt_visitor){ .ctx = &c, .param = same_as });
    ck_assert_int_gt(c.n, policy ? 5 : 20);
    dt_model_close(x);
    dt_model_close(y);
}

static void train_static(struct trial *t, const char *more, char run[512])
{
    char how[OVER];

    trial_write(t, "static.yaml",
                "version: 1\n"
                "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1, augment: {crop_pad: 1, hflip: true},\n"
                "       synth: {train: 200, test: 40, size: 8}}\n"
                "model: {arch: resnet14, width: 8}\n"
                "optim: {lr: 0.05, schedule: {name: constant}}\n"
                "supervised: {epochs: 1}\n"
                "run: {threads: 1, progress: \"off\"}\n");
    snprintf(t->config, sizeof t->config, "%s/static.yaml", t->dir);
    snprintf(how, sizeof how, "%s", more);
    if (trial_train(t, how))
        dt_test_ok(&t->err);
    memcpy(run, t->out.run, sizeof t->out.run);
    snprintf(t->config, sizeof t->config, "%s/budget.yaml", t->dir);
}

/* Pretrained by a static config; frozen: not a bit of the backbone moves, running statistics included. */
START_TEST(a_frozen_backbone_stays)
{
    struct trial t;
    char before[512], how[OVER];

    budget_trial_open(&t);
    train_static(&t, "", before);
    snprintf(how, sizeof how, "budgetnet.backbone=frozen pretrained=%s/static.yaml", t.dir);
    if (trial_train(&t, how))
        dt_test_ok(&t.err);
    compare(&t, t.out.run, before, false);
    trial_close(&t);
}
END_TEST

/* A long training in several runs: the second one starts from network and agent of the first. */
START_TEST(an_agent_goes_on)
{
    struct trial t;
    char before[512], how[OVER];

    budget_trial_open(&t);
    if (trial_train(&t, ""))
        dt_test_ok(&t.err);
    memcpy(before, t.out.run, sizeof before);
    snprintf(how, sizeof how,
             "pretrained=%s seed=2 budgetnet.policy.pretrained=true budgetnet.curriculum=0 budgetnet.epochs=0", before);
    if (trial_train(&t, how))
        dt_test_ok(&t.err);
    compare(&t, t.out.run, before, true);
    compare(&t, t.out.run, before, false);
    snprintf(how, sizeof how, "pretrained=%s budgetnet.policy.pretrained=true budgetnet.policy.width=8", before);
    ck_assert_int_eq(trial_train(&t, how), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, "of another shape policy/agent");
    train_static(&t, "", before);
    snprintf(how, sizeof how, "pretrained=%s budgetnet.policy.pretrained=true", before);
    ck_assert_int_eq(trial_train(&t, how), DT_ECHECKPOINT);
    dt_test_fails(&t.err, DT_ECHECKPOINT, "missing policy/agent");
    trial_close(&t);
}
END_TEST

/* Sampled, lowest and compared paths leave running statistics alone: with a rate of 0 those of a joint epoch are those
 * of a supervised one. */
START_TEST(batch_norm_is_clean)
{
    struct trial t;
    char before[512];

    budget_trial_open(&t);
    train_static(&t, "optim.lr=0", before);
    if (trial_train(&t, "optim.lr=0 budgetnet.curriculum=0 budgetnet.learn.samples=2 "
                        "budgetnet.learn.baseline=self_critical"))
        dt_test_ok(&t.err);
    compare(&t, t.out.run, before, false);
    trial_close(&t);
}
END_TEST

/* ---- latency as the unit ---- */
START_TEST(a_table_of_latencies)
{
    struct trial t;
    char *table;

    budget_trial_open(&t);
    if (trial_train(&t, "budget.unit=latency_ms budget.target=0.95 budget.list=[0.95,1] budgetnet.curriculum=0 "
                        "model.width=16 data.synth.size=16"))
        dt_test_ok(&t.err);
    table = trial_read(t.out.run, "latency.json");
    ck_assert_ptr_nonnull(strstr(table, "net/stage3/block1/body"));
    dt_free(table);
    trial_close(&t);
}
END_TEST

/* ---- what is refused ---- */
START_TEST(bad_configs)
{
    static const struct {
        const char *how, *message;
    } cases[] = {
        { "model.dynamic=false", "set model.dynamic" },
        { "budget.list=[0.01,0.5]", "budget.list: 0.01 is below the floor" },
        { "budget.target=0.01", "budget.target: 0.01 is below the floor" },
        { "budget.list=[0.5,0.5]", "must rise" },
        { "budget.list=[]", "at least one" },
        { "budgetnet.learn.baseline=leave_one_out", "samples of at least 2" },
        { "budgetnet.policy.pretrained=true", "no checkpoint is named" },
    };
    struct trial t;

    budget_trial_open(&t);
    ck_assert_int_eq(trial_train(&t, cases[_i].how), DT_ECONFIG);
    dt_test_fails(&t.err, DT_ECONFIG, cases[_i].message);
    trial_close(&t);
}
END_TEST

Suite *suite_budgetnet(void)
{
    Suite *s = suite_create("budgetnet");
    TCase *c = tcase_create("runs");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, no_image_exceeds_its_budget, 0, 6);
    tcase_add_loop_test(c, shuffled_plans_are_the_agents, 0, 2);
    tcase_add_test(c, the_checkpoint_decides_as_the_run);
    tcase_add_test(c, a_frozen_backbone_stays);
    tcase_add_test(c, an_agent_goes_on);
    tcase_add_test(c, batch_norm_is_clean);
    tcase_add_test(c, a_table_of_latencies);
    tcase_add_loop_test(c, bad_configs, 0, 7);
    suite_add_tcase(s, c);
    return s;
}
