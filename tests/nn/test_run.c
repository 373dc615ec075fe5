/* Running: who decides, when, for whom; gates; and who is left at the end. */
#include "suites.h"
#include "toy.h"

#include <string.h>

/* Two layers, perhaps with a head between them (the only choice), and an agent for images. */
static struct dt_net *two_layers(bool exits)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(11, &err);
    struct dt_module *root = dt_seq(net, NULL, "net"), *agent = dt_seq(net, NULL, "policy");
    struct dt_conv_norm_cfg cfg = { .out = 4, .kernel = 3, .pad = -1, .relu = true };

    dt_conv_layer(net, root, "stem", 3, 4, 3, 1, 1, 1, true);
    for (int i = 0; i < 2; i++) {
        dt_conv_norm(net, root, i ? "block1" : "block0", 4, &cfg);
        if (i == 0 && exits)
            dt_choice_new(dt_head_layer(net, root, "exit", 4, TOY_CLASSES), DT_EXIT, DT_LEAVE);
    }
    dt_head_layer(net, root, "head", 4, TOY_CLASSES);
    dt_head_layer(net, agent, "head", 3, 2);
    (void)(dt_net_finish(net, TOY_SIDE, TOY_SIDE, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

/* ---- a plan made before the net ---- */
static struct dt_tensor *look_plan(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    return choice < 0 ? dt_forward(dt_net_policy(p->net), run, x) : NULL;
}

/* Keeps a body where the agent's first output is above the batch's middle. */
static void decide_plan(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    const struct dt_space *space = dt_net_space(p->net);
    double middle = 0;
    int k = seen->shape.d[1];

    ck_assert_int_eq(choice, -1);
    ck_assert_int_eq(run->n, seen->shape.d[0]);
    for (int r = 0; r < run->n; r++)
        middle += (double)seen->data[r * k] / run->n;
    for (int r = 0; r < run->n; r++)
        for (int i = 0; i < space->n; i++)
            if (space->choice[i].kind == DT_KEEP)
                run->arch.value[r * space->n + i] = ((double)seen->data[r * k] > middle) ^ (i % 2);
}

START_TEST(a_plan_is_made_before_the_net)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(2, &err);
    struct dt_model_cfg cfg = { .arch = "resnet14", .classes = TOY_CLASSES, .width = 4, .dynamic = true };
    struct dt_policy policy = { .net = net, .look = look_plan, .decide = decide_plan };
    struct bench b;
    int value[BENCH_N * 6], kept = 0;
    dt_real logits[3][BENCH_N * TOY_CLASSES];

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    dt_head_layer(net, dt_seq(net, NULL, "policy"), "head", 3, 2);
    ck_assert_int_eq(dt_net_finish(net, TOY_SIDE, TOY_SIDE, 3, &err), DT_OK);
    b = bench_open(net);
    for (int k = 0; k < 3; k++) { /* masked, skipping, and the plan forced */
        struct dt_run run = { .exec = k == 0 ? DT_MASK : DT_SKIP, .policy = k < 2 ? &policy : NULL };
        struct dt_tensor *y;

        if (k == 2)
            run.arch = (struct dt_arch){ BENCH_N, 6, value, NULL };
        y = bench_go(&b, &run);
        memcpy(logits[k], y->data, sizeof logits[k]);
        ck_assert_int_eq(run.arch.rows, BENCH_N);
        if (k == 0)
            memcpy(value, run.arch.value, sizeof value);
        if (k == 1)
            ck_assert_mem_eq(value, run.arch.value, sizeof value);
        ck_assert((run.seen != NULL) == (k < 2));
        dt_tape_reset(b.tape);
    }
    for (int i = 0; i < BENCH_N * 6; i++)
        kept += value[i];
    ck_assert(kept > 0 && kept < BENCH_N * 6);
    for (int i = 0; i < BENCH_N * TOY_CLASSES; i++) {
        ck_assert_double_eq_tol((double)logits[0][i], (double)logits[1][i], 1e-5);
        ck_assert_double_eq_tol((double)logits[1][i], (double)logits[2][i], 1e-6);
    }
    bench_free(&b);
}
END_TEST

/* ---- decisions at an exit ---- */
static void decide_exit(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    if (choice < 0) { /* the plan: look at every exit but for the last sample */
        for (int r = 0; r < run->n; r++)
            for (int i = 0; i < run->arch.n; i++)
                run->arch.value[r * run->arch.n + i] = r + 1 < BENCH_N ? DT_LOOK : DT_PASS;
        return;
    }
    ck_assert_str_eq(p->name, "even");
    ck_assert_int_eq(run->n, BENCH_N - 1);
    ck_assert_int_eq(seen->shape.d[0], run->n);
    ck_assert_ptr_eq(seen, run->exit[run->n_exits - 1].logits);
    for (int i = 0; i < run->n; i++) {
        int row = run->row ? run->row[i] : i;

        ck_assert_int_eq(dt_run_value(run, choice, i), DT_LOOK);
        if (row % 2 == 0)
            run->arch.value[row * run->arch.n + choice] = DT_LEAVE;
    }
}

static struct dt_tensor *look_logits(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    (void)p;
    (void)run;
    return choice < 0 ? NULL : x;
}

START_TEST(samples_leave_at_an_exit)
{
    struct bench b = bench_open(two_layers(true));
    struct dt_policy policy = { .name = "even", .net = b.net, .look = look_logits, .decide = decide_exit };
    static const int stay[] = { 1, 3, 5 };

    for (int exec = DT_MASK; exec <= DT_SKIP; exec++) {
        struct dt_run run = { .exec = exec, .policy = &policy, .training = true };
        struct dt_tensor *y = bench_go(&b, &run);

        ck_assert_int_eq(run.n_exits, 1);
        ck_assert_int_eq(run.exit[0].n, BENCH_N - 1);
        ck_assert_int_eq(run.exit[0].logits->shape.d[0], BENCH_N - 1);
        ck_assert_int_eq(run.exit[0].features->shape.d[1], 4);
        ck_assert_int_eq(run.n, 3);
        ck_assert_int_eq(y->shape.d[0], 3);
        ck_assert_mem_eq(run.row, stay, sizeof stay);
        dt_tape_reset(b.tape);
    }
    bench_free(&b);
}
END_TEST

START_TEST(when_all_have_left_there_are_no_logits)
{
    struct bench b = bench_open(two_layers(true));
    int leave = DT_LEAVE;

    for (int exec = DT_MASK; exec <= DT_SKIP; exec++) {
        struct dt_run run = { .exec = exec, .arch = { 1, 1, &leave, NULL } };

        ck_assert_ptr_null(bench_go(&b, &run));
        ck_assert_int_eq(run.n, 0);
        ck_assert_int_eq(run.exit[0].n, BENCH_N);
        ck_assert_ptr_null(run.exit[0].row);
        dt_tape_reset(b.tape);
    }
    bench_free(&b);
}
END_TEST

START_TEST(nothing_runs_for_nobody)
{
    struct bench b = bench_open(two_layers(true));
    struct dt_run run = { .tape = b.tape };
    struct dt_module *head = dt_net_find(b.net, "net/exit");

    ck_assert_ptr_null(dt_forward(head, &run, NULL));
    ck_assert_ptr_null(dt_exit(&run, head, NULL));
    ck_assert_ptr_null(dt_keep(&run, head, NULL, NULL, DT_RELU));
    ck_assert_int_eq(dt_tape_n_nodes(b.tape), 0);
    bench_free(&b);
}
END_TEST

START_TEST(a_policy_may_look_within_the_net)
{
    struct bench b = bench_open(two_layers(false));
    struct dt_policy policy = { .net = b.net, .look = look_plan, .at = dt_net_find(b.net, "net/stem") };
    struct dt_run run = { .policy = &policy, .tape = b.tape };

    dt_net_forward(b.net, &run, dt_tape_leaf(b.tape, dt_shape4(BENCH_N, TOY_SIDE, TOY_SIDE, 3), b.x));
    dt_test_fails(dt_tape_err(b.tape), DT_ESHAPE, "net/policy/head/fc: linear: "); /* it sees the stem's 4 channels */
    bench_free(&b);
}
END_TEST

START_TEST(an_empty_arch_is_the_full_net)
{
    struct bench b = bench_open(toy_net(3, true, true));
    struct dt_run run = { .exec = DT_MASK };
    const struct dt_space *space = dt_net_space(b.net);
    struct dt_arch full = dt_arch_full(b.tape, space, 2);

    ck_assert_int_eq(full.rows, 2);
    ck_assert_int_eq(bench_go(&b, &run)->shape.d[0], BENCH_N);
    ck_assert_int_eq(run.n_exits, 0);
    for (int i = 0; i < space->n; i++) {
        ck_assert_int_eq(dt_run_value(&run, i, 0), full.value[i]);
        ck_assert_int_eq(full.value[space->n + i], space->choice[i].kind == DT_EXIT ? DT_PASS : space->choice[i].max);
    }
    bench_free(&b);
}
END_TEST

Suite *suite_run(void)
{
    Suite *s = suite_create("run");
    TCase *t = tcase_create("run");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_plan_is_made_before_the_net);
    tcase_add_test(t, samples_leave_at_an_exit);
    tcase_add_test(t, when_all_have_left_there_are_no_logits);
    tcase_add_test(t, nothing_runs_for_nobody);
    tcase_add_test(t, a_policy_may_look_within_the_net);
    tcase_add_test(t, an_empty_arch_is_the_full_net);
    suite_add_tcase(s, t);
    return s;
}
