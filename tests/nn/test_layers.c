/* Layers, and the leading block of a weight. */
#include "suites.h"
#include "toy.h"

#include <math.h>
#include <string.h>

struct world {
    struct dt_err err;
    struct dt_engine *engine;
    struct dt_tape *tape;
    struct dt_net *net;
    struct dt_module *root;
};

static void open_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->engine = toy_engine();
    w->tape = dt_tape_new(w->engine, &w->err);
    w->net = dt_net_new(4, &w->err);
    w->root = dt_seq(w->net, NULL, "net");
    dt_test_ok(&w->err);
}

static void finish(struct world *w, int c)
{
    (void)(dt_net_finish(w->net, 4, 4, c, &w->err) == DT_OK);
    dt_test_ok(&w->err);
}

static void close_world(struct world *w)
{
    dt_net_free(w->net);
    dt_tape_free(w->tape);
    dt_engine_free(w->engine);
}

static dt_real image[2 * 4 * 4 * 3];

static struct dt_tensor *forward(struct world *w, struct dt_run *run)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    struct dt_tensor *y;

    for (size_t i = 0; i < sizeof image / sizeof image[0]; i++)
        image[i] = (dt_real)dt_rng_normal(&rng);
    run->tape = w->tape;
    y = dt_net_forward(w->net, run, dt_tape_leaf(w->tape, dt_shape4(2, 4, 4, 3), image));
    dt_test_ok(dt_tape_err(w->tape));
    return y;
}

static int zeros(const struct dt_tensor *t)
{
    int n = 0;

    for (int64_t i = 0; i < dt_numel(&t->shape); i++)
        n += t->data[i] == 0;
    return n;
}

START_TEST(dropout_draws_anew_each_use_and_repeats_by_seed)
{
    struct dt_run a = { .training = true, .rng = { 1, DT_STREAM_DROPOUT, 0, 0, 0 } }, b = a, c = a, eval = { 0 };
    struct world w;
    struct dt_tensor *y, *again, *other;

    open_world(&w);
    dt_dropout_layer(w.net, w.root, "first", 0.5);
    dt_dropout_layer(w.net, w.root, "second", 0.5);
    finish(&w, 3);
    ck_assert_int_eq(zeros(forward(&w, &eval)), 0);
    y = forward(&w, &a);
    again = forward(&w, &b);
    c.rng.index = 1;
    other = forward(&w, &c);
    ck_assert_int_gt(zeros(y), 56); /* about three quarters of 96: the same mask twice would drop half */
    ck_assert_mem_eq(y->data, again->data, 96 * sizeof(dt_real));
    ck_assert(memcmp(y->data, other->data, 96 * sizeof(dt_real)) != 0);
    dt_module_freeze(w.root, true);
    ck_assert_int_eq(zeros(forward(&w, &a)), 0);
    close_world(&w);
}
END_TEST

static double mean_of(struct world *w)
{
    return (double)dt_net_find(w->net, "net/unit/norm")->param->next->next->tensor.data[0];
}

START_TEST(statistics_follow_training_alone)
{
    struct world w;
    struct dt_run run = { 0 };

    open_world(&w);
    dt_conv_norm(w.net, w.root, "unit", 3, &(struct dt_conv_norm_cfg){ .out = 4, .kernel = 3, .pad = -1 });
    finish(&w, 3);
    forward(&w, &run);
    ck_assert(mean_of(&w) == 0);
    run.training = true;
    run.freeze_stats = true;
    forward(&w, &run);
    ck_assert(mean_of(&w) == 0);
    run.freeze_stats = false;
    dt_module_freeze(w.root, true);
    forward(&w, &run);
    ck_assert(mean_of(&w) == 0);
    dt_module_freeze(w.root, false);
    forward(&w, &run);
    ck_assert(mean_of(&w) != 0);
    close_world(&w);
}
END_TEST

/* Three batches: image + k everywhere. The mean over them is that of the image + 2, whatever was there before; the
 * variance is the unbiased one of a batch, the same in all. */
START_TEST(recalibration_is_the_average_of_its_batches)
{
    struct world w;
    struct dt_run run = { 0 };
    struct dt_param *mean;
    double sum = 0, square = 0;
    int n = 2 * 4 * 4;

    open_world(&w);
    mean = dt_norm_layer(w.net, w.root, "norm", 3, false)->param->next->next;
    finish(&w, 3);
    mean->tensor.data[1] = 77;
    dt_module_freeze(w.root, true);
    forward(&w, &run); /* fills the image */
    for (int i = 0; i < n; i++) {
        sum += (double)image[3 * i + 1];
        square += (double)image[3 * i + 1] * (double)image[3 * i + 1];
    }
    for (run.recalibrate = 1; run.recalibrate <= 3; run.recalibrate++) {
        for (size_t i = 0; i < sizeof image / sizeof image[0]; i++)
            image[i] += 1;
        dt_tape_reset(w.tape);
        dt_net_forward(w.net, &run, dt_tape_leaf(w.tape, dt_shape4(2, 4, 4, 3), image));
        dt_test_ok(dt_tape_err(w.tape));
    }
    ck_assert_double_eq_tol((double)mean->tensor.data[1], sum / n + 2, 1e-5);
    ck_assert_double_eq_tol((double)mean->next->tensor.data[1], (square - sum * sum / n) / (n - 1), 1e-5);
    close_world(&w);
}
END_TEST

