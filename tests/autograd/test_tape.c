/* The tape: failures and scopes, what wants gradients, the reverse sweep, and what it knows of costs. */
#include "case_run.h"
#include "suites.h"

#include <math.h>
#include <string.h>
#include <support.h>

static struct dt_engine *engine;
static struct dt_tape *tape;

static void open_tape(void)
{
    struct dt_err err = { 0 };

    engine = engine_open("ref");
    tape = dt_tape_new(engine, &err);
    ck_assert_ptr_nonnull(tape);
}

static void close_tape(void)
{
    dt_tape_free(tape);
    dt_engine_free(engine);
}

static const dt_real some[] = { 1, -2, 3, 4, -5, 6 };

static struct dt_tensor *wanting(struct dt_shape shape)
{
    struct dt_tensor *x = dt_tape_leaf(tape, shape, some);

    x->wants_grad = true;
    return x;
}

/* ---- failures ---- */

START_TEST(message_names_the_scope)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3));

    dt_tape_push(tape, "net");
    dt_tape_push(tape, "stem");
    dt_relu(tape, x);
    dt_tape_pop(tape);
    dt_tape_push(tape, "stage2");
    dt_tape_push(tape, "add");
    dt_mul(tape, x, wanting(dt_shape2(3, 2)));
    dt_test_fails(dt_tape_err(tape), DT_ESHAPE, "net/stage2/add: mul: ");
    ck_assert_ptr_eq(strstr(dt_tape_err(tape)->msg, "net/stage2/add: mul: "), dt_tape_err(tape)->msg);
}
END_TEST

START_TEST(message_without_a_scope)
{
    dt_tape_fail(tape, DT_ECONFIG, "no %s", "sense");
    ck_assert_int_eq(dt_tape_err(tape)->code, DT_ECONFIG);
    ck_assert_str_eq(dt_tape_err(tape)->msg, "no sense");
}
END_TEST

START_TEST(first_failure_wins)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *y = dt_sum(tape, x), *dummy;
    struct dt_err first;
    int nodes = dt_tape_n_nodes(tape);

    dummy = dt_slice(tape, x, 2, 2);
    first = *dt_tape_err(tape);
    ck_assert_int_eq(first.code, DT_ESHAPE);
    ck_assert_int_eq(dt_numel(&dummy->shape), 1);
    ck_assert(!dummy->wants_grad);
    ck_assert_ptr_eq(dt_relu(tape, x), dummy);
    ck_assert_ptr_eq(dt_mul(tape, dummy, x), dummy);
    ck_assert_ptr_eq(dt_tape_fail(tape, DT_ENOMEM, "later"), dummy);
    ck_assert_ptr_eq(dt_tape_leaf(tape, dt_shape1(2), some), dummy);
    ck_assert_ptr_null(dt_tape_alloc(tape, 8));
    dt_tape_push(tape, "later");
    dt_tape_pop(tape);
    dt_tape_pop(tape);
    ck_assert_int_eq(dt_backward(tape, y), DT_ESHAPE);
    ck_assert_ptr_null(x->grad);
    ck_assert_int_eq(dt_tape_n_nodes(tape), nodes);
    ck_assert_int_eq(memcmp(&first, dt_tape_err(tape), sizeof first), 0);
}
END_TEST

START_TEST(reset_clears)
{
    struct dt_tensor *y;

    dt_tape_push(tape, "old");
    dt_slice(tape, wanting(dt_shape2(2, 3)), 9, 1);
    dt_tape_no_grad(tape, true);
    dt_tape_reset(tape);
    ck_assert_int_eq(dt_tape_err(tape)->code, DT_OK);
    ck_assert_int_eq(dt_tape_n_nodes(tape), 0);
    y = dt_sum(tape, wanting(dt_shape2(2, 3)));
    ck_assert(y->wants_grad);
    ck_assert_str_eq(dt_tape_node_stat(tape, 0).scope, "");
    ck_assert_double_eq((double)y->data[0], 7);
}
END_TEST

START_TEST(scopes_have_an_end)
{
    for (int i = 0; i < 1000; i++)
        dt_tape_push(tape, "deeper");
    dt_test_fails(dt_tape_err(tape), DT_ESHAPE, "nested deeper");
}
END_TEST

