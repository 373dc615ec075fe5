/* Masked and skipping execution are the same mathematics: equal logits, exits, parameter gradients and running
 * statistics on random nets under random archs. */
#include "suites.h"
#include "toy.h"

enum { NETS = 60, ARCHS = 5 };

/* f32: what is compared is a sum of thousands of rounded products; the twin shows that nothing else differs. */
static double tolerance(void)
{
    return sizeof(dt_real) == sizeof(double) ? 1e-10 : 1e-5;
}

struct seen { /* what the random archs have covered */
    int keep[TOY_MAX_BATCH + 1], leave_all, look, narrow, uneven, one_row;
};

/* A column: nobody, one, two, everybody, or each as it comes; widths often equal. */
static void fill_column(struct dt_rng *rng, const struct dt_choice *c, int column, struct dt_arch *a)
{
    int how = toy_rand(rng, 6), same = toy_rand(rng, c->max + 1);

    for (int r = 0; r < a->rows; r++)
        a->value[r * a->n + column] = how < 3 && c->kind != DT_EXIT ? same : toy_rand(rng, c->max + 1);
    if (c->kind == DT_KEEP && how >= 3 && how < 5) {
        for (int r = 0; r < a->rows; r++)
            a->value[r * a->n + column] = 0;
        for (int k = 0; k < how - 2; k++)
            a->value[toy_rand(rng, a->rows) * a->n + column] = 1;
    }
}

static struct dt_arch random_arch(struct dt_rng *rng, const struct dt_space *space, int rows, int *value)
{
    struct dt_arch a = { rows, space->n, value, NULL };

    for (int i = 0; i < space->n; i++)
        fill_column(rng, &space->choice[i], i, &a);
    for (int i = 0; i < space->n; i++)
        for (int r = 0; r < rows && space->choice[i].tie >= 0; r++)
            value[r * a.n + i] = value[r * a.n + space->choice[i].tie];
    return a;
}

static void note(struct seen *s, const struct dt_space *space, const struct dt_arch *a, const struct toy_out *o)
{
    for (int i = 0; i < space->n; i++) {
        int sum = 0, even = 1;

        for (int r = 0; r < a->rows; r++) {
            sum += a->value[r * a->n + i];
            even = even && a->value[r * a->n + i] == a->value[i];
        }
        if (space->choice[i].kind == DT_KEEP && a->rows > 2)
            s->keep[sum]++;
        if (space->choice[i].kind == DT_WIDTH)
            *(even ? &s->narrow : &s->uneven) += a->value[i] < space->choice[i].max;
    }
    s->leave_all += o->n == 0;
    s->look += o->n_exits > 0 && o->n > 0;
    s->one_row += a->rows == 1;
}

static void compare(struct dt_net *net, struct dt_tape *tape, struct dt_rng *rng, uint32_t id, double limit,
                    struct seen *seen)
{
    const struct dt_space *space = dt_net_space(net);
    int n = 1 + toy_rand(rng, TOY_MAX_BATCH), value[TOY_MAX_BATCH * 64];
    dt_real x[TOY_MAX_BATCH * TOY_SIDE * TOY_SIDE * 3];
    struct dt_run run = { .training = toy_rand(rng, 3) > 0 };
    struct toy_out masked, skipped;
    const char *what;
    double d;

    ck_assert_int_le(space->n, 64);
    for (int i = 0; i < n * TOY_SIDE * TOY_SIDE * 3; i++)
        x[i] = (dt_real)dt_rng_normal(rng);
    run.arch = random_arch(rng, space, toy_rand(rng, 6) ? n : 1, value);
    run.exec = DT_MASK;
    toy_step(net, tape, run, x, n, &masked);
    dt_tape_reset(tape);
    run.exec = DT_SKIP;
    toy_step(net, tape, run, x, n, &skipped);
    dt_tape_reset(tape);
    d = toy_distance(&masked, &skipped, &what);
    ck_assert_msg(d < limit, "net %u: masked and skipping execution differ by %g in %s (batch %d, %s)", id, d, what, n,
                  run.training ? "training" : "inference");
    note(seen, space, &run.arch, &skipped);
    toy_out_free(&masked);
    toy_out_free(&skipped);
}

