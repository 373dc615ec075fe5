/* A network's gradients in bfloat16 against those in dt_real, over many batches: what rounding does to them is noise,
 * the mean of which is zero. (That noise is not small, up to a fifth of the gradient: presumably of activations next to
 * zero, which are on one side of a ReLU in one precision and on the other in the other.) */
#include <math.h>
#include <string.h>

#include "suites.h"

enum { BATCHES = 64, N = 8, SIDE = 8, CLASSES = 10 };

struct noise { /* d: bfloat16's gradient less dt_real's, g */
    double *d; /* [size] summed over the batches */
    double dd, dg, gg;
};

static struct dt_net *net_open(void)
{
    const struct dt_model_cfg cfg = { .arch = "resnet20", .classes = CLASSES, .width = 8 };
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(3, &err);

    (void)(dt_model_build(net, &cfg, 3, &err) == DT_OK && dt_net_finish(net, SIDE, SIDE, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

static void gradient(struct dt_net *net, struct dt_tape *tape, enum dt_dtype precision, const dt_real *x,
                     const int *label)
{
    struct dt_run run = { .tape = tape, .exec = DT_MASK, .training = true, .freeze_stats = true, .n = N };
    struct dt_tensor *y, *loss;

    dt_tape_reset(tape);
    dt_tape_precision(tape, precision);
    dt_net_zero_grad(net);
    y = dt_net_forward(net, &run, dt_tape_leaf(tape, dt_shape4(N, SIDE, SIDE, 3), x));
    loss = dt_mean(tape, dt_cross_entropy(tape, y, label, NULL, NULL, 0));
    if (dt_backward(tape, loss))
        dt_test_ok(dt_tape_err(tape));
}

static void add_batch(struct dt_net *net, struct dt_tape *tape, uint32_t index, struct noise *sum)
{
    struct dt_rng rng = dt_rng_at(11, DT_STREAM_TEST, 0, index);
    dt_real x[N * SIDE * SIDE * 3], *real;
    size_t size = dt_net_size(net);
    int label[N];

    for (int i = 0; i < N * SIDE * SIDE * 3; i++)
        x[i] = (dt_real)dt_rng_normal(&rng);
    for (int i = 0; i < N; i++)
        label[i] = (int)(dt_rng_uniform(&rng) * CLASSES);
    gradient(net, tape, DT_REAL_DTYPE, x, label);
    real = dt_malloc(size * sizeof *real);
    ck_assert_ptr_nonnull(real);
    memcpy(real, dt_net_g(net), size * sizeof *real);
    gradient(net, tape, DT_BF16, x, label);
    for (size_t i = 0; i < size; i++) {
        double g = (double)real[i], d = (double)dt_net_g(net)[i] - g;

        sum->d[i] += d;
        sum->dd += d * d;
        sum->dg += d * g;
        sum->gg += g * g;
    }
    dt_free(real);
}

/* size: of the noise, as a share of the gradient. length: of bfloat16's gradients, which noise turns and does not
 * shorten. systematic: the square of the summed noise over the sum of its squares, which is 1 where batches are
 * independent with mean zero, and BATCHES where the error is the same each time. */
START_TEST(noise_without_a_mean)
{
    static const char *const engines[] = { "ref", "dnnl" };
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new(engines[_i], &err);
    struct dt_tape *tape = e && dt_engine_bf16(e, false) ? dt_tape_new(e, &err) : NULL; /* oneDNN: needs AVX-512 */
    struct dt_net *net = net_open();
    struct noise sum = { .d = dt_calloc(dt_net_size(net), sizeof *sum.d) };
    double systematic = 0, size, length;

    for (uint32_t k = 0; k < BATCHES && tape; k++)
        add_batch(net, tape, k, &sum);
    for (size_t i = 0; i < dt_net_size(net) && tape; i++)
        systematic += sum.d[i] * sum.d[i] / sum.dd;
    if (tape) {
        size = sqrt(sum.dd / sum.gg);
        length = sqrt((sum.gg + 2 * sum.dg + sum.dd) / sum.gg);
        ck_assert_msg(size > 0.05 && size < 0.3, "the noise is %.4f of the gradient", size);
        ck_assert_msg(fabs(length - 1) < 0.0075, "gradients are %.4f times as long", length);
        ck_assert_msg(systematic < 1.2, "%.3f times what independent batches sum up to", systematic);
    }
    dt_free(sum.d);
    dt_net_free(net);
    dt_tape_free(tape);
    dt_engine_free(e);
}
END_TEST

Suite *suite_half(void)
{
    Suite *s = suite_create("half");
    TCase *t = tcase_create("half");

    tcase_set_timeout(t, 120);
    if (sizeof(dt_real) == sizeof(float)) /* the twin has no bfloat16 */
        tcase_add_loop_test(t, noise_without_a_mean, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
