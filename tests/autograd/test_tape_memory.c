/* Running out of memory: the k-th allocation of a step fails, for k = 0, 1, 2, ... until the step succeeds. Every time
 * it must end in DT_ENOMEM, say so, and leave nothing behind. */
#include "case_run.h"
#include "small_net.h"
#include "suites.h"

#include <support.h>

struct memory_net {
    struct small_net all;
    struct dt_tensor *conv, *gamma, *beta, *mean, *var, *grouped, *w, *u, *b, *linear, *bias;
};

static struct dt_tensor *drawn(struct memory_net *m, struct dt_shape shape)
{
    struct dt_tensor *p = small_net_add(&m->all, shape, true);

    small_net_init(p, (uint32_t)m->all.n);
    return p;
}

static void open_net(struct memory_net *m)
{
    *m = (struct memory_net){ .conv = NULL };
    m->conv = drawn(m, dt_shape4(32, 3, 3, 3));
    m->grouped = drawn(m, dt_shape4(32, 16, 3, 3));
    small_net_fill(m->gamma = small_net_add(&m->all, dt_shape1(32), true), 1);
    m->beta = small_net_add(&m->all, dt_shape1(32), true);
    m->mean = small_net_add(&m->all, dt_shape1(32), false);
    small_net_fill(m->var = small_net_add(&m->all, dt_shape1(32), false), 1);
    m->w = drawn(m, dt_shape2(16, 32));
    m->u = drawn(m, dt_shape2(16, 4));
    m->b = drawn(m, dt_shape1(16));
    m->linear = drawn(m, dt_shape2(5, 8));
    m->bias = drawn(m, dt_shape1(5));
}

/* Convolutions plain and grouped, a gathered half, a recurrent head, a block computed again: every kind of scratch
 * memory there is. */
static struct dt_tensor *network(struct dt_tape *t, struct memory_net *m, struct dt_tensor *x)
{
    static const int rows[] = { 2, 0 }, label[] = { 1, 4, 0 };
    struct dt_norm_in with = { m->gamma, m->beta, m->mean, m->var, NULL, NULL };
    struct dt_conv_cfg pad = { .pad = 1 }, grouped = { .pad = 1, .groups = 2 };
    struct dt_tensor *y;

    dt_tape_push(t, "net");
    dt_tape_push(t, "block");
    ck_assert(dt_segment_begin(t) || dt_tape_err(t)->code);
    x = dt_conv2d(t, x, m->conv, NULL, &pad);
    x = dt_batch_norm(t, x, &with, &(struct dt_norm_cfg){ .training = true, .act = DT_RELU });
    y = dt_conv2d(t, dt_gather(t, x, rows, 2), m->grouped, NULL, &grouped);
    x = dt_scatter_add(t, x, y, rows, 2, DT_RELU);
    dt_segment_end(t, x);
    dt_tape_pop(t);
    x = dt_global_avg_pool(t, dt_max_pool(t, x, 2, 2, 0));
    x = dt_lstm_cell(t, x, dt_zeros(t, dt_shape2(3, 8)), m->w, m->u, m->b);
    x = dt_linear(t, dt_softmax(t, x), m->linear, m->bias);
    dt_tape_pop(t);
    return dt_mean(t, dt_cross_entropy(t, x, label, NULL, NULL, 0.1));
}

/* One step from nothing: engine, tape, forward, backward. */
static enum dt_code step(struct memory_net *m, const char *name, const dt_real *image, double *value)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new(name, &err);
    struct dt_tape *t = e ? dt_tape_new(e, &err) : NULL;
    enum dt_code code = err.code;

    if (t) {
        struct dt_tensor *loss;

        dt_tape_recompute(t, true);
        loss = network(t, m, dt_tape_leaf(t, dt_shape4(3, 6, 6, 3), image));
        code = dt_backward(t, loss);
        ck_assert_int_eq(code, dt_tape_err(t)->code);
        ck_assert_msg(!code || dt_tape_err(t)->msg[0], "no message");
        *value = code ? 0 : (double)loss->data[0];
    }
    ck_assert(t || code);
    dt_tape_free(t);
    for (int i = 0; i < m->all.n; i++)
        dt_pack_free(&m->all.p[i]);
    dt_engine_free(e);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    struct memory_net m;
    struct dt_tensor *image;
    double want = 0, got = 0;
    int64_t live, k = 0;
    enum dt_code code = DT_ENOMEM;

    open_net(&m);
    image = small_net_add(&m.all, dt_shape4(3, 6, 6, 3), false);
    small_net_init(image, 99);
    ck_assert_int_eq(step(&m, engines[_i], image->data, &want), DT_OK);
    live = dt_alloc_stats().live;
    for (; code; k++) {
        ck_assert_int_lt(k, 5000);
        dt_alloc_fail_at(k);
        code = step(&m, engines[_i], image->data, &got);
        dt_alloc_fail_at(-1);
        ck_assert_msg(code == DT_OK || code == DT_ENOMEM, "allocation %d: code %d", (int)k, code);
        ck_assert_msg(dt_alloc_stats().live == live, "allocation %d: %d blocks lost", (int)k,
                      (int)(dt_alloc_stats().live - live));
    }
    ck_assert_int_gt(k, 5); /* there was something to fail */
    ck_assert(got == want); /* training statistics: what the failed steps left in the running ones does not matter */
    small_net_free(&m.all);
}
END_TEST

/* Sizes beyond the address space are refused, not wrapped around. */
START_TEST(sizes_do_not_wrap)
{
    struct dt_engine *e = engine_open("ref");
    struct dt_err err = { 0 };
    struct dt_tape *t = dt_tape_new(e, &err);

    dt_zeros(t, dt_shape4(2147483647, 2147483647, 2147483647, 16));
    dt_test_fails(dt_tape_err(t), DT_ENOMEM, "zeros: ");
    dt_tape_free(t);
    dt_engine_free(e);
}
END_TEST

Suite *tape_memory_suite(void)
{
    Suite *s = suite_create("tape_memory");
    TCase *tc = tcase_create("memory");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, every_allocation_may_fail, 0, n_engines);
    tcase_add_test(tc, sizes_do_not_wrap);
    suite_add_tcase(s, tc);
    return s;
}