/* Values away from where a fresh net has them: a norm that is not the identity, statistics that are not 0 and 1. */
static bool shake(void *ctx, struct dt_param *p)
{
    for (int64_t i = 0, n = dt_numel(&p->tensor.shape); i < n && p->tensor.shape.rank == 1; i++)
        p->tensor.data[i] += (dt_real)(0.3 * dt_rng_uniform(ctx));
    return true;
}

static struct seen compare_nets(struct dt_engine *e, uint32_t n_nets)
{
    struct dt_err err = { 0 };
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct seen seen = { 0 };

    dt_test_ok(&err);
    for (uint32_t i = 0; i < n_nets; i++) {
        struct dt_net *net = toy_net(i, i % 4 != 0, i % 4 != 1);
        struct dt_rng rng = dt_rng_at(i, DT_STREAM_TEST, 1, 0);

        dt_net_walk(net, &(struct dt_visitor){ .ctx = &rng, .param = shake });
        dt_net_touch(net);
        for (int k = 0; k < ARCHS; k++)
            compare(net, tape, &rng, i, tolerance(), &seen);
        dt_net_free(net);
    }
    dt_tape_free(tape);
    dt_engine_free(e);
    return seen;
}

START_TEST(masked_and_skipping_execution_agree)
{
    struct seen seen = compare_nets(toy_engine(), NETS);

    for (int k = 0; k <= 3; k++)
        ck_assert_msg(seen.keep[k] > 10, "no random arch had %d samples keep a body", k);
    ck_assert_int_gt(seen.leave_all, 0);
    ck_assert_int_gt(seen.look, 10);
    ck_assert_int_gt(seen.narrow, 10);
    ck_assert_int_gt(seen.uneven, 10);
    ck_assert_int_gt(seen.one_row, 5);
}
END_TEST

/* The paths of a block: MASK runs them as one grouped network, SKIP one by one but where everybody takes all. */
START_TEST(paths_run_together_or_one_by_one)
{
    const struct dt_model_cfg cfg = {
        .arch = "resnext29", .classes = 5, .cardinality = 3, .path_width = 2, .dynamic = true
    };
    struct dt_err err = { 0 };
    struct dt_engine *e = toy_engine();
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct seen seen = { 0 };

    for (uint32_t i = 0; i < 3; i++) {
        struct dt_net *net = dt_net_new(i, &err);
        struct dt_rng rng = dt_rng_at(i, DT_STREAM_TEST, 2, 0);

        ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
        ck_assert_int_eq(dt_net_finish(net, TOY_SIDE, TOY_SIDE, 3, &err), DT_OK);
        dt_net_walk(net, &(struct dt_visitor){ .ctx = &rng, .param = shake });
        dt_net_touch(net);
        for (int k = 0; k < 2 * ARCHS; k++) /* 29 layers of norms over few numbers: f32 rounds away much of them */
            compare(net, tape, &rng, i, sizeof(dt_real) == sizeof(double) ? 1e-9 : 2e-2, &seen);
        dt_net_free(net);
    }
    ck_assert_int_gt(seen.keep[1] + seen.keep[2], 10);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

#ifndef DT_F64
START_TEST(they_agree_on_the_default_engine)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("auto", &err);

    dt_test_ok(&err);
    compare_nets(e, 3);
}
END_TEST
#endif

Suite *suite_same(void)
{
    Suite *s = suite_create("same");
    TCase *t = tcase_create("same");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, masked_and_skipping_execution_agree);
    tcase_add_test(t, paths_run_together_or_one_by_one);
#ifndef DT_F64
    tcase_add_test(t, they_agree_on_the_default_engine);
#endif
    suite_add_tcase(s, t);
    return s;
}
