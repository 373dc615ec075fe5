/* Gates: where decisions take gradients, by masked execution alone. */
#include "suites.h"
#include "toy.h"

#include <math.h>

struct gated {
    double loss, grad[BENCH_N * 8];
    bool has_grad;
};

static struct gated gated_step(struct bench *b, enum dt_exec exec, int choice, dt_real *g, struct dt_shape shape,
                               struct dt_arch arch)
{
    struct dt_tensor *gates[8] = { NULL }, *gate = dt_tape_leaf(b->tape, shape, g), *loss;
    struct dt_run run = { .exec = exec, .arch = arch };
    struct gated out = { 0 };

    gate->wants_grad = true;
    gates[choice] = gate;
    run.arch.gate = gates;
    loss = bench_go(b, &run);
    loss = dt_sum(b->tape, dt_mul(b->tape, loss, loss));
    out.loss = (double)loss->data[0];
    dt_net_zero_grad(b->net);
    ck_assert_int_eq(dt_backward(b->tape, loss), DT_OK);
    out.has_grad = gate->grad != NULL;
    for (int64_t i = 0; gate->grad && i < dt_numel(&shape); i++)
        out.grad[i] = (double)gate->grad[i];
    dt_tape_reset(b->tape);
    return out;
}

static struct dt_net *gated_net(void)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(21, &err);
    struct dt_model_cfg cfg = { .arch = "resnet8", .classes = TOY_CLASSES, .width = 4, .dynamic = true };

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, TOY_SIDE, TOY_SIDE, 3, &err), DT_OK);
    return net;
}

static struct dt_net *width_net(void)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(22, &err);
    struct dt_module *root = dt_seq(net, NULL, "net");

    dt_conv_norm(net, root, "a", 3,
                 &(struct dt_conv_norm_cfg){ .out = 4, .kernel = 3, .pad = -1, .relu = true, .width = true });
    dt_head_layer(net, root, "head", 4, TOY_CLASSES);
    ck_assert_int_eq(dt_net_finish(net, TOY_SIDE, TOY_SIDE, 3, &err), DT_OK);
    return net;
}

/* Gradients of gates against differences of the loss. */
static void check_gates(struct bench *b, int choice, struct dt_shape shape, struct dt_arch arch)
{
    dt_real g[BENCH_N * 8];
    int64_t n = dt_numel(&shape);
    double step = sizeof(dt_real) == sizeof(double) ? 1e-5 : 1e-2, norm = 0;
    struct gated at;

    for (int64_t i = 0; i < n; i++)
        g[i] = (dt_real)(0.5 + 0.1 * (double)(i % 5));
    at = gated_step(b, DT_MASK, choice, g, shape, arch);
    ck_assert(at.has_grad);
    for (int64_t i = 0; i < n; i++) {
        dt_real keep = g[i];
        double up, down;

        g[i] = keep + (dt_real)step;
        up = gated_step(b, DT_MASK, choice, g, shape, arch).loss;
        g[i] = keep - (dt_real)step;
        down = gated_step(b, DT_MASK, choice, g, shape, arch).loss;
        g[i] = keep;
        ck_assert_double_eq_tol(at.grad[i], (up - down) / (2 * step), (step == 1e-5 ? 1e-6 : 2e-2) * (1 + at.loss));
        norm += fabs(at.grad[i]);
    }
    ck_assert_double_gt(norm, 1e-3);
}

START_TEST(gates_take_gradients_when_masked)
{
    struct bench b = bench_open(gated_net());
    int value[BENCH_N * 3];
    struct dt_arch each = { BENCH_N, 3, value, NULL };
    dt_real g[BENCH_N] = { 1, 0, 1, 0, 1, 0 };
    struct gated masked, skipped;

    for (int i = 0; i < BENCH_N * 3; i++)
        value[i] = 1;
    check_gates(&b, 1, dt_shape1(BENCH_N), each);
    check_gates(&b, 1, dt_shape1(1), (struct dt_arch){ 1, 3, value, NULL }); /* one row for all samples */
    for (int i = 0; i < BENCH_N; i++)
        value[i * 3 + 1] = g[i] > 0;
    masked = gated_step(&b, DT_MASK, 1, g, dt_shape1(BENCH_N), each);
    skipped = gated_step(&b, DT_SKIP, 1, g, dt_shape1(BENCH_N), each);
    ck_assert(masked.has_grad && !skipped.has_grad);
    ck_assert(masked.grad[1] != 0); /* what a sample that did not keep it would have gained */
    ck_assert_double_eq_tol(masked.loss, skipped.loss, 1e-5 * (1 + masked.loss));
    bench_free(&b);
}
END_TEST

START_TEST(widths_have_a_gate_a_channel)
{
    struct bench b = bench_open(width_net());
    int value[BENCH_N];
    struct dt_arch each = { BENCH_N, 1, value, NULL };

    for (int i = 0; i < BENCH_N; i++)
        value[i] = 4;
    check_gates(&b, 0, dt_shape2(BENCH_N, 4), each);
    check_gates(&b, 0, dt_shape2(1, 4), (struct dt_arch){ 1, 1, value, NULL });
    bench_free(&b);
}
END_TEST

START_TEST(a_full_net_pays_for_no_gates)
{
    struct bench b = bench_open(gated_net());
    int ones[BENCH_N * 3], nodes;
    struct dt_run run = { .exec = DT_MASK }, planned = { .exec = DT_MASK, .arch = { BENCH_N, 3, ones, NULL } };

    for (int i = 0; i < BENCH_N * 3; i++)
        ones[i] = 1;
    bench_go(&b, &run);
    nodes = dt_tape_n_nodes(b.tape);
    ck_assert_int_eq(nodes,
                     1 + 1 + 3 * 4 + 2 + 2); /* stem; a block: two of conv and norm, the sum in it; shortcuts; head */
    dt_tape_reset(b.tape);
    bench_go(&b, &planned);
    ck_assert_int_eq(dt_tape_n_nodes(b.tape), nodes);
    planned.exec = DT_SKIP;
    dt_tape_reset(b.tape);
    bench_go(&b, &planned);
    ck_assert_int_eq(dt_tape_n_nodes(b.tape), nodes);
    bench_free(&b);
}
END_TEST

Suite *suite_gates(void)
{
    Suite *s = suite_create("gates");
    TCase *t = tcase_create("gates");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, gates_take_gradients_when_masked);
    tcase_add_test(t, widths_have_a_gate_a_channel);
    tcase_add_test(t, a_full_net_pays_for_no_gates);
    suite_add_tcase(s, t);
    return s;
}
