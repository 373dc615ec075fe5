/* dt_net_finish: flat arrays, first values, the space, the dry check; and every allocation that can fail. */
#include "suites.h"
#include "toy.h"

#include <math.h>
#include <string.h>

static struct dt_net *finished(struct dt_net *net)
{
    struct dt_err err = { 0 };

    (void)(dt_net_finish(net, 8, 8, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

static struct dt_net *chain(uint64_t seed, bool policy)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(seed, &err);
    struct dt_module *root;

    if (policy) /* made first, walked last */
        dt_linear_layer(net, dt_seq(net, NULL, "policy"), "fc", 3, 2);
    root = dt_seq(net, NULL, "net");
    dt_conv_norm(net, root, "a", 3, &(struct dt_conv_norm_cfg){ .out = 40, .kernel = 3, .pad = -1, .relu = true });
    dt_conv_layer(net, root, "b", 40, 50, 3, 1, 1, 1, true);
    dt_head_layer(net, root, "head", 50, 7);
    return finished(net);
}

struct flat {
    struct dt_net *net;
    size_t next;
    int n;
};

static bool check_place(void *ctx, struct dt_param *p)
{
    struct flat *f = ctx;
    size_t n = (size_t)dt_numel(&p->tensor.shape);

    ck_assert_int_eq((uintptr_t)p->tensor.data % 64, 0);
    if (p->buffer) {
        ck_assert_ptr_null(p->tensor.grad);
        ck_assert(!p->tensor.param);
        return true;
    }
    ck_assert(p->offset >= f->next && p->offset < f->next + 64 / sizeof(dt_real));
    for (; f->next < p->offset; f->next++)
        ck_assert(dt_net_x(f->net)[f->next] == 0);
    ck_assert_ptr_eq(p->tensor.data, dt_net_x(f->net) + p->offset);
    ck_assert_ptr_eq(p->tensor.grad, dt_net_g(f->net) + p->offset);
    ck_assert(p->tensor.param && p->tensor.version > 0);
    f->next += n;
    f->n++;
    return true;
}

START_TEST(parameters_lie_in_flat_arrays)
{
    struct dt_net *net = chain(1, true);
    struct flat f = { .net = net };
    struct dt_tensor *w = &dt_net_find(net, "net/b")->param->tensor;
    uint64_t version = w->version;

    dt_net_walk(net, &(struct dt_visitor){ .ctx = &f, .param = check_place });
    ck_assert_int_eq(f.n, 9);
    ck_assert(f.next <= dt_net_size(net) && dt_net_size(net) < f.next + 64);
    dt_net_touch(net);
    ck_assert_uint_gt(w->version, version);
    for (size_t i = 0; i < dt_net_size(net); i++)
        dt_net_g(net)[i] = 1;
    dt_net_zero_grad(net);
    for (size_t i = 0; i < dt_net_size(net); i++)
        ck_assert(dt_net_g(net)[i] == 0);
    dt_net_free(net);
}
END_TEST

static double deviation(const struct dt_tensor *t, double *top)
{
    double sum = 0;
    int64_t n = dt_numel(&t->shape);

    *top = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)t->data[i] * (double)t->data[i];
        *top = fmax(*top, fabs((double)t->data[i]));
    }
    return sqrt(sum / (double)n);
}

START_TEST(first_values_have_their_distributions)
{
    struct dt_net *net = chain(5, false);
    struct dt_param *w = dt_net_find(net, "net/b")->param, *gamma = dt_net_find(net, "net/a/norm")->param;
    double top;

    ck_assert_double_eq_tol(deviation(&w->tensor, &top), sqrt(2.0 / (50 * 9)), 0.002);
    ck_assert_double_gt(top, 3 * sqrt(2.0 / (50 * 9))); /* a normal one has tails */
    deviation(&w->next->tensor, &top);
    ck_assert(top <= 1 / sqrt(40.0 * 9) + 1e-6 && top > 0.8 / sqrt(40.0 * 9));
    w = dt_net_find(net, "net/head/fc")->param;
    ck_assert_double_eq_tol(deviation(&w->tensor, &top), 1 / sqrt(3.0 * 50), 0.006);
    ck_assert_double_le(top, 1 / sqrt(50.0) + 1e-6);
    ck_assert(deviation(&gamma->tensor, &top) == 1);
    ck_assert(deviation(&gamma->next->tensor, &top) == 0);
    dt_net_free(net);
}
END_TEST

START_TEST(first_values_are_a_function_of_the_seed)
{
    struct dt_net *a = chain(5, false), *b = chain(5, true), *c = chain(6, false);
    size_t n = dt_net_size(a);

    ck_assert(dt_net_size(b) > n); /* the policy's parameters come behind and move nothing */
    ck_assert_mem_eq(dt_net_x(a), dt_net_x(b), n * sizeof(dt_real));
    ck_assert(memcmp(dt_net_x(a), dt_net_x(c), n * sizeof(dt_real)) != 0);
    dt_net_free(a);
    dt_net_free(b);
    dt_net_free(c);
}
END_TEST

