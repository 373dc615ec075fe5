/* Outputs and gradients of layers and losses against PyTorch's (tools/gen_golden.py): an independent implementation. */
#include "case_run.h"
#include "golden.h"
#include "suites.h"

#include <math.h>
#include <string.h>
#include <support.h>

#define GOLDEN_FILE "layers.txt"
static const double tolerance = sizeof(dt_real) == 8 ? 1e-10 : 2e-5;

/* The same in tools/gen_golden.py. */
static const int label[] = { 2, 0, 4, 3, 2 }, action[] = { 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1 };
static const int word[] = { 3, 0, 3, 5, 1 };

/* The tensors of a case by name; NULL where it has none. */
struct named {
    struct dt_tensor *x, *w, *b, *u, *hc, *gamma, *beta, *mean, *var, *q, *k;
};

static struct dt_tensor *norm(struct dt_tape *t, const struct named *in, bool training, bool relu, double momentum,
                              double eps)
{
    struct dt_norm_in with = { in->gamma, in->beta, in->mean, in->var, NULL, NULL };
    struct dt_norm_cfg cfg = {
        .training = training, .act = relu ? DT_RELU : DT_LINEAR, .momentum = momentum, .eps = eps
    };

    return dt_batch_norm(t, in->x, &with, &cfg);
}

static struct dt_tensor *conv(struct dt_tape *t, const struct named *in, int stride, int pad, int groups)
{
    return dt_conv2d(t, in->x, in->w, in->b, &(struct dt_conv_cfg){ stride, pad, groups });
}

/* One function a case. */
#define BUILD(name, call)                                                                                              \
    static struct dt_tensor *name(struct dt_tape *t, const struct named *in)                                           \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
BUILD(conv_3x3, conv(t, in, 1, 1, 1))
BUILD(conv_strided, conv(t, in, 2, 1, 1))
BUILD(conv_grouped, conv(t, in, 1, 1, 2))
BUILD(conv_depthwise, conv(t, in, 2, 1, 5))
BUILD(conv_1x1, conv(t, in, 1, 0, 1))
BUILD(linear, dt_linear(t, in->x, in->w, in->b))
BUILD(norm_train, norm(t, in, true, false, 0, 0))
BUILD(norm_train_relu, norm(t, in, true, true, 0, 0))
BUILD(norm_eval, norm(t, in, false, false, 0, 0))
BUILD(norm_options, norm(t, in, true, false, 0.3, 1e-2))
BUILD(max_pool, dt_max_pool(t, in->x, 3, 2, 1))
BUILD(avg_pool, dt_avg_pool(t, in->x, 3, 2, 1))
BUILD(global_avg_pool, dt_global_avg_pool(t, in->x))
BUILD(upsample, dt_upsample(t, in->x, 2))
BUILD(pad_shortcut, dt_pad_shortcut(t, in->x, 2, 8, 2))
BUILD(relu6, dt_relu6(t, in->x))
BUILD(sigmoid, dt_sigmoid(t, in->x))
BUILD(hyperbolic, dt_tanh(t, in->x))
BUILD(softmax, dt_softmax(t, in->x))
BUILD(log_softmax, dt_log_softmax(t, in->x))
BUILD(loss, dt_cross_entropy(t, in->x, label, NULL, NULL, 0))
BUILD(loss_smoothing, dt_cross_entropy(t, in->x, label, NULL, NULL, 0.1))
BUILD(loss_soft, dt_cross_entropy(t, in->x, NULL, in->q, NULL, 0))
BUILD(loss_weights, dt_cross_entropy(t, in->x, label, NULL, in->k, 0.2))
BUILD(bernoulli, dt_bernoulli_log_prob(t, in->x, action))
BUILD(lstm, dt_lstm_cell(t, in->x, in->hc, in->w, in->u, in->b))
BUILD(embedding, dt_embedding(t, in->x, word, 5))

