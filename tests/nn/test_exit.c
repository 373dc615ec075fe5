/* Making nets with exits: heads put behind named modules, and several whole networks in one net, each an exit. */
#include "suites.h"
#include "toy.h"

#include <string.h>

static struct dt_net *resnet8(struct dt_err *err)
{
    struct dt_net *net = dt_net_new(1, err);
    struct dt_model_cfg cfg = { .arch = "resnet8", .classes = TOY_CLASSES, .width = 4 };

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, err), DT_OK);
    return net;
}

START_TEST(heads_go_behind_named_modules)
{
    struct dt_err err = { 0 };
    struct dt_net *net = resnet8(&err);
    struct dt_module *last = dt_exit_new(net, "net/stage2", "exit2", &err);
    struct dt_module *first = dt_exit_new(net, "net/stage1/block0", "exit1", &err);
    const struct dt_space *space;
    struct dt_cost full, early;
    int leave[2] = { DT_LEAVE, DT_PASS };

    dt_head_layer(net, last, "head", 8, TOY_CLASSES);
    dt_head_layer(net, first, "head", 4, TOY_CLASSES);
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_OK);
    ck_assert_ptr_eq(dt_net_find(net, "net/stage2")->next, last);
    ck_assert_str_eq(last->next->name, "stage3");
    ck_assert_str_eq(first->path, "net/stage1/exit1");
    space = dt_net_space(net);
    ck_assert_int_eq(space->n, 2); /* in the order in which they are met */
    ck_assert_str_eq(space->choice[0].path, "net/stage1/exit1");
    ck_assert_int_eq(dt_cost(net, NULL, NULL, &full, &err), DT_OK);
    ck_assert_int_eq(dt_cost(net, NULL, leave, &early, &err), DT_OK);
    /* stem, one block of two convolutions, the head: nothing behind it */
    ck_assert_int_eq((int)early.macs, 64 * 9 * 3 * 4 + 2 * 64 * 9 * 4 * 4 + 4 * TOY_CLASSES);
    ck_assert_int_gt((int)full.macs, (int)early.macs);
    dt_net_free(net);
}
END_TEST

START_TEST(a_place_must_be_one_of_a_sequence)
{
    struct dt_err err = { 0 }, body = { 0 }, root = { 0 };
    struct dt_net *net = resnet8(&err);

    ck_assert_ptr_null(dt_exit_new(net, "net/stage9", "exit", &err));
    dt_test_fails(&err, DT_ECONFIG, "no module 'net/stage9'");
    ck_assert_ptr_null(dt_exit_new(net, "net/stage1/block0/body", "exit", &body)); /* a child of a residual */
    dt_test_fails(&body, DT_ECONFIG, "not one of a sequence");
    ck_assert_ptr_null(dt_exit_new(net, "net", "exit", &root));
    dt_test_fails(&root, DT_ECONFIG, "not one of a sequence");
    dt_net_free(net);
}
END_TEST

/* The small network answers for some, the large one for the others, both from the image. */
START_TEST(networks_are_exits_of_one_net)
{
    static const int width[2] = { 4, 8 };
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_module *root = dt_seq(net, NULL, "net"), *member;
    struct dt_cost cost[3];
    int row[1];

    for (int i = 0; i < 2; i++) {
        struct dt_model_cfg cfg = { .arch = "resnet8", .classes = TOY_CLASSES, .width = width[i] };

        member = dt_seq(net, root, i ? "large" : "small");
        ck_assert_int_eq(dt_model_build_in(net, member, &cfg, 3, &err), DT_OK);
        if (i == 0)
            dt_choice_new(member, DT_EXIT, DT_LEAVE);
    }
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_OK);
    for (row[0] = DT_PASS; row[0] <= DT_LEAVE; row[0]++)
        ck_assert_int_eq(dt_cost(net, NULL, row, &cost[row[0]], &err), DT_OK);
    ck_assert_int_eq((int)cost[DT_LOOK].macs, (int)(cost[DT_PASS].macs + cost[DT_LEAVE].macs));
    ck_assert_int_gt((int)cost[DT_PASS].macs, (int)cost[DT_LEAVE].macs);
    dt_net_free(net);
}
END_TEST

Suite *suite_exit(void)
{
    Suite *s = suite_create("exit");
    TCase *t = tcase_create("exit");

    tcase_add_test(t, heads_go_behind_named_modules);
    tcase_add_test(t, a_place_must_be_one_of_a_sequence);
    tcase_add_test(t, networks_are_exits_of_one_net);
    suite_add_tcase(s, t);
    return s;
}
