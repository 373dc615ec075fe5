/* The networks: every cost and parameter count that publications and their code fix. */
#include "suites.h"

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

static struct dt_net *model(const struct dt_model_cfg *cfg)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(7, &err);

    ck_assert_int_eq(dt_model_build(net, cfg, 3, &err), DT_OK);
    (void)(dt_net_finish(net, 32, 32, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

static bool sum(void *ctx, struct dt_param *p)
{
    *(int64_t *)ctx += p->buffer ? 0 : dt_numel(&p->tensor.shape);
    return true;
}

START_TEST(costs_are_exact)
{
    const struct count *c = &counts[_i];
    struct dt_model_cfg cfg = defaults();
    struct dt_err err = { 0 };
    struct dt_net *net;
    struct dt_cost cost;
    int64_t params = 0;

    cfg.arch = c->arch;
    cfg.shortcut = c->shortcut;
    cfg.classes = c->classes;
    cfg.dynamic = c->dynamic;
    net = model(&cfg);
    ck_assert((dt_net_space(net)->n > 0) == c->dynamic);
    ck_assert_int_eq(dt_cost(net, NULL, NULL, &cost, &err), DT_OK);
    ck_assert_int_eq(cost.macs, c->macs);
    if (c->params)
        ck_assert_int_eq(cost.params, c->params);
    dt_net_walk(net, &(struct dt_visitor){ .ctx = &params, .param = sum });
    ck_assert_int_eq(cost.params, params);
    dt_net_free(net);
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
    net = model(&cfg);
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
    tcase_add_test(t, mcifarnet_has_the_published_weights);
    tcase_add_test(t, names_build_and_others_are_refused);
    tcase_add_test(t, an_image_too_small_is_refused_by_path);
    suite_add_tcase(s, t);
    return s;
}
