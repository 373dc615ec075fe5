/* Weights by name: round trip, and the message for a file of another network. */
#include <string.h>

#include "suites.h"
#include "train/loop.h"

static struct dt_net *make(const char *arch, int64_t width, int64_t classes, uint64_t seed)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_net *net = dt_net_new(seed, &err);
    struct dt_model_cfg cfg = { .arch = arch, .classes = classes, .width = width };

    ck_assert_int_eq(dt_model_build(net, &cfg, 3, &err), DT_OK);
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_OK);
    return net;
}

static struct dt_ckpt *save(struct dt_net *net)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_new(&err);

    dt_test_ok(&err);
    dt_weights_put(net, c, "/model");
    dt_test_ok(dt_ckpt_err(c));
    return c;
}

START_TEST(round_trip)
{
    struct dt_net *a = make("resnet8", 4, 10, 1), *b = make("resnet8", 4, 10, 2);
    struct dt_ckpt *c = save(a);
    struct dt_err err = { .code = DT_OK };
    size_t bytes = dt_net_size(a) * sizeof(dt_real);

    ck_assert_int_ne(memcmp(dt_net_x(a), dt_net_x(b), bytes), 0);
    ck_assert_int_eq(dt_weights_get(b, c, "/model", true, "x.h5", &err), DT_OK);
    ck_assert_int_eq(memcmp(dt_net_x(a), dt_net_x(b), bytes), 0);
    dt_ckpt_free(c);
    dt_net_free(a);
    dt_net_free(b);
}
END_TEST

static void refuses(const char *arch, int64_t width, int64_t classes, const char *text)
{
    struct dt_net *a = make(arch, width, classes, 1), *b = make("resnet8", 4, 10, 2);
    struct dt_ckpt *c = save(a);
    struct dt_err err = { .code = DT_OK };
    dt_real first = dt_net_x(b)[0];

    ck_assert_int_eq(dt_weights_get(b, c, "/model", true, "x.h5", &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "x.h5: holds another network");
    dt_test_fails(&err, DT_ECHECKPOINT, text);
    ck_assert(dt_net_x(b)[0] == first); /* nothing was loaded */
    dt_ckpt_free(c);
    dt_net_free(a);
    dt_net_free(b);
}

START_TEST(another_classifier)
{
    refuses("resnet8", 4, 7, "of another shape model/head/fc/bias ([7] there, [10] here)");
}
END_TEST

START_TEST(another_depth)
{
    refuses("resnet14", 4, 10, "extra model/stage1/block1/");
}
END_TEST

START_TEST(another_width)
{
    refuses("resnet8", 8, 10, "more");
}
END_TEST

START_TEST(something_missing)
{
    struct dt_net *a = make("resnet8", 4, 10, 1);
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_new(&err);

    ck_assert_int_eq(dt_weights_get(a, c, "/model", false, "x.h5", &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "; missing model/stem/");
    dt_ckpt_free(c);
    dt_net_free(a);
}
END_TEST

Suite *suite_weights(void)
{
    Suite *s = suite_create("weights");
    TCase *c = tcase_create("by name");

    tcase_add_test(c, round_trip);
    tcase_add_test(c, another_classifier);
    tcase_add_test(c, another_depth);
    tcase_add_test(c, another_width);
    tcase_add_test(c, something_missing);
    suite_add_tcase(s, c);
    return s;
}
