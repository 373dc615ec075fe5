/* Segments: activations that are dropped and computed again change no bit of losses, gradients or running statistics,
 * and take less memory. */
#include "suites.h"
#include "toy.h"

#include <string.h>

enum { NETS = 30, ARCHS = 3 };

static void random_run(struct dt_rng *rng, const struct dt_space *space, int n, int *value, struct dt_run *run)
{
    *run = (struct dt_run){ .training = toy_rand(rng, 4) > 0, .exec = toy_rand(rng, 2) ? DT_MASK : DT_SKIP };
    run->arch = (struct dt_arch){ n, space->n, value, NULL };
    for (int r = 0; r < n; r++)
        for (int i = 0; i < space->n; i++)
            value[r * space->n + i] = space->choice[i].tie >= 0 ? value[r * space->n + space->choice[i].tie]
                                                                : toy_rand(rng, space->choice[i].max + 1);
}

/* The same step with and without; the number of segments. */
static int compare(struct dt_net *net, struct dt_tape *tape, const struct dt_run *run, const dt_real *x, int n)
{
    struct toy_out kept, again;
    const char *what;
    int segments;

    dt_tape_recompute(tape, false);
    toy_step(net, tape, *run, x, n, &kept);
    ck_assert_int_eq(dt_tape_n_segments(tape), 0);
    dt_tape_reset(tape);
    dt_tape_recompute(tape, true);
    toy_step(net, tape, *run, x, n, &again);
    segments = dt_tape_n_segments(tape);
    dt_tape_reset(tape);
    ck_assert_msg(toy_distance(&kept, &again, &what) == 0, "%s differs", what);
    toy_out_free(&kept);
    toy_out_free(&again);
    return segments;
}

START_TEST(no_bit_changes)
{
    struct dt_engine *e = toy_engine();
    struct dt_err err = { 0 };
    struct dt_tape *tape = dt_tape_new(e, &err);
    int segments = 0;

    dt_test_ok(&err);
    for (uint32_t i = 0; i < NETS; i++) {
        struct dt_net *net = toy_net(i, i % 4 != 0, i % 4 != 1);
        struct dt_rng rng = dt_rng_at(i, DT_STREAM_TEST, 2, 0);

        for (int k = 0; k < ARCHS; k++) {
            int n = 1 + toy_rand(&rng, TOY_MAX_BATCH), value[TOY_MAX_BATCH * 64];
            dt_real x[TOY_MAX_BATCH * TOY_SIDE * TOY_SIDE * 3];
            struct dt_run run;

            for (int j = 0; j < n * TOY_SIDE * TOY_SIDE * 3; j++)
                x[j] = (dt_real)dt_rng_normal(&rng);
            random_run(&rng, dt_net_space(net), n, value, &run);
            segments += compare(net, tape, &run, x, n);
        }
        dt_net_free(net);
    }
    ck_assert_int_gt(segments, 5 * NETS);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

/* Names of networks with blocks of every kind: sums, bottlenecks, paths side by side, plain layers. */
static const char *const archs[] = { "resnet20", "resnext29", "mobilenetv2", "vgg16bn", "mcifarnet" };
enum { N_ARCHS = sizeof archs / sizeof *archs, SIDE = 32, BATCH = 2 };

struct step {
    dt_real loss, *grad;
    size_t peak;
};

static struct step step(struct dt_net *net, bool recompute, const dt_real *x)
{
    static const int label[BATCH] = { 1, 3 };
    struct dt_engine *e = toy_engine();
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    struct dt_run run = { .tape = t, .training = true };
    struct dt_tensor *y;
    struct step s;
    size_t bytes = dt_net_size(net) * sizeof *s.grad;

    dt_test_ok(&err);
    dt_tape_recompute(t, recompute);
    dt_net_zero_grad(net);
    y = dt_net_forward(net, &run, dt_tape_leaf(t, dt_shape4(BATCH, SIDE, SIDE, 3), x));
    y = dt_mean(t, dt_cross_entropy(t, y, label, NULL, NULL, 0));
    ck_assert_int_eq(dt_backward(t, y), DT_OK);
    s = (struct step){ .loss = y->data[0], .grad = dt_malloc(bytes), .peak = dt_tape_peak(t) };
    ck_assert_ptr_nonnull(s.grad);
    memcpy(s.grad, dt_net_g(net), bytes);
    dt_tape_free(t);
    dt_engine_free(e);
    return s;
}

START_TEST(networks_take_less)
{
    const struct dt_model_cfg cfg = {
        .arch = archs[_i], .classes = TOY_CLASSES, .width = 16, .cardinality = 4, .path_width = 4
    };
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(5, &err);
    dt_real x[BATCH * SIDE * SIDE * 3];
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 3, 0);
    struct step kept, again;

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, SIDE, SIDE, 3, &err), DT_OK);
    for (int i = 0; i < BATCH * SIDE * SIDE * 3; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    kept = step(net, false, x);
    again = step(net, true, x);
    ck_assert(kept.loss == again.loss);
    ck_assert_mem_eq(kept.grad, again.grad, dt_net_size(net) * sizeof *kept.grad);
    ck_assert_msg(again.peak < kept.peak * 85 / 100, "%s: %zu bytes, %zu without", archs[_i], again.peak, kept.peak);
    dt_free(kept.grad);
    dt_free(again.grad);
    dt_net_free(net);
}
END_TEST

Suite *suite_segment(void)
{
    Suite *s = suite_create("segment");
    TCase *tc = tcase_create("recompute");

    tcase_add_test(tc, no_bit_changes);
    tcase_add_loop_test(tc, networks_take_less, 0, N_ARCHS);
    suite_add_tcase(s, tc);
    return s;
}
