/* A plan in bfloat16: as near to the tape in dt_real as roundings allow and no nearer, on both engines, under choices
 * too; every convolution really is in it; a fault far smaller than what it would spoil shows. */
#include "exec/plan.h"
#include "suites.h"
#include "toy.h"
#include "trial.h"

#include <math.h>
#include <string.h>

/* Of the largest logit: how far roundings may lead, how far they lead at least, and how far engines may differ, which
 * round the same numbers but sum them in other orders. */
static const double far = 0.02, least = 1e-4, between_engines = 1e-3;

static const struct dt_plan_cfg half = { .batch = 7, .precision = DT_BF16 };

static bool supported(const struct trial *t)
{
    return dt_engine_bf16(t->engine, false);
}

static const struct {
    const char *name;
    bool dynamic;
} models[] = { { "resnet8", true },  { "resnet20", true },    { "resnet56", false }, { "resnext29", true },
               { "vgg16bn", false }, { "mobilenetv2", true }, { "mcifarnet", false } };

enum { N_MODELS = sizeof models / sizeof *models };

START_TEST(near_the_tape)
{
    struct dt_net *net = trial_model(models[_i].name, models[_i].dynamic);
    struct trial t = trial_open("auto", net, strcmp(models[_i].name, "resnet8") ? 3 : 7, 1);
    struct dt_rng rng = dt_rng_at(7, DT_STREAM_TEST, 7, 0);
    double d = supported(&t) ? trial_compare(&t, &half, 2, &rng) : (far + least) / 2;

    ck_assert_msg(d < far && d > least, "%s: off by %g", models[_i].name, d);
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

START_TEST(toy_nets)
{
    static const char *const engines[] = { "ref", "auto" };
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 5, 0);

    for (uint32_t seed = 0; seed < 30; seed++) {
        struct dt_net *net = toy_net(seed, false, seed % 4 > 0);
        struct trial t = trial_open(engines[seed % 2], net, 1 + toy_rand(&rng, half.batch), seed);
        const struct dt_plan_cfg cfg = { .batch = t.n, .keep_norm = seed % 5 == 0, .precision = DT_BF16 };
        double d;

        trial_perturb(net, seed);
        d = supported(&t) ? trial_compare(&t, &cfg, 6, &rng) : 0;
        ck_assert_msg(d < far, "net %u, engine %s: off by %g", seed, dt_engine_name(t.engine), d);
        trial_close(&t);
        dt_net_free(net);
    }
}
END_TEST

static struct dt_plan *plan_of(struct trial *t, const struct dt_plan_cfg *cfg)
{
    struct dt_err err = { 0 };
    struct dt_plan *plan = dt_plan_new(t->net, NULL, t->engine, cfg, &err);

    dt_test_ok(&err);
    return plan;
}

static void go(struct dt_plan *plan, const struct trial *t, struct dt_plan_out *out)
{
    struct dt_err err = { 0 };

    ck_assert_int_eq(dt_plan_run(plan, NULL, t->x, t->n, out, &err), DT_OK);
}

static bool two_percent(void *ctx, struct dt_param *p)
{
    (void)ctx;
    for (int64_t i = 0; strstr(p->path, "stage2/block0/body/conv1/norm/gamma") && i < dt_numel(&p->tensor.shape); i++)
        p->tensor.data[i] *= (dt_real)1.02;
    return true;
}

/* Against each other the engines are held closer than against the tape: a norm of two percent too much is seen. */
START_TEST(engines_agree)
{
    struct dt_net *net = trial_model("resnet8", false);
    struct trial t[2] = { trial_open("ref", net, 7, 1), trial_open("auto", net, 7, 1) };
    struct dt_plan *plan[2];
    struct dt_plan_out out[2];
    struct dt_err err = { 0 };

    for (int i = 0; i < 2 && supported(&t[1]); i++) {
        plan[i] = plan_of(&t[i], &half);
        go(plan[i], &t[i], &out[i]);
    }
    if (supported(&t[1])) {
        ck_assert_double_lt(trial_distance(&out[0], out[1].logits, out[1].left), between_engines);
        dt_net_walk(net, &(struct dt_visitor){ .param = two_percent });
        ck_assert_int_eq(dt_plan_load(plan[0], &err), DT_OK);
        go(plan[0], &t[0], &out[0]);
        ck_assert_double_gt(trial_distance(&out[0], out[1].logits, out[1].left), 2 * between_engines);
        dt_plan_free(plan[0]);
        dt_plan_free(plan[1]);
    }
    trial_close(&t[0]);
    trial_close(&t[1]);
    dt_net_free(net);
}
END_TEST

/* Also those whose input is the image, or whose channels lie in groups. */
START_TEST(all_convolutions_are_in_it)
{
    struct dt_net *net = trial_model(models[_i].name, models[_i].dynamic);
    struct trial t = trial_open("auto", net, 1, 1);
    struct dt_plan *real = plan_of(&t, &(struct dt_plan_cfg){ 0 });
    struct dt_plan *plan = plan_of(&t, &(struct dt_plan_cfg){ .precision = DT_BF16 });
    int lanes;

    for (int i = 0; i < plan->n_steps && supported(&t); i++)
        if (plan->step[i].kind == DT_STEP_CONV)
            ck_assert_int_eq(plan->value[plan->step[i].out].dtype, DT_BF16);
    if (supported(&t))
        ck_assert_uint_lt(dt_plan_bytes(plan, &lanes), 8 * dt_plan_bytes(real, &lanes) / 10);
    dt_plan_free(plan);
    dt_plan_free(real);
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

START_TEST(same_bits_in_any_company)
{
    struct dt_net *net = trial_model("resnet8", false);
    struct trial t = trial_open("auto", net, half.batch, 1);
    struct dt_shape in = dt_net_input(net);
    int threads = dt_par_threads();
    struct dt_plan_out out, one;
    struct dt_err err = { 0 };
    struct dt_plan *plan, *other;

    if (supported(&t)) {
        plan = plan_of(&t, &half);
        go(plan, &t, &out);
        dt_par_set_threads(threads == 1 ? 3 : 1);
        other = plan_of(&t, &half);
        for (int i = 0; i < t.n; i++) {
            ck_assert_int_eq(dt_plan_run(other, NULL, t.x + i * dt_numel(&in), 1, &one, &err), DT_OK);
            ck_assert_mem_eq(out.logits + i * 10, one.logits, 10 * sizeof(dt_real));
        }
        dt_plan_free(plan);
        dt_plan_free(other);
        dt_par_set_threads(threads);
    }
    trial_close(&t);
    dt_net_free(net);
}
END_TEST

Suite *suite_half(void)
{
    Suite *s = suite_create("half");
    TCase *c = tcase_create("plan");

    tcase_add_loop_test(c, near_the_tape, 0, N_MODELS);
    tcase_add_test(c, toy_nets);
    tcase_add_test(c, engines_agree);
    tcase_add_loop_test(c, all_convolutions_are_in_it, 0, N_MODELS);
    tcase_add_test(c, same_bits_in_any_company);
    suite_add_tcase(s, c);
    return s;
}