START_TEST(backward_wants_a_loss)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *fixed = dt_tape_leaf(tape, dt_shape2(2, 3), some);

    ck_assert_int_eq(dt_backward(tape, dt_relu(tape, x)), DT_ESHAPE);
    dt_test_fails(dt_tape_err(tape), DT_ESHAPE, "[2,3]");
    dt_tape_reset(tape);
    fixed = dt_tape_leaf(tape, dt_shape2(2, 3), some);
    ck_assert_int_eq(dt_backward(tape, dt_sum(tape, fixed)), DT_ESHAPE);
}
END_TEST

/* ---- gradients ---- */

START_TEST(no_grad_records_without)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *y, *z;

    dt_tape_no_grad(tape, true);
    y = dt_sum(tape, x);
    ck_assert(!y->wants_grad);
    dt_tape_no_grad(tape, false);
    z = dt_sum(tape, dt_mul(tape, x, x));
    ck_assert(z->wants_grad);
    ck_assert_int_eq(dt_backward(tape, dt_add(tape, y, z, DT_LINEAR)), DT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq((double)x->grad[i], 2 * (double)some[i]);
}
END_TEST

START_TEST(only_leaves_keep_gradients)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *fixed = dt_tape_leaf(tape, dt_shape2(2, 3), some);
    struct dt_tensor *a = dt_sigmoid(tape, x), *b = dt_add(tape, a, fixed, DT_LINEAR), *loss = dt_sum(tape, b);

    ck_assert_int_eq(dt_backward(tape, loss), DT_OK);
    ck_assert_ptr_nonnull(x->grad);
    ck_assert(!a->grad && !b->grad && !loss->grad && !fixed->grad);
}
END_TEST

/* Two losses on one tape: the second sweep starts in the middle, and leaves sum up. */
START_TEST(two_sweeps_add_up)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *a = dt_affine(tape, x, 3, 0);
    struct dt_tensor *first = dt_sum(tape, a), *second = dt_sum(tape, dt_mul(tape, a, x));

    ck_assert_int_eq(dt_backward(tape, second), DT_OK);
    ck_assert_int_eq(dt_backward(tape, first), DT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol((double)x->grad[i], 6 * (double)some[i] + 3, 1e-5);
}
END_TEST

