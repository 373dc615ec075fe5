/* The networks: every cost and parameter count that publications and their code fix. */
#include "suites.h"
#include "toy.h"

#include <math.h>

struct count {
    const char *arch;
    int shortcut;
    int64_t classes, macs, params; /* params 0: not fixed */
    bool dynamic;                  /* choices cost nothing */
};

static const struct count counts[] = {
    { "resnet8", DT_SHORTCUT_A, 10, 12239488, 75290, false },
    { "resnet20", DT_SHORTCUT_A, 10, 40551040, 269722, false },
    { "resnet32", DT_SHORTCUT_A, 10, 68862592, 464154, false },
    { "resnet38", DT_SHORTCUT_A, 10, 83018368, 561370, false },
    { "resnet44", DT_SHORTCUT_A, 10, 97174144, 658586, false },
    { "resnet56", DT_SHORTCUT_A, 10, 125485696, 853018, false },
    { "resnet74", DT_SHORTCUT_A, 10, 167953024, 1144666, false },
    { "resnet110", DT_SHORTCUT_A, 10, 252887680, 1727962, false },
    { "resnet8", DT_SHORTCUT_B, 10, 12501632, 78042, false },
    { "resnet20", DT_SHORTCUT_B, 10, 40813184, 272474, false },
    { "resnet32", DT_SHORTCUT_B, 10, 69124736, 466906, false },
    { "resnet38", DT_SHORTCUT_B, 10, 83280512, 564122, false },
    { "resnet44", DT_SHORTCUT_B, 10, 97436288, 661338, false },
    { "resnet56", DT_SHORTCUT_B, 10, 125747840, 855770, false },
    { "resnet74", DT_SHORTCUT_B, 10, 168215168, 1147418, false },
    { "resnet110", DT_SHORTCUT_B, 10, 253149824, 1730714, false },
    { "resnet8", DT_SHORTCUT_A, 100, 12239488 + 5760, 75290 + 5850, false },
    { "resnet110", DT_SHORTCUT_B, 100, 253149824 + 5760, 1730714 + 5850, false },
    { "resnext29", DT_SHORTCUT_A, 10, 171362816, 1106650, false },
    { "resnext29", DT_SHORTCUT_A, 100, 171362816 + 256 * 90, 1106650 + 257 * 90, false },
    { "vgg16bn", DT_SHORTCUT_A, 10, 313201664, 0, false },
    { "vgg16bn", DT_SHORTCUT_A, 100, 313201664 + 512 * 90, 0, false },
    { "mobilenetv2", DT_SHORTCUT_A, 10, 91154944, 0, false },
    { "mobilenetv2", DT_SHORTCUT_A, 100, 91154944 + 1280 * 90, 0, false },
    { "resnet20", DT_SHORTCUT_B, 10, 40813184, 272474, true },
    { "resnext29", DT_SHORTCUT_A, 10, 171362816, 1106650, true },
    { "mobilenetv2", DT_SHORTCUT_A, 10, 91154944, 0, true },
    { "mcifarnet", DT_SHORTCUT_A, 10, 174301824, 0, false },
    { "mcifarnet", DT_SHORTCUT_A, 100, 174301824 + 192 * 90, 0, false },
};

/* ImageNet's, at 224x224: parameters as torchvision states them, MACs layer by layer from the publications' tables. */
static const struct count large[] = {
    { "alexnet", 0, 1000, 714188480, 61100840, false },
    { "googlenet", 0, 1000, 1498376192, 6624904, false },
    { "resnet50", 0, 1000, 4089184256, 25557032, false },
    { "resnet50", 0, 1000, 4089184256, 25557032, true },
};

static struct dt_model_cfg defaults(void)
{
    struct dt_err err = { 0 };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_model_cfg cfg;

    ck_assert(dt_opt_defaults(dt_model_opts, &cfg, arena, &err));
    ck_assert_str_eq(cfg.arch, "resnet20");
    cfg.arch = "resnet20"; /* the other one goes with the arena */
    dt_arena_free(arena);
    return cfg;
}