START_TEST(unequal_widths_need_a_width)
{
    struct dt_run run = { 0 };
    struct world w;
    struct dt_tensor *x;

    open_world(&w);
    dt_conv_layer(w.net, w.root, "conv", 3, 8, 3, 1, 1, 1, false);
    finish(&w, 3);
    run.tape = w.tape;
    run.n = 2;
    x = dt_tape_leaf(w.tape, dt_shape4(2, 4, 4, 3), image);
    dt_keep(&run, dt_net_find(w.net, "net/conv"), x, x, DT_RELU);
    dt_test_fails(dt_tape_err(w.tape), DT_ESHAPE, "body puts out [2,4,4,8], base has [2,4,4,3]");
    close_world(&w);
}
END_TEST

START_TEST(layers_describe_themselves)
{
    struct world w;
    struct dt_module *m;
    char text[80];

    open_world(&w);
    m = dt_conv_layer(w.net, w.root, "conv", 4, 8, 3, 2, -1, 4, false);
    m->class_->describe(m, text, sizeof text);
    ck_assert_str_eq(text, "3x3, 4 -> 8, stride 2, pad 1, 4 groups");
    m->class_->describe(m, text, 5);
    ck_assert_str_eq(text, "3x3,");
    m = dt_norm_layer(w.net, w.root, "norm", 8, true);
    m->class_->describe(m, text, sizeof text);
    ck_assert_str_eq(text, "8 channels, relu");
    m = dt_linear_layer(w.net, w.root, "linear", 8, 2);
    m->class_->describe(m, text, sizeof text);
    ck_assert_str_eq(text, "8 -> 2");
    m = dt_dropout_layer(w.net, w.root, "dropout", 0.25);
    m->class_->describe(m, text, sizeof text);
    ck_assert_str_eq(text, "p = 0.25");
    m = dt_max_pool_layer(w.net, w.root, "pool", 3, 2, 1);
    m->class_->describe(m, text, sizeof text);
    ck_assert_str_eq(text, "3x3, stride 2, pad 1");
    close_world(&w);
}
END_TEST

/* ---- weight_prefix ---- */
static void check_prefix(struct world *w, struct dt_shape whole, struct dt_shape part)
{
    dt_real data[2 * 3 * 4 * 5], grad[2 * 3 * 4 * 5], factor[2 * 3 * 4 * 5];
    struct dt_tensor x = { .shape = whole, .data = data, .grad = grad, .wants_grad = true }, *y;
    int64_t n = dt_numel(&whole), at = 0;
    int d[4] = { 1, 1, 1, 1 }, p[4] = { 1, 1, 1, 1 };

    for (int64_t i = 0; i < n; i++) {
        data[i] = (dt_real)i;
        grad[i] = 1; /* gradients are added */
        factor[i] = (dt_real)(2 * i + 1);
    }
    for (int i = 0; i < whole.rank; i++) {
        d[4 - whole.rank + i] = whole.d[i];
        p[4 - whole.rank + i] = part.d[i];
    }
    y = dt_weight_prefix(w->tape, &x, part);
    ck_assert_int_eq(dt_backward(w->tape, dt_sum(w->tape, dt_mul(w->tape, y, dt_tape_leaf(w->tape, part, factor)))),
                     DT_OK);
    for (int i = 0; i < n; i++) {
        int k[4] = { i / (d[1] * d[2] * d[3]), i / (d[2] * d[3]) % d[1], i / d[3] % d[2], i % d[3] };
        bool in = k[0] < p[0] && k[1] < p[1] && k[2] < p[2] && k[3] < p[3];

        ck_assert(!in || y->data[at] == data[i]);
        ck_assert(grad[i] == 1 + (in ? factor[at] : 0));
        at += in;
    }
    ck_assert_int_eq(at, dt_numel(&part));
}

START_TEST(a_prefix_is_the_leading_block)
{
    struct world w;
    dt_real data[12] = { 0 };
    struct dt_tensor x = { .shape = dt_shape2(3, 4), .data = data };

    open_world(&w);
    check_prefix(&w, dt_shape4(2, 3, 4, 5), dt_shape4(1, 2, 4, 5));
    check_prefix(&w, dt_shape4(2, 3, 4, 5), dt_shape4(2, 1, 3, 2));
    check_prefix(&w, dt_shape2(6, 7), dt_shape2(4, 3));
    check_prefix(&w, dt_shape1(9), dt_shape1(5));
    check_prefix(&w, dt_shape1(9), dt_shape1(9));
    dt_weight_prefix(w.tape, &x, dt_shape2(3, 5));
    dt_test_fails(dt_tape_err(w.tape), DT_ESHAPE, "weight_prefix: [3,4] does not fit [3,5]: not a leading block");
    dt_tape_reset(w.tape);
    dt_weight_prefix(w.tape, &x, dt_shape1(3));
    dt_test_fails(dt_tape_err(w.tape), DT_ESHAPE, "ranks differ");
    close_world(&w);
}
END_TEST

Suite *suite_layers(void)
{
    Suite *s = suite_create("layers");
    TCase *t = tcase_create("layers");

    tcase_add_test(t, dropout_draws_anew_each_use_and_repeats_by_seed);
    tcase_add_test(t, statistics_follow_training_alone);
    tcase_add_test(t, recalibration_is_the_average_of_its_batches);
    tcase_add_test(t, unequal_widths_need_a_width);
    tcase_add_test(t, layers_describe_themselves);
    tcase_add_test(t, a_prefix_is_the_leading_block);
    suite_add_tcase(s, t);
    return s;
}