/* A loss that is not the last thing recorded; what follows it gets nothing. */
START_TEST(later_nodes_do_not_matter)
{
    struct dt_tensor *x = wanting(dt_shape2(2, 3)), *loss = dt_sum(tape, x);

    dt_sum(tape, dt_mul(tape, x, x));
    ck_assert_int_eq(dt_backward(tape, loss), DT_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq((double)x->grad[i], 1);
}
END_TEST

/* Peak memory of a chain of this many ops that keep nothing but their results. */
static size_t chain_peak(int length, bool backward)
{
    static const dt_real data[64 << 10] = { 1 };
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(engine, &err);
    struct dt_tensor *x = dt_tape_leaf(t, dt_shape2(64, 1024), data);
    size_t peak;

    x->wants_grad = true;
    for (int i = 0; i < length; i++)
        x = dt_sigmoid(t, x);
    if (backward)
        ck_assert_int_eq(dt_backward(t, dt_sum(t, x)), DT_OK);
    dt_test_ok(dt_tape_err(t));
    peak = dt_tape_peak(t);
    dt_tape_free(t);
    return peak;
}

START_TEST(gradients_are_recycled)
{
    size_t one = (64 << 10) * sizeof(dt_real), forward = chain_peak(40, false);

    ck_assert_uint_ge(forward, 40 * one);
    ck_assert_uint_le(forward, 41 * one);
    ck_assert_uint_le(chain_peak(40, true), forward + 4 * one);
}
END_TEST

START_TEST(a_second_step_allocates_nothing)
{
    int64_t calls = 0;

    for (int step = 0; step < 5; step++) {
        struct dt_tensor *x;

        if (step == 2)
            calls = dt_alloc_stats().calls;
        dt_tape_reset(tape);
        x = wanting(dt_shape2(2, 3));
        for (int i = 0; i < 300; i++)
            x = dt_tanh(tape, x);
        ck_assert_int_eq(dt_backward(tape, dt_mean(tape, x)), DT_OK);
    }
    ck_assert_int_eq(dt_alloc_stats().calls, calls);
}
END_TEST

/* ---- costs ---- */

START_TEST(profile_counts_by_kind)
{
    struct dt_profile_row row[8];
    struct dt_tensor *x;
    int n;

    dt_tape_profile(tape, true);
    for (int step = 0; step < 3; step++) {
        dt_tape_reset(tape);
        x = wanting(dt_shape2(2, 3));
        x = dt_linear(tape, dt_relu(tape, dt_relu(tape, x)), wanting(dt_shape2(1, 3)), NULL);
        ck_assert_int_eq(dt_backward(tape, dt_sum(tape, x)), DT_OK);
    }
    dt_tape_profile(tape, false);
    dt_relu(tape, x);
    n = dt_tape_profile_rows(tape, row, 8);
    ck_assert_int_eq(n, 3);
    for (int i = 0; i < n; i++) {
        bool linear = strcmp(row[i].op, "linear") == 0, relu = strcmp(row[i].op, "relu") == 0;

        ck_assert_int_eq(row[i].calls, relu ? 6 : 3);
        ck_assert_int_eq(row[i].macs, linear ? 3 * 6 : 0);
        ck_assert_double_gt(row[i].forward_s, 0);
        ck_assert_double_gt(row[i].backward_s, 0);
        if (linear)
            ck_assert_int_eq(row[i].bytes, 3 * (6 + 3 + 2) * (int64_t)sizeof(dt_real));
    }
    ck_assert_int_eq(dt_tape_profile_rows(tape, row, 2), 2);
    dt_tape_profile(tape, true);
    ck_assert_int_eq(dt_tape_profile_rows(tape, row, 8), 0);
}
END_TEST

static struct dt_tensor weight = { .shape = { 4, { 4, 2, 3, 3 } }, .wants_grad = true, .param = true };
static struct dt_tensor second = { .shape = { 4, { 4, 4, 3, 3 } }, .wants_grad = true, .param = true };

/* A residual block on a dry tape. Bytes, 4 a number: x 128; a, b, c 256 each; pooled 16. */
static struct dt_tensor *record_block(struct dt_tape *dry)
{
    struct dt_conv_cfg pad = { .pad = 1 };
    struct dt_tensor *x = dt_tape_leaf(dry, dt_shape4(1, 4, 4, 2), NULL), *a, *b, *c;

    dt_tape_push(dry, "block");
    a = dt_conv2d(dry, x, &weight, NULL, &pad);
    b = dt_conv2d(dry, a, &second, NULL, &pad);
    c = dt_add(dry, a, b, DT_RELU);
    dt_tape_pop(dry);
    return dt_global_avg_pool(dry, c);
}

START_TEST(dry_tape_knows_the_cost)
{
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err);
    struct dt_tensor *y = record_block(dry);
    struct dt_op_stat s;

    dt_test_ok(dt_tape_err(dry));
    ck_assert(dt_tape_dry(dry) && !dt_tape_dry(tape));
    ck_assert_ptr_eq(dt_tape_engine(tape), engine);
    ck_assert_ptr_null(y->data);
    ck_assert_int_eq(dt_tape_n_nodes(dry), 4);
    s = dt_tape_node_stat(dry, 0);
    ck_assert_str_eq(s.op, "conv2d");
    ck_assert_str_eq(s.scope, "block");
    ck_assert_int_eq(s.macs, 16 * 4 * 18);
    ck_assert_int_eq(s.params, 72);
    ck_assert_int_eq(s.out_bytes, 256);
    s = dt_tape_node_stat(dry, 2);
    ck_assert_int_eq(s.macs, 0);
    ck_assert_int_eq(s.params, 0);
    ck_assert_int_eq(s.in_bytes, 512);
    ck_assert_str_eq(dt_tape_node_stat(dry, 3).scope, "");
    ck_assert_int_eq(dt_tape_node_stat(dry, 3).out.d[1], 4);
    dt_tape_free(dry);
}
END_TEST

