/* The tree: names, the walk, freezing, and building that has gone wrong. */
#include "suites.h"

#include <string.h>

static struct dt_net *new_net(void)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(3, &err);

    dt_test_ok(&err);
    return net;
}

/* net: stem (conv, norm), head (fc); policy: fc. */
static struct dt_net *small(void)
{
    struct dt_net *net = new_net();
    struct dt_module *policy = dt_seq(net, NULL, "policy"), *root = dt_seq(net, NULL, "net");

    dt_linear_layer(net, policy, "fc", 4, 2);
    dt_conv_norm(net, root, "stem", 3, &(struct dt_conv_norm_cfg){ .out = 4, .kernel = 3, .pad = -1 });
    dt_head_layer(net, root, "head", 4, 2);
    return net;
}

struct text {
    char s[1024];
    int stop; /* after so many */
};

static bool put_module(void *ctx, struct dt_module *m, int depth)
{
    struct text *t = ctx;
    size_t n = strlen(t->s);

    snprintf(t->s + n, sizeof t->s - n, "%d:%s ", depth, m->path);
    return --t->stop != 0;
}

static bool put_param(void *ctx, struct dt_param *p)
{
    struct text *t = ctx;
    size_t n = strlen(t->s);

    snprintf(t->s + n, sizeof t->s - n, "%s%s ", p->buffer ? "*" : "", p->path);
    return true;
}

START_TEST(the_walk_names_everything_in_order)
{
    struct dt_net *net = small();
    struct text modules = { .stop = -1 }, params = { .stop = -1 }, both = { .stop = -1 }, cut = { .stop = 2 };

    ck_assert(dt_net_walk(net, &(struct dt_visitor){ .ctx = &modules, .module = put_module }));
    ck_assert_str_eq(modules.s, "0:net 1:net/stem 2:net/stem/conv 2:net/stem/norm 1:net/head 2:net/head/fc 0:policy "
                                "1:policy/fc ");
    ck_assert(dt_net_walk(net, &(struct dt_visitor){ .ctx = &params, .param = put_param }));
    ck_assert_str_eq(params.s, "net/stem/conv/weight net/stem/norm/gamma net/stem/norm/beta *net/stem/norm/mean "
                               "*net/stem/norm/var net/head/fc/weight net/head/fc/bias policy/fc/weight "
                               "policy/fc/bias ");
    ck_assert(dt_module_walk(dt_net_policy(net), &(struct dt_visitor){ &both, put_module, put_param }));
    ck_assert_str_eq(both.s, "0:policy 1:policy/fc policy/fc/weight policy/fc/bias ");
    ck_assert(!dt_net_walk(net, &(struct dt_visitor){ .ctx = &cut, .module = put_module }));
    ck_assert_str_eq(cut.s, "0:net 1:net/stem ");
    dt_net_free(net);
}
END_TEST

START_TEST(modules_are_found_by_path)
{
    struct dt_net *net = small();

    ck_assert_str_eq(dt_net_find(net, "net/stem/conv")->name, "conv");
    ck_assert_ptr_eq(dt_net_find(net, "policy"), dt_net_policy(net));
    ck_assert_ptr_eq(dt_net_find(net, "net"), dt_net_root(net));
    ck_assert_ptr_null(dt_net_find(net, "net/stem/con"));
    ck_assert_ptr_null(dt_net_find(net, ""));
    dt_net_free(net);
}
END_TEST

static bool count_wanted(void *ctx, struct dt_param *p)
{
    *(int *)ctx += p->tensor.wants_grad;
    return true;
}

static int wanted(struct dt_net *net)
{
    int n = 0;

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &n, .param = count_wanted });
    return n;
}

START_TEST(freezing_takes_a_subtree)
{
    struct dt_net *net = small();

    ck_assert_int_eq(wanted(net), 7);
    dt_module_freeze(dt_net_find(net, "net/stem"), true);
    ck_assert_int_eq(wanted(net), 4);
    ck_assert(dt_net_find(net, "net/stem/norm")->frozen);
    ck_assert(!dt_net_find(net, "net/head")->frozen);
    dt_module_freeze(dt_net_root(net), true);
    ck_assert_int_eq(wanted(net), 2);
    dt_module_freeze(dt_net_root(net), false);
    ck_assert_int_eq(wanted(net), 7);
    dt_net_free(net);
}
END_TEST

