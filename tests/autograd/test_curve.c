/* 20 steps of SGD on a small residual network against PyTorch's (tools/gen_curve.py). One step checks a gradient;
 * twenty check what is carried on: running statistics, momentum, packed weights that must follow the update. */
#include "case_run.h"
#include "golden.h"
#include "small_net.h"
#include "suites.h"

#include <math.h>
#include <support.h>

enum { STEPS = 20, BATCHES = 4, BATCH = 16, CLASSES = 10 };
static const double tolerance = sizeof(dt_real) == 8 ? 1e-9 : 1e-4;

struct curve_net {
    struct small_net all;
    struct dt_tensor *conv[3], *gamma[3], *beta[3], *mean[3], *var[3], *linear, *bias;
};

/* Numbers without pattern that both sides can make: the fraction of a large sine. */
static void wave(int key, double scale, int64_t n, dt_real *x)
{
    for (int64_t i = 0; i < n; i++) {
        double v = sin((double)(i + 1) * 12.9898 + key * 78.233) * 43758.5453;

        x[i] = (dt_real)(float)(scale * (2 * (v - floor(v)) - 1));
    }
}

static struct dt_tensor *wavy(struct small_net *net, struct dt_shape shape, int key, double scale)
{
    struct dt_tensor *p = small_net_add(net, shape, true);

    wave(key, scale, dt_numel(&shape), p->data);
    return p;
}

static void open_net(struct curve_net *net)
{
    static const int channels[] = { 8, 16, 16 };

    *net = (struct curve_net){ .linear = NULL };
    net->conv[0] = wavy(&net->all, dt_shape4(8, 3, 3, 3), 1, 0.3);
    net->conv[1] = wavy(&net->all, dt_shape4(16, 8, 3, 3), 2, 0.2);
    net->conv[2] = wavy(&net->all, dt_shape4(16, 16, 3, 3), 3, 0.15);
    for (int i = 0; i < 3; i++) {
        small_net_fill(net->gamma[i] = small_net_add(&net->all, dt_shape1(channels[i]), true), 1);
        net->beta[i] = small_net_add(&net->all, dt_shape1(channels[i]), true);
        net->mean[i] = small_net_add(&net->all, dt_shape1(channels[i]), false);
        small_net_fill(net->var[i] = small_net_add(&net->all, dt_shape1(channels[i]), false), 1);
    }
    net->linear = wavy(&net->all, dt_shape2(CLASSES, 16), 4, 0.25);
    net->bias = small_net_add(&net->all, dt_shape1(CLASSES), true);
}

static struct dt_tensor *conv_norm(struct dt_tape *t, struct curve_net *net, int i, struct dt_tensor *x, int stride,
                                   bool relu)
{
    struct dt_norm_in with = { net->gamma[i], net->beta[i], net->mean[i], net->var[i], NULL, NULL };

    x = dt_conv2d(t, x, net->conv[i], NULL, &(struct dt_conv_cfg){ .stride = stride, .pad = 1 });
    return dt_batch_norm(t, x, &with, &(struct dt_norm_cfg){ .training = true, .act = relu ? DT_RELU : DT_LINEAR });
}

static struct dt_tensor *network(struct dt_tape *t, struct curve_net *net, struct dt_tensor *x)
{
    struct dt_tensor *y;

    x = conv_norm(t, net, 0, x, 1, true);
    y = conv_norm(t, net, 1, x, 2, true);
    y = conv_norm(t, net, 2, y, 1, false);
    x = dt_add(t, y, dt_pad_shortcut(t, x, 2, 16, 4), DT_RELU);
    x = dt_max_pool(t, x, 2, 2, 0);
    return dt_linear(t, dt_global_avg_pool(t, x), net->linear, net->bias);
}

static double train_step(struct dt_tape *t, struct curve_net *net, int batch)
{
    static dt_real image[BATCH * 8 * 8 * 3];
    int label[BATCH];
    struct dt_tensor *loss, *x;
    double value;

    wave(10 + batch, 1, BATCH * 8 * 8 * 3, image);
    for (int i = 0; i < BATCH; i++)
        label[i] = (7 * i + 3 * batch) % CLASSES;
    dt_tape_reset(t);
    small_net_zero_grad(&net->all);
    x = dt_tape_leaf(t, dt_shape4(BATCH, 8, 8, 3), image);
    loss = dt_mean(t, dt_cross_entropy(t, network(t, net, x), label, NULL, NULL, 0));
    value = (double)loss->data[0];
    ck_assert_msg(dt_backward(t, loss) == DT_OK, "%s", dt_tape_err(t)->msg);
    small_net_sgd(&net->all, 0.1, 0.9, 5e-4);
    return value;
}

static void check(struct golden_case *c, const char *name, const dt_real *got)
{
    const struct golden_tensor *want = golden_find(c, "out", name);

    for (int i = 0; i < want->shape.d[0]; i++)
        CHECK_EACH(fabs((double)got[i] - (double)want->v[i]) <= tolerance, "%s %d: %.9g instead of %.9g", name, i,
                   (double)got[i], (double)want->v[i]);
}

START_TEST(sgd_follows_pytorch)
{
    struct dt_engine *e = engine_open(engines[_i]);
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    struct golden_case c;
    struct curve_net net;
    dt_real losses[STEPS];

    golden_read("curve.txt", "curve", &c);
    ck_assert_int_eq(golden_find(&c, "out", "losses")->shape.d[0], STEPS);
    open_net(&net);
    for (int i = 0; i < STEPS; i++)
        losses[i] = (dt_real)train_step(t, &net, i % BATCHES);
    check(&c, "losses", losses);
    check(&c, "running_mean", net.mean[2]->data);
    check(&c, "running_var", net.var[2]->data);
    golden_free(&c);
    dt_tape_free(t);
    small_net_free(&net.all);
    dt_engine_free(e);
}
END_TEST

Suite *curve_suite(void)
{
    Suite *s = suite_create("curve");
    TCase *tc = tcase_create("sgd");

    tcase_add_loop_test(tc, sgd_follows_pytorch, 0, n_engines);
    suite_add_tcase(s, tc);
    return s;
}
