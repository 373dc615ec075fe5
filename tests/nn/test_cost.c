/* The cost of a row against sums made by hand. */
#include "suites.h"
#include "toy.h"

static struct dt_cost cost_of(struct dt_net *net, struct dt_policy *policy, const int *row)
{
    struct dt_err err = { 0 };
    struct dt_cost c;

    (void)(dt_cost(net, policy, row, &c, &err) == DT_OK);
    dt_test_ok(&err);
    return c;
}

static void full_row(struct dt_net *net, int *row)
{
    const struct dt_space *space = dt_net_space(net);

    for (int i = 0; i < space->n; i++)
        row[i] = space->choice[i].kind == DT_EXIT ? DT_PASS : space->choice[i].max;
}

static struct dt_net *model(const char *arch)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_model_cfg cfg = {
        .arch = arch, .classes = 10, .width = 16, .cardinality = 4, .path_width = 16, .dynamic = true
    };

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    (void)(dt_net_finish(net, 32, 32, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

START_TEST(a_block_left_out_costs_nothing)
{
    struct dt_net *net = model("resnet20");
    int row[9];
    struct dt_cost all, some;

    ck_assert_int_eq(dt_net_space(net)->n, 9);
    full_row(net, row);
    all = cost_of(net, NULL, NULL);
    ck_assert_int_eq(cost_of(net, NULL, row).macs, all.macs);
    row[0] = 0; /* 16 channels at 32x32 */
    some = cost_of(net, NULL, row);
    ck_assert_int_eq(all.macs - some.macs, 2 * 1024 * 9 * 16 * 16);
    ck_assert_int_eq(all.params - some.params, 2 * (9 * 16 * 16 + 2 * 16));
    row[3] = 0; /* from 16 to 32 channels, stride 2 */
    ck_assert_int_eq(some.macs - cost_of(net, NULL, row).macs, 256 * 9 * (16 * 32 + 32 * 32));
    for (int i = 0; i < 9; i++)
        row[i] = 0;
    ck_assert_int_eq(cost_of(net, NULL, row).macs, 1024 * 9 * 3 * 16 + 640);
    dt_net_free(net);
}
END_TEST

START_TEST(the_paths_of_resnext29_cost_what_is_published)
{
    static const int64_t path[9] = { 3670016, 4456448, 4456448, 5505024, 4456448, 4456448, 5505024, 4456448, 4456448 };
    struct dt_net *net = model("resnext29");
    int row[36];
    int64_t all = cost_of(net, NULL, NULL).macs;

    ck_assert_int_eq(dt_net_space(net)->n, 36);
    for (int i = 0; i < 36; i++) {
        full_row(net, row);
        row[i] = 0;
        ck_assert_int_eq(all - cost_of(net, NULL, row).macs, path[i / 4]);
    }
    for (int i = 0; i < 36; i++)
        row[i] = 0;
    ck_assert_int_eq(cost_of(net, NULL, row).macs, 5687808);
    dt_net_free(net);
}
END_TEST

/* a: 3 -> 8, width; d: depthwise, tied; exit: 8 -> 2; b: 8 -> 6, width; head: 6 -> 4. 8x8 pixels. */
static struct dt_net *widths(void)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_module *root = dt_seq(net, NULL, "net"), *a, *d;
    struct dt_conv_norm_cfg cfg = { .out = 8, .kernel = 3, .pad = -1, .relu = true, .width = true };

    a = dt_conv_norm(net, root, "a", 3, &cfg);
    cfg.groups = -1;
    d = dt_conv_norm(net, root, "d", 8, &cfg);
    dt_choice_tie(d, a, DT_WIDTH);
    dt_choice_new(dt_head_layer(net, root, "exit", 8, 2), DT_EXIT, DT_LEAVE);
    cfg.groups = 0;
    cfg.out = 6;
    dt_conv_norm(net, root, "b", 8, &cfg);
    dt_head_layer(net, root, "head", 6, 4);
    (void)(dt_net_finish(net, 8, 8, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

START_TEST(widths_multiply_and_exits_are_lazy)
{
    struct dt_net *net = widths();
    int row[4];

    for (int a = 1; a <= 8; a++)
        for (int b = 1; b <= 6; b++) {
            row[0] = row[1] = a;
            row[2] = DT_PASS;
            row[3] = b;
            ck_assert_int_eq(cost_of(net, NULL, row).macs, 64 * 9 * (3 * a + a + a * b) + 4 * b);
            row[2] = DT_LOOK;
            ck_assert_int_eq(cost_of(net, NULL, row).macs, 64 * 9 * (3 * a + a + a * b) + 4 * b + 2 * a);
            row[2] = DT_LEAVE;
            ck_assert_int_eq(cost_of(net, NULL, row).macs, 64 * 9 * (3 * a + a) + 2 * a);
        }
    dt_net_free(net);
}
END_TEST

START_TEST(activations_peak_where_they_should)
{
    struct dt_net *net = widths();
    int row[4] = { 8, 8, DT_PASS, 6 };

    /* two tensors of 8 channels, one read and one written */
    ck_assert_int_eq(cost_of(net, NULL, row).act_bytes, 4 * 64 * (8 + 8));
    ck_assert_int_eq(cost_of(net, NULL, NULL).act_bytes, 4 * 64 * (8 + 8));
    dt_net_free(net);
}
END_TEST

START_TEST(doing_less_never_costs_more)
{
    for (uint32_t seed = 0; seed < 12; seed++) {
        struct dt_net *net = toy_net(seed, true, true);
        const struct dt_space *space = dt_net_space(net);
        struct dt_rng rng = dt_rng_at(seed, DT_STREAM_TEST, 2, 0);
        int row[64], least[64] = { 0 };
        int64_t floor;

        full_row(net, row);
        ck_assert_int_eq(cost_of(net, NULL, row).macs, cost_of(net, NULL, NULL).macs);
        floor = cost_of(net, NULL, least).macs;
        for (int k = 0; k < 20; k++) {
            int i = toy_rand(&rng, space->n);
            int64_t before = cost_of(net, NULL, row).macs, after;

            if (space->choice[i].kind != DT_EXIT && row[i] > 0)
                row[i]--;
            after = cost_of(net, NULL, row).macs;
            ck_assert_int_le(after, before);
            ck_assert_int_ge(after, floor);
        }
        dt_net_free(net);
    }
}
END_TEST

/* ---- with a policy ---- */
static struct dt_tensor *look(struct dt_policy *p, struct dt_run *run, int choice, struct dt_tensor *x)
{
    return choice < 0 ? dt_forward(dt_net_policy(p->net), run, x) : x;
}

static int decided;

static void decide(struct dt_policy *p, struct dt_run *run, int choice, const struct dt_tensor *seen)
{
    (void)p;
    (void)run;
    (void)choice;
    (void)seen;
    decided++;
}

START_TEST(a_look_is_counted_and_a_decision_is_not_made)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_model_cfg cfg = { .arch = "resnet8", .classes = 10, .width = 16, .dynamic = true };
    struct dt_module *agent = dt_seq(net, NULL, "policy");
    struct dt_policy policy = { .name = "toy", .net = net, .look = look, .decide = decide };
    struct dt_tape *dry = dt_tape_new_dry(&err);
    int row[3] = { 1, 0, 1 };

    dt_conv_layer(net, agent, "conv", 3, 2, 3, 2, 1, 1, true);
    dt_head_layer(net, agent, "head", 2, 3);
    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, 32, 32, 3, &err), DT_OK);
    ck_assert_int_eq(cost_of(net, &policy, row).macs - cost_of(net, NULL, row).macs, 256 * 9 * 3 * 2 + 6);
    ck_assert_int_eq(cost_of(net, &policy, row).params - cost_of(net, NULL, row).params, 9 * 6 + 2 + 6 + 3);
    ck_assert_int_eq(decided, 0);
    ck_assert_int_eq(dt_trace(net, &policy, row, dry, &err), DT_OK);
    ck_assert_str_eq(dt_tape_node_stat(dry, 0).scope, "policy/conv");
    ck_assert_str_eq(dt_tape_node_stat(dry, dt_tape_n_nodes(dry) - 1).scope, "net/head/fc");
    policy.at = dt_net_find(net, "net/stem"); /* 16 channels there: the agent does not fit */
    ck_assert_int_eq(dt_trace(net, &policy, row, dry, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, "net/policy/conv: conv2d: ");
    dt_tape_free(dry);
    dt_net_free(net);
}
END_TEST

START_TEST(a_value_out_of_range_is_named)
{
    struct dt_net *net = widths();
    struct dt_err err = { 0 };
    struct dt_cost c;
    int row[4] = { 9, 8, DT_PASS, 6 };

    ck_assert_int_eq(dt_cost(net, NULL, row, &c, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, "net/a: choice 9 is outside 0..8");
    dt_net_free(net);
}
END_TEST

Suite *suite_cost(void)
{
    Suite *s = suite_create("cost");
    TCase *t = tcase_create("cost");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_block_left_out_costs_nothing);
    tcase_add_test(t, the_paths_of_resnext29_cost_what_is_published);
    tcase_add_test(t, widths_multiply_and_exits_are_lazy);
    tcase_add_test(t, activations_peak_where_they_should);
    tcase_add_test(t, doing_less_never_costs_more);
    tcase_add_test(t, a_look_is_counted_and_a_decision_is_not_made);
    tcase_add_test(t, a_value_out_of_range_is_named);
    suite_add_tcase(s, t);
    return s;
}