START_TEST(decay_is_for_weights_alone)
{
    struct dt_net *net = small();

    for (struct dt_param *p = dt_net_find(net, "net/stem/norm")->param; p; p = p->next)
        ck_assert(!p->decay);
    ck_assert(dt_net_find(net, "net/stem/conv")->param->decay);
    ck_assert(dt_net_find(net, "net/head/fc")->param->decay);
    ck_assert(!dt_net_find(net, "net/head/fc")->param->next->decay);
    dt_net_free(net);
}
END_TEST

/* Everything can go on being called; the first failure is the one that is told. */
static void go_on_building(struct dt_net *net, struct dt_module *m)
{
    struct dt_module *c = dt_conv_norm(net, m, "more", 3, &(struct dt_conv_norm_cfg){ .out = 4, .kernel = 3 });

    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_nonnull(dt_param_new(c, "weight", dt_shape1(2), DT_INIT_ONE, 0, false));
    ck_assert_ptr_nonnull(dt_buffer_new(c, "weight", dt_shape1(2), 0));
    dt_choice_new(c, DT_KEEP, 1);
    dt_choice_tie(c, c, DT_KEEP);
    ck_assert_ptr_nonnull(dt_head_layer(net, c, "more", 4, 2));
    ck_assert_ptr_nonnull(dt_dropout_layer(net, c, "drop", 0.5));
    ck_assert_ptr_nonnull(dt_max_pool_layer(net, c, "pool", 2, 2, 0));
}

static void fails_with(struct dt_net *net, const char *text)
{
    struct dt_err err = { 0 };

    dt_test_fails(dt_net_err(net), DT_ESHAPE, text);
    go_on_building(net, dt_seq(net, NULL, "net"));
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, text);
    dt_net_free(net);
}

START_TEST(a_failed_net_is_harmless)
{
    struct dt_net *net = small();

    dt_linear_layer(net, dt_net_root(net), "stem", 1, 1);
    fails_with(net, "net/stem: two modules have this name");
    net = small();
    dt_seq(net, NULL, "net");
    fails_with(net, "net: two modules have this name");
    net = small();
    dt_linear_layer(net, dt_net_root(net), "fc", 4, 0);
    fails_with(net, "net/fc/weight: a parameter cannot have the shape [0,4]");
    net = small();
    dt_conv_layer(net, dt_net_root(net), "conv", 6, 8, 3, 1, 1, 4, false);
    fails_with(net, "net/conv: no convolution from 6 to 8 channels in 4 groups");
    net = small();
    dt_conv_layer(net, dt_net_root(net), "conv", 0, 8, 3, 1, 1, -1, false);
    fails_with(net, "net/conv: no convolution from 0 to 8 channels");
    net = small();
    dt_conv_norm(net, dt_net_root(net), "conv", 4,
                 &(struct dt_conv_norm_cfg){ .out = 8, .kernel = 3, .groups = 2, .width = true });
    fails_with(net, "net/conv: a width needs a convolution in one group");
    net = new_net();
    dt_seq(net, NULL, "policy");
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &(struct dt_err){ 0 }), DT_ESHAPE);
    dt_test_fails(dt_net_err(net), DT_ESHAPE, "no tree \"net\"");
    dt_net_free(net);
}
END_TEST

Suite *suite_module(void)
{
    Suite *s = suite_create("module");
    TCase *t = tcase_create("module");

    tcase_add_test(t, the_walk_names_everything_in_order);
    tcase_add_test(t, modules_are_found_by_path);
    tcase_add_test(t, freezing_takes_a_subtree);
    tcase_add_test(t, decay_is_for_weights_alone);
    tcase_add_test(t, a_failed_net_is_harmless);
    suite_add_tcase(s, t);
    return s;
}
