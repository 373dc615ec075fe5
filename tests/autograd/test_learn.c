/* A small model that learns through the dynamic parts: an LSTM reads four words and must name the first; its state goes
 * as an image through a convolution with gated results and sample-weighted batch norm, and through a second one that
 * only half of the samples run, by gather and scatter_add. Guessing costs log(6) = 1.79 a sample. */
#include "case_run.h"
#include "small_net.h"
#include "suites.h"

#include <math.h>
#include <support.h>

enum { WORDS = 6, LENGTH = 4, BATCH = 48, HIDDEN = 16, STEPS = 300, LAST = 20 };

struct learner {
    struct small_net all;
    struct dt_tensor *table, *w, *u, *b, *gate_w, *gate_b, *conv[2], *gamma, *beta, *mean, *var, *linear, *bias;
};

struct batch {
    int word[LENGTH][BATCH], kept[BATCH], n_kept;
    dt_real weight[BATCH];
};

static struct dt_tensor *drawn(struct learner *m, struct dt_shape shape)
{
    struct dt_tensor *p = small_net_add(&m->all, shape, true);

    small_net_init(p, (uint32_t)m->all.n);
    return p;
}

static void open_learner(struct learner *m)
{
    *m = (struct learner){ .table = NULL };
    m->table = drawn(m, dt_shape2(WORDS, 8));
    m->w = drawn(m, dt_shape2(4 * HIDDEN, 8));
    m->u = drawn(m, dt_shape2(4 * HIDDEN, HIDDEN));
    m->b = small_net_add(&m->all, dt_shape1(4 * HIDDEN), true);
    for (int i = HIDDEN; i < 2 * HIDDEN; i++)
        m->b->data[i] = 1; /* remember at first */
    m->gate_w = drawn(m, dt_shape2(1, HIDDEN));
    m->gate_b = small_net_add(&m->all, dt_shape1(1), true);
    m->conv[0] = drawn(m, dt_shape4(8, 4, 3, 3));
    m->conv[1] = drawn(m, dt_shape4(8, 8, 3, 3));
    small_net_fill(m->gamma = small_net_add(&m->all, dt_shape1(8), true), 1);
    m->beta = small_net_add(&m->all, dt_shape1(8), true);
    m->mean = small_net_add(&m->all, dt_shape1(8), false);
    small_net_fill(m->var = small_net_add(&m->all, dt_shape1(8), false), 1);
    m->linear = drawn(m, dt_shape2(WORDS, 8));
    m->bias = small_net_add(&m->all, dt_shape1(WORDS), true);
}

/* Who runs the second convolution depends on the second word, which says nothing of the first. */
static void draw_batch(struct batch *d, uint32_t step)
{
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, step, 0);

    d->n_kept = 0;
    for (int i = 0; i < BATCH; i++) {
        for (int k = 0; k < LENGTH; k++)
            d->word[k][i] = (int)dt_rng_below(&rng, WORDS);
        d->weight[i] = (dt_real)(d->word[1][i] % 2);
        if (d->word[1][i] % 2)
            d->kept[d->n_kept++] = i;
    }
}

static struct dt_tensor *read_words(struct dt_tape *t, struct learner *m, const struct batch *d)
{
    struct dt_tensor *hc = dt_zeros(t, dt_shape2(BATCH, 2 * HIDDEN));

    for (int k = 0; k < LENGTH; k++)
        hc = dt_lstm_cell(t, dt_embedding(t, m->table, d->word[k], BATCH), hc, m->w, m->u, m->b);
    return dt_slice(t, hc, 0, HIDDEN);
}

static struct dt_tensor *network(struct dt_tape *t, struct learner *m, const struct batch *d)
{
    struct dt_norm_in with = { m->gamma, m->beta, m->mean, m->var, dt_tape_leaf(t, dt_shape1(BATCH), d->weight), NULL };
    struct dt_conv_cfg pad = { .pad = 1 };
    struct dt_tensor *h = read_words(t, m, d), *gate, *x, *y;

    gate = dt_reshape(t, dt_sigmoid(t, dt_linear(t, h, m->gate_w, m->gate_b)), dt_shape1(BATCH));
    x = dt_conv2d(t, dt_reshape(t, h, dt_shape4(BATCH, 2, 2, HIDDEN / 4)), m->conv[0], NULL, &pad);
    x = dt_batch_norm(t, x, &with, &(struct dt_norm_cfg){ .training = true, .act = DT_RELU });
    x = dt_gate(t, x, gate);
    y = dt_conv2d(t, dt_gather(t, x, d->kept, d->n_kept), m->conv[1], NULL, &pad);
    x = dt_scatter_add(t, x, y, d->kept, d->n_kept, DT_RELU);
    return dt_linear(t, dt_global_avg_pool(t, x), m->linear, m->bias);
}

static double train_step(struct dt_tape *t, struct learner *m, uint32_t step)
{
    struct dt_tensor *loss;
    struct batch d;
    double value;

    draw_batch(&d, step);
    dt_tape_reset(t);
    small_net_zero_grad(&m->all);
    loss = dt_mean(t, dt_cross_entropy(t, network(t, m, &d), d.word[0], NULL, NULL, 0));
    value = (double)loss->data[0];
    ck_assert_msg(dt_backward(t, loss) == DT_OK, "%s", dt_tape_err(t)->msg);
    return value;
}

/* Something reaches every parameter. */
static void check_reached(const struct learner *m)
{
    for (int i = 0; i < m->all.n; i++) {
        const struct dt_tensor *p = &m->all.p[i];
        double sum = 0;

        for (int64_t k = 0; p->wants_grad && k < dt_numel(&p->shape); k++)
            sum += fabs((double)p->grad[k]);
        ck_assert_msg(!p->wants_grad || sum > 0, "no gradient for parameter %d", i);
    }
}

START_TEST(a_dynamic_model_learns)
{
    struct dt_engine *e = engine_open(engines[_i]);
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);
    struct learner m;
    double last = 0;

    open_learner(&m);
    for (int step = 0; step < STEPS; step++) {
        double loss = train_step(t, &m, (uint32_t)step);

        if (step == 0) {
            check_reached(&m);
            ck_assert_double_gt(loss, 1.2); /* it knows nothing yet */
        }
        if (step >= STEPS - LAST)
            last += loss / LAST;
        small_net_sgd(&m.all, step < STEPS / 2 ? 0.1 : 0.02, 0.9, 0);
    }
    ck_assert_double_lt(last, 0.2); /* chance: ln 6 */
    small_net_free(&m.all);
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

Suite *learn_suite(void)
{
    Suite *s = suite_create("learn");
    TCase *tc = tcase_create("dynamic model");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, a_dynamic_model_learns, 0, n_engines);
    suite_add_tcase(s, tc);
    return s;
}
