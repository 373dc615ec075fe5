/* plan: what holds beside the numbers. Nothing is allocated while it runs, an image has the same bits in any company, a
 * body that is off is not run, parameters are read when told to. */
#include "exec/plan.h"
#include "suites.h"
#include "toy.h"
#include "trial.h"

#include <math.h>
#include <string.h>

enum { N = 7 };

struct fixture {
    struct dt_net *net;
    struct trial t;
    struct dt_plan *plan;
};

static struct dt_plan *plan_of(struct trial *t, int batch)
{
    struct dt_err err = { 0 };
    struct dt_plan *plan = dt_plan_new(t->net, NULL, t->engine, &(struct dt_plan_cfg){ .batch = batch }, &err);

    dt_test_ok(&err);
    return plan;
}

static struct fixture fixture_open(void)
{
    struct fixture f = { .net = trial_model("resnet8", true) };

    f.t = trial_open("auto", f.net, N, 1);
    f.plan = plan_of(&f.t, N);
    return f;
}

static void fixture_close(struct fixture *f)
{
    dt_plan_free(f->plan);
    trial_close(&f->t);
    dt_net_free(f->net);
}

static struct dt_plan_out go(struct dt_plan *plan, struct dt_run *run, const dt_real *x, int n)
{
    struct dt_err err = { 0 };
    struct dt_plan_out out;

    ck_assert_int_eq(dt_plan_run(plan, run, x, n, &out, &err), DT_OK);
    return out;
}

START_TEST(allocates_nothing)
{
    struct fixture f = fixture_open();
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 1, 1);
    struct dt_run run = { .arch = trial_arch(&f.t, N, &rng) };
    int64_t calls;

    go(f.plan, &run, f.t.x, N);
    calls = dt_alloc_stats().calls;
    for (int i = 0; i < 3; i++) {
        run.arch = trial_arch(&f.t, N, &rng);
        go(f.plan, &run, f.t.x, N);
    }
    ck_assert_int_eq(dt_alloc_stats().calls, calls);
    fixture_close(&f);
}
END_TEST

START_TEST(same_bits_in_any_company)
{
    struct fixture f = fixture_open();
    struct dt_shape in = dt_net_input(f.net);
    int threads = dt_par_threads();
    dt_real all[N * 10];
    struct dt_plan *other;

    memcpy(all, go(f.plan, NULL, f.t.x, N).logits, sizeof all);
    dt_par_set_threads(threads == 1 ? 3 : 1);
    other = plan_of(&f.t, N);
    ck_assert_mem_eq(all, go(other, NULL, f.t.x, N).logits, sizeof all);
    for (int i = 0; i < N; i++)
        ck_assert_mem_eq(all + i * 10, go(other, NULL, f.t.x + i * dt_numel(&in), 1).logits, 10 * sizeof *all);
    dt_plan_free(other);
    dt_par_set_threads(threads);
    fixture_close(&f);
}
END_TEST

struct poison {
    const char *within;
    dt_real value;
};

static bool poison_param(void *ctx, struct dt_param *p)
{
    const struct poison *o = ctx;

    if (strstr(p->path, o->within))
        p->tensor.data[0] = o->value;
    return true;
}

/* Numbers that are none in the weights of a body show whether it was run. */
START_TEST(a_body_that_is_off_is_not_run)
{
    struct fixture f = fixture_open();
    struct dt_err err = { 0 };
    int row[3] = { 1, 0, 1 };
    struct dt_run run = { .arch = { 1, 3, row, NULL } };
    struct dt_plan_out out;

    ck_assert_int_eq(dt_net_space(f.net)->n, 3);
    dt_net_walk(f.net, &(struct dt_visitor){ .ctx = &(struct poison){ "stage2/block0/body", (dt_real)NAN },
                                             .param = poison_param });
    ck_assert_int_eq(dt_plan_load(f.plan, &err), DT_OK);
    out = go(f.plan, &run, f.t.x, N);
    for (int i = 0; i < N * out.classes; i++)
        ck_assert(isfinite(out.logits[i]));
    out = go(f.plan, NULL, f.t.x, N);
    ck_assert(!isfinite(out.logits[0]));
    fixture_close(&f);
}
END_TEST