static const struct {
    const char *label;
    struct dt_tensor *(*build)(struct dt_tape *t, const struct named *in);
} table[] = {
    { "conv2d 3x3 pad 1", conv_3x3 },
    { "conv2d strided bias", conv_strided },
    { "conv2d grouped", conv_grouped },
    { "conv2d depthwise", conv_depthwise },
    { "conv2d 1x1", conv_1x1 },
    { "linear", linear },
    { "batch_norm train", norm_train },
    { "batch_norm train relu", norm_train_relu },
    { "batch_norm eval", norm_eval },
    { "batch_norm train momentum eps", norm_options },
    { "max_pool", max_pool },
    { "avg_pool", avg_pool },
    { "global_avg_pool", global_avg_pool },
    { "upsample", upsample },
    { "pad_shortcut", pad_shortcut },
    { "relu6", relu6 },
    { "sigmoid", sigmoid },
    { "tanh", hyperbolic },
    { "softmax", softmax },
    { "log_softmax", log_softmax },
    { "cross_entropy", loss },
    { "cross_entropy smoothing", loss_smoothing },
    { "cross_entropy soft", loss_soft },
    { "cross_entropy weights", loss_weights },
    { "bernoulli_log_prob", bernoulli },
    { "lstm_cell", lstm },
    { "embedding", embedding },
};
enum { N_CASES = sizeof table / sizeof table[0] };

static void check(const struct golden_case *c, const struct golden_tensor *want, const struct dt_shape *shape,
                  const dt_real *got)
{
    double max = 0;

    ck_assert_msg(dt_shape_equal(shape, &want->shape), "%s: shape of %s %s", c->label, want->kind, want->name);
    ck_assert_ptr_nonnull(got);
    for (int64_t i = 0; i < dt_numel(shape); i++)
        max = fmax(max, fabs((double)want->v[i]));
    for (int64_t i = 0; i < dt_numel(shape); i++)
        CHECK_EACH(fabs((double)got[i] - (double)want->v[i]) <= tolerance * max,
                   "%s: %s %s, element %d: %.9g, not %.9g", c->label, want->kind, want->name, (int)i, (double)got[i],
                   (double)want->v[i]);
}

/* The leaf of an input, made from the case's own numbers. */
static struct dt_tensor *leaf(struct dt_tape *t, struct golden_case *c, const char *name)
{
    struct golden_tensor *in = golden_find(c, "in", name), *fixed = golden_find(c, "fixed", name);
    struct dt_tensor *x;

    if (!in && !fixed)
        return NULL;
    x = dt_tape_leaf(t, in ? in->shape : fixed->shape, in ? in->v : fixed->v);
    x->wants_grad = in != NULL;
    return x;
}

static void run(struct golden_case *c, int i, struct dt_engine *e)
{
    static const char *const name[] = { "x", "w", "b", "u", "hc", "gamma", "beta", "mean", "var", "q", "k" };
    struct golden_tensor *cot = golden_find(c, "cot", "r");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    struct dt_tensor *in[11], *y;
    struct named named;
    int seen = 0;

    for (int k = 0; k < 11; k++)
        in[k] = leaf(t, c, name[k]);
    named = (struct named){ in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7], in[8], in[9], in[10] };
    y = table[i].build(t, &named);
    dt_test_ok(dt_tape_err(t));
    check(c, golden_find(c, "out", "y"), &y->shape, y->data);
    y = dt_sum(t, dt_mul(t, y, dt_tape_leaf(t, cot->shape, cot->v)));
    ck_assert_int_eq(dt_backward(t, y), DT_OK);
    for (int k = 0; k < 11; k++) {
        struct golden_tensor *grad = golden_find(c, "grad", name[k]), *after = golden_find(c, "after", name[k]);

        if (grad)
            check(c, grad, &in[k]->shape, in[k]->grad);
        if (after)
            check(c, after, &in[k]->shape, in[k]->data);
        seen += (grad != NULL) + (after != NULL) + (in[k] != NULL);
    }
    ck_assert_int_eq(seen, c->n - 2); /* all but result and cotangent */
    dt_tape_free(t);
}

START_TEST(same_as_pytorch)
{
    for (int k = 0; k < n_engines; k++) {
        struct dt_engine *e = engine_open(engines[k]);
        struct golden_case c;

        golden_read(GOLDEN_FILE, table[_i].label, &c);
        run(&c, _i, e);
        golden_free(&c);
        dt_engine_free(e);
    }
}
END_TEST

START_TEST(every_case_of_the_file_is_used)
{
    ck_assert_int_eq(golden_count(GOLDEN_FILE), N_CASES);
}
END_TEST

Suite *golden_suite(void)
{
    Suite *s = suite_create("golden");
    TCase *tc = tcase_create("layers");

    tcase_add_loop_test(tc, same_as_pytorch, 0, N_CASES);
    tcase_add_test(tc, every_case_of_the_file_is_used);
    suite_add_tcase(s, tc);
    return s;
}