START_TEST(shared_parameters_count_once)
{
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err);
    struct dt_conv_cfg pad = { .pad = 1 };
    struct dt_tensor *x = dt_conv2d(dry, dt_tape_leaf(dry, dt_shape4(1, 4, 4, 4), NULL), &second, NULL, &pad);

    dt_conv2d(dry, x, &second, NULL, &pad);
    ck_assert_int_eq(dt_tape_node_stat(dry, 0).params, 144);
    ck_assert_int_eq(dt_tape_node_stat(dry, 1).params, 0);
    dt_tape_free(dry);
}
END_TEST

/* Peak: a and b read, c being written. */
START_TEST(act_bytes_of_a_block)
{
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err);

    record_block(dry);
    ck_assert_int_eq(dt_tape_act_bytes(dry), 3 * 256);
    dt_tape_free(dry);
}
END_TEST

/* A chain needs two neighbours at a time, here 128 + 256; a view of one needs nothing of its own. */
START_TEST(act_bytes_of_a_chain)
{
    struct dt_err err = { 0 };
    struct dt_tape *dry = dt_tape_new_dry(&err);
    struct dt_tensor *x = dt_tape_leaf(dry, dt_shape4(1, 4, 4, 2), NULL);

    x = dt_conv2d(dry, dt_relu(dry, x), &weight, NULL, &(struct dt_conv_cfg){ .pad = 1 });
    x = dt_global_avg_pool(dry, dt_reshape(dry, x, dt_shape4(1, 2, 8, 4)));
    dt_sigmoid(dry, x);
    dt_test_ok(dt_tape_err(dry));
    ck_assert_int_eq(dt_tape_act_bytes(dry), 128 + 256);
    dt_tape_free(dry);
}
END_TEST

START_TEST(shapes_print)
{
    char s[64];
    struct dt_shape a = dt_shape4(128, 32, 32, 16), b = dt_shape0();

    ck_assert_str_eq(dt_shape_str(&a, s), "[128,32,32,16]");
    ck_assert_str_eq(dt_shape_str(&b, s), "[]");
    ck_assert_int_eq(dt_numel(&a), 128 * 32 * 32 * 16);
    ck_assert_int_eq(dt_numel(&b), 1);
    ck_assert(!dt_shape_equal(&a, &b));
    b = a;
    ck_assert(dt_shape_equal(&a, &b));
    b.d[3]++;
    ck_assert(!dt_shape_equal(&a, &b));
    b = dt_shape4(2147483647, 2147483647, 2147483647, 2147483647);
    ck_assert_str_eq(dt_shape_str(&b, s), "[2147483647,2147483647,2147483647,2147483647]");
}
END_TEST

Suite *tape_suite(void)
{
    Suite *s = suite_create("tape");
    TCase *tc = tcase_create("tape");

    tcase_add_checked_fixture(tc, open_tape, close_tape);
    tcase_add_test(tc, message_names_the_scope);
    tcase_add_test(tc, message_without_a_scope);
    tcase_add_test(tc, first_failure_wins);
    tcase_add_test(tc, reset_clears);
    tcase_add_test(tc, scopes_have_an_end);
    tcase_add_test(tc, backward_wants_a_loss);
    tcase_add_test(tc, no_grad_records_without);
    tcase_add_test(tc, only_leaves_keep_gradients);
    tcase_add_test(tc, two_sweeps_add_up);
    tcase_add_test(tc, later_nodes_do_not_matter);
    tcase_add_test(tc, gradients_are_recycled);
    tcase_add_test(tc, a_second_step_allocates_nothing);
    tcase_add_test(tc, profile_counts_by_kind);
    tcase_add_test(tc, dry_tape_knows_the_cost);
    tcase_add_test(tc, shared_parameters_count_once);
    tcase_add_test(tc, act_bytes_of_a_block);
    tcase_add_test(tc, act_bytes_of_a_chain);
    tcase_add_test(tc, shapes_print);
    suite_add_tcase(s, tc);
    return s;
}