START_TEST(refuses_choices_that_are_none)
{
    struct fixture f = fixture_open();
    struct dt_err err = { 0 };
    int row[3] = { 1, 2, 1 };
    struct dt_run run = { .arch = { 1, 3, row, NULL } };
    struct dt_plan_out out;

    ck_assert_int_eq(dt_plan_run(f.plan, &run, f.t.x, N, &out, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, "net/stage2/block0/body: choice 2 is outside 0..1");
    fixture_close(&f);
}
END_TEST

START_TEST(loads_what_has_changed)
{
    struct fixture f = fixture_open();
    struct dt_err err = { 0 };
    dt_real before[10], old;
    dt_real *gamma = NULL;
    struct dt_module *norm = dt_net_find(f.net, "net/stage1/block0/body/conv2/norm");

    ck_assert_ptr_nonnull(norm);
    gamma = norm->param->tensor.data;
    memcpy(before, go(f.plan, NULL, f.t.x, 1).logits, sizeof before);
    old = gamma[3];
    gamma[3] = old + 1;
    ck_assert_mem_eq(before, go(f.plan, NULL, f.t.x, 1).logits, sizeof before); /* not yet */
    ck_assert_int_eq(dt_plan_load(f.plan, &err), DT_OK);
    ck_assert_mem_ne(before, go(f.plan, NULL, f.t.x, 1).logits, sizeof before);
    gamma[3] = old;
    ck_assert_int_eq(dt_plan_load(f.plan, &err), DT_OK);
    ck_assert_mem_eq(before, go(f.plan, NULL, f.t.x, 1).logits, sizeof before);
    fixture_close(&f);
}
END_TEST

/* Activations of a ResNet: an image, a block's input, its inner tensor; nothing else is alive at a time. */
START_TEST(memory_is_planned_by_lifetime)
{
    struct dt_net *net = trial_model("resnet20", false);
    struct trial t = trial_open("auto", net, 1, 1);
    struct dt_plan *plan = plan_of(&t, 1);
    size_t tensor = 32 * 32 * 16 * sizeof(dt_real);
    int lanes;

    ck_assert_uint_le(dt_plan_bytes(plan, &lanes), 3 * tensor);
    ck_assert_int_eq(lanes, 1);
    dt_plan_free(plan);
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

/* Norms and their ReLU6 are part of the convolutions: 36 of 57 in MobileNetV2 have one. */
START_TEST(an_activation_is_no_step)
{
    struct dt_net *net = trial_model("mobilenetv2", false);
    struct dt_err err = { 0 };
    struct dt_plan *plan = dt_plan_draft(net, NULL, &(struct dt_plan_cfg){ 0 }, &err);
    int convs = 0, relu6 = 0;

    dt_test_ok(&err);
    for (int i = 0; i < plan->n_steps; i++) {
        const struct dt_step *s = &plan->step[i];

        ck_assert(s->kind != DT_STEP_NORM && s->kind != DT_STEP_COPY);
        convs += s->kind == DT_STEP_CONV;
        relu6 += s->kind == DT_STEP_CONV && s->act == DT_RELU6;
    }
    ck_assert_int_eq(convs, 1 + 17 * 3 + 4 + 1);
    ck_assert_int_eq(relu6, 1 + 17 * 2 + 1);
    dt_plan_free(plan);
    dt_net_free(net);
}
END_TEST

START_TEST(survives_lack_of_memory)
{
    struct dt_net *net = toy_net(3, false, true);
    struct trial t = trial_open("ref", net, 2, 1);
    struct dt_plan *plan = NULL;

    for (int k = 0; !plan; k++) {
        struct dt_err err = { 0 };
        int64_t live = dt_alloc_stats().live;

        dt_alloc_fail_at(k);
        plan = dt_plan_new(net, NULL, t.engine, &(struct dt_plan_cfg){ .batch = 2 }, &err);
        dt_alloc_fail_at(-1);
        if (plan)
            break;
        ck_assert_int_eq(err.code, DT_ENOMEM);
        ck_assert_int_eq(dt_alloc_stats().live, live);
        ck_assert_int_lt(k, 100000);
    }
    dt_plan_free(plan);
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

Suite *suite_plan(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");

    tcase_add_test(c, allocates_nothing);
    tcase_add_test(c, same_bits_in_any_company);
    tcase_add_test(c, a_body_that_is_off_is_not_run);
    tcase_add_test(c, refuses_choices_that_are_none);
    tcase_add_test(c, loads_what_has_changed);
    tcase_add_test(c, memory_is_planned_by_lifetime);
    tcase_add_test(c, an_activation_is_no_step);
    tcase_add_test(c, survives_lack_of_memory);
    suite_add_tcase(s, c);
    return s;
}
