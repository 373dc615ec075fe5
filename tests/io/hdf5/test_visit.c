#include "sample.h"

#include <string.h>

struct state {
    int64_t epoch;
    double best, curve[3];
    bool entered, done;
    float w[2];
};

/* One function for both ways. */
static void visit(struct state *s, struct dt_visit *v)
{
    dt_visit_i64(v, "epoch", &s->epoch);
    dt_visit_real(v, "best", &s->best);
    dt_visit_bool(v, "entered", &s->entered);
    dt_visit_bool(v, "done", &s->done);
    dt_visit_reals(v, "curve", s->curve, 3);
    dt_visit_f32(v, "deep/w", s->w, 2);
}

START_TEST(what_is_saved_is_loaded)
{
    struct dt_err err = { .code = DT_OK };
    struct state s = { .epoch = 7, .best = 0.1, .curve = { 1, 2, 3 }, .entered = true, .w = { 5, 6 } };
    struct state back = { .done = true };
    struct dt_visit v = { .ckpt = dt_ckpt_new(&err), .prefix = "/method" };

    visit(&s, &v);
    dt_test_ok(dt_ckpt_err(v.ckpt));
    ck_assert_int_eq(dt_ckpt_save(v.ckpt, "a.h5", &err), DT_OK);
    dt_ckpt_free(v.ckpt);
    v = (struct dt_visit){ .ckpt = open_good("a.h5"), .loading = true, .prefix = "/method" };
    visit(&back, &v);
    dt_test_ok(dt_ckpt_err(v.ckpt));
    ck_assert(dt_ckpt_has(v.ckpt, "/method/deep/w"));
    dt_ckpt_free(v.ckpt);
    ck_assert_int_eq(back.epoch, 7);
    ck_assert(back.best == 0.1 && back.curve[2] == 3 && back.w[1] == 6);
    ck_assert(back.entered && !back.done);
}
END_TEST

START_TEST(what_is_missing_is_named_and_the_rest_untouched)
{
    struct dt_visit v = { .loading = true, .prefix = "/method" };
    struct state s = { .epoch = 1, .entered = true };

    save_sample("a.h5");
    v.ckpt = open_good("a.h5");
    visit(&s, &v);
    dt_test_fails(dt_ckpt_err(v.ckpt), DT_ECHECKPOINT, "a.h5: /method/epoch is missing");
    ck_assert_int_eq(s.epoch, 1);
    ck_assert(s.entered);
    dt_ckpt_free(v.ckpt);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_a_failure)
{
    struct dt_err err = { .code = DT_OK };
    char prefix[600];
    struct dt_visit v = { .ckpt = dt_ckpt_new(&err), .prefix = prefix };
    struct state s = { .epoch = 1 };

    memset(prefix, 'p', sizeof prefix - 1);
    prefix[0] = '/';
    prefix[sizeof prefix - 1] = '\0';
    visit(&s, &v);
    dt_test_fails(dt_ckpt_err(v.ckpt), DT_ECHECKPOINT, "the path is too long");
    dt_ckpt_free(v.ckpt);
}
END_TEST

Suite *suite_visit(void)
{
    Suite *s = suite_create("visit");
    TCase *c = case_in_folder("visit");

    tcase_add_test(c, what_is_saved_is_loaded);
    tcase_add_test(c, what_is_missing_is_named_and_the_rest_untouched);
    tcase_add_test(c, a_path_that_is_too_long_is_a_failure);
    suite_add_tcase(s, c);
    return s;
}