static struct dt_net *model(const struct dt_model_cfg *cfg, int side)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(7, &err);

    ck_assert_int_eq(dt_model_build(net, cfg, 3, &err), DT_OK);
    (void)(dt_net_finish(net, side, side, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

static bool sum(void *ctx, struct dt_param *p)
{
    *(int64_t *)ctx += p->buffer ? 0 : dt_numel(&p->tensor.shape);
    return true;
}

static void check_count(const struct count *c, int side)
{
    struct dt_model_cfg cfg = defaults();
    struct dt_err err = { 0 };
    struct dt_net *net;
    struct dt_cost cost;
    int64_t params = 0;

    cfg.arch = c->arch;
    cfg.shortcut = c->shortcut;
    cfg.classes = c->classes;
    cfg.dynamic = c->dynamic;
    net = model(&cfg, side);
    ck_assert((dt_net_space(net)->n > 0) == c->dynamic);
    ck_assert_int_eq(dt_cost(net, NULL, NULL, &cost, &err), DT_OK);
    ck_assert_int_eq(cost.macs, c->macs);
    if (c->params)
        ck_assert_int_eq(cost.params, c->params);
    dt_net_walk(net, &(struct dt_visitor){ .ctx = &params, .param = sum });
    ck_assert_int_eq(cost.params, params);
    dt_net_free(net);
}

START_TEST(costs_are_exact)
{
    check_count(&counts[_i], 32);
}
END_TEST

START_TEST(imagenet_costs_are_exact)
{
    check_count(&large[_i], 224);
}
END_TEST

/* Loss of two images of noise, in training; the numbers of the net decide, nothing else. */
static double loss_of(struct dt_net *net, struct dt_tape *tape, const dt_real *x, int side, bool backward)
{
    static const int label[2] = { 3, 1 };
    struct dt_run run = { .tape = tape, .training = true, .freeze_stats = true, .rng = dt_rng_at(1, 2, 3, 4) };
    struct dt_tensor *logits, *loss;

    dt_tape_reset(tape);
    logits = dt_net_forward(net, &run, dt_tape_leaf(tape, dt_shape4(2, side, side, 3), x));
    loss = dt_mean(tape, dt_cross_entropy(tape, logits, label, NULL, NULL, 0));
    dt_test_ok(dt_tape_err(tape));
    if (backward)
        ck_assert_int_eq(dt_backward(tape, loss), DT_OK);
    return (double)loss->data[0];
}

/* The slope along the gradient, by differences, is the gradient's length. */
START_TEST(gradients_agree_with_differences)
{
    static const char *const names[] = { "googlenet", "resnet50" };
    enum { SIDE = 40 };
    static dt_real x[2 * SIDE * SIDE * 3];
    struct dt_model_cfg cfg = defaults();
    struct dt_err err = { 0 };
    struct dt_engine *e = toy_engine();
    struct dt_tape *tape = dt_tape_new(e, &err);
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 0, 0);
    double square = 0, h = 1e-9, loss[2];
    struct dt_net *net;

    cfg.arch = names[_i];
    cfg.classes = 5;
    net = model(&cfg, SIDE);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    dt_net_zero_grad(net);
    loss_of(net, tape, x, SIDE, true);
    for (size_t i = 0; i < dt_net_size(net); i++)
        square += (double)dt_net_g(net)[i] * (double)dt_net_g(net)[i];
    for (int end = 0; end < 2; end++) { /* a step up, then two down */
        double by = (end ? -2 : 1) * h / sqrt(square);

        for (size_t i = 0; i < dt_net_size(net); i++)
            dt_net_x(net)[i] += (dt_real)(by * (double)dt_net_g(net)[i]);
        dt_net_touch(net);
        loss[end] = loss_of(net, tape, x, SIDE, false);
    }
    ck_assert_double_gt(square, 1e-6);
    ck_assert_double_eq_tol((loss[0] - loss[1]) / (2 * h) / sqrt(square), 1, 1e-3);
    dt_net_free(net);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

static bool sum_convs(void *ctx, struct dt_param *p)
{
    *(int64_t *)ctx += p->decay ? dt_numel(&p->tensor.shape) : 0;
    return true;
}

START_TEST(mcifarnet_has_the_published_weights)
{
    struct dt_model_cfg cfg = defaults();
    struct dt_net *net;
    int64_t n = 0;

    cfg.arch = "mcifarnet";
    cfg.classes = 10;
    net = model(&cfg, 32);
    dt_net_walk(net, &(struct dt_visitor){ .ctx = &n, .param = sum_convs });
    ck_assert_int_eq(n, 1293888);
    dt_net_free(net);
}
END_TEST

START_TEST(names_build_and_others_are_refused)
{
    struct dt_model_cfg cfg = defaults();
    struct dt_err err = { 0 };
    struct dt_net *net;

    cfg.classes = 10;
    for (const char *const *name = dt_model_names(); *name; name++) {
        cfg.arch = *name;
        net = dt_net_new(1, &err);
        ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
        dt_net_free(net);
    }
    net = dt_net_new(1, &err);
    cfg.arch = "resnet21";
    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_ECONFIG);
    dt_test_fails(&err, DT_ECONFIG, "unknown network 'resnet21'; did you mean 'resnet20'?");
    err = (struct dt_err){ 0 };
    cfg.arch = "vgg16bn";
    cfg.dynamic = true;
    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_ECONFIG);
    dt_test_fails(&err, DT_ECONFIG, "model.dynamic");
    err = (struct dt_err){ 0 };
    cfg.dynamic = false;
    cfg.classes = 0;
    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_ECONFIG);
    dt_test_fails(&err, DT_ECONFIG, "at least one class");
    dt_net_free(net);
}
END_TEST

START_TEST(an_image_too_small_is_refused_by_path)
{
    struct dt_model_cfg cfg = defaults();
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);

    cfg.arch = "vgg16bn";
    cfg.classes = 10;
    ck_assert_int_eq(dt_model_build(net, &cfg, 1, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, 28, 28, 1, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, "net/stage5/pool: max_pool: ");
    dt_net_free(net);
}
END_TEST

Suite *suite_models(void)
{
    Suite *s = suite_create("models");
    TCase *t = tcase_create("models");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, costs_are_exact, 0, (int)(sizeof counts / sizeof counts[0]));
    if (sizeof(dt_real) == 8)
        tcase_add_loop_test(t, gradients_agree_with_differences, 0, 2);
    if (sizeof(dt_real) == 4) /* in double precision they would take a gigabyte, and tell nothing more */
        tcase_add_loop_test(t, imagenet_costs_are_exact, 0, (int)(sizeof large / sizeof large[0]));
    tcase_add_test(t, mcifarnet_has_the_published_weights);
    tcase_add_test(t, names_build_and_others_are_refused);
    tcase_add_test(t, an_image_too_small_is_refused_by_path);
    suite_add_tcase(s, t);
    return s;
}