START_TEST(the_space_lists_choices_in_walk_order)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_module *root = dt_seq(net, NULL, "net"), *a, *b, *head;
    const struct dt_space *space = dt_net_space(net);

    a = dt_conv_norm(net, root, "a", 3, &(struct dt_conv_norm_cfg){ .out = 8, .kernel = 3, .pad = -1, .width = true });
    head = dt_head_layer(net, root, "exit", 8, 2);
    b = dt_conv_norm(net, root, "b", 8, &(struct dt_conv_norm_cfg){ .out = 8, .kernel = 3, .pad = -1, .width = true });
    dt_choice_tie(b, a, DT_WIDTH);
    dt_head_layer(net, root, "head", 8, 2);
    dt_choice_new(head, DT_EXIT, DT_LEAVE);
    finished(net);
    ck_assert_int_eq(space->n, 3);
    ck_assert_str_eq(space->choice[0].path, "net/a");
    ck_assert(space->choice[0].kind == DT_WIDTH && space->choice[0].max == 8 && space->choice[0].tie == -1);
    ck_assert_str_eq(space->choice[1].path, "net/exit");
    ck_assert(space->choice[1].kind == DT_EXIT && space->choice[1].max == DT_LEAVE);
    ck_assert_str_eq(space->choice[2].path, "net/b");
    ck_assert_int_eq(space->choice[2].tie, 0);
    ck_assert_int_eq(a->choice[DT_WIDTH], 0);
    ck_assert_int_eq(b->choice[DT_WIDTH], 2);
    ck_assert_int_eq(b->choice[DT_KEEP], -1);
    ck_assert_int_eq(dt_net_input(net).d[1], 8);
    dt_net_free(net);
}
END_TEST

/* What cannot run is refused at once, and the message says where. */
static void refused(struct dt_net *net, const char *text)
{
    struct dt_err err = { 0 };

    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_ESHAPE);
    dt_test_fails(&err, DT_ESHAPE, text);
    dt_net_free(net);
}

START_TEST(an_impossible_net_is_refused_by_path)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_module *root = dt_seq(net, NULL, "net");

    dt_conv_layer(net, dt_seq(net, root, "stage1"), "conv", 4, 8, 3, 1, 1, 1, false);
    refused(net, "net/stage1/conv: conv2d: ");
    net = dt_net_new(1, &err);
    root = dt_seq(net, NULL, "net");
    dt_conv_layer(net, root, "conv", 3, 8, 3, 1, 1, 1, false);
    dt_head_layer(net, root, "exit", 9, 2); /* looked at in the dry run, although it is passed by default */
    dt_choice_new(dt_net_find(net, "net/exit"), DT_EXIT, DT_LEAVE);
    dt_head_layer(net, root, "head", 8, 2);
    refused(net, "net/exit/fc: linear: ");
    net = dt_net_new(1, &err);
    root = dt_seq(net, NULL, "net");
    dt_conv_norm(net, root, "a", 3, &(struct dt_conv_norm_cfg){ .out = 8, .kernel = 3, .pad = -1, .width = true });
    dt_conv_layer(net, root, "b", 9, 8, 3, 1, 1, 1, false); /* a width makes no excuse */
    refused(net, "net/b: conv2d: ");
}
END_TEST

/* Builds, finishes and prices a net of every kind of part. */
static bool whole_life(struct dt_err *err)
{
    struct dt_net *net = dt_net_new(1, err);
    struct dt_model_cfg cfg = { .arch = "resnet8", .classes = 10, .width = 4, .dynamic = true };
    struct dt_cost cost;
    bool ok;

    ok = net && dt_model_build(net, &cfg, 3, err) == DT_OK && dt_net_finish(net, 8, 8, 3, err) == DT_OK &&
         dt_cost(net, NULL, NULL, &cost, err) == DT_OK;
    dt_net_free(net);
    return ok;
}

START_TEST(every_allocation_may_fail)
{
    int64_t live = dt_alloc_stats().live;
    bool ok = false;

    for (int64_t k = 0; !ok; k++) {
        struct dt_err err = { 0 };

        dt_alloc_fail_at(k);
        ok = whole_life(&err);
        dt_alloc_fail_at(-1);
        ck_assert(ok || err.code == DT_ENOMEM);
        ck_assert_int_eq(dt_alloc_stats().live, live);
        ck_assert_int_lt(k, 1000);
        ck_assert(k > 2 || !ok);
    }
}
END_TEST

Suite *suite_net(void)
{
    Suite *s = suite_create("net");
    TCase *t = tcase_create("net");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, parameters_lie_in_flat_arrays);
    tcase_add_test(t, first_values_have_their_distributions);
    tcase_add_test(t, first_values_are_a_function_of_the_seed);
    tcase_add_test(t, the_space_lists_choices_in_walk_order);
    tcase_add_test(t, an_impossible_net_is_refused_by_path);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}
