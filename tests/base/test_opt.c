#include "suites.h"
#include "options.h"

#include <string.h>

static struct dt_arena *arena;
static struct outer o;

static void setup(void)
{
    struct dt_err err = { .code = DT_OK };

    arena = dt_arena_new(0, &err);
    memset(&o, 0x55, sizeof o);
    dt_opt_defaults(outer_table, &o, arena, &err);
    dt_test_ok(&err);
}

static void teardown(void)
{
    dt_arena_free(arena);
}

static void accepts(int row, const char *text)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert(dt_opt_set(&outer_table[row], &o, text, arena, &err) == (err.code == DT_OK));
    dt_test_ok(&err);
}

static void refuses(int row, const char *text, const char *message)
{
    struct dt_err err = { .code = DT_OK };
    struct outer before = o;

    ck_assert(!dt_opt_set(&outer_table[row], &o, text, arena, &err));
    ck_assert_int_eq(err.code, DT_ECONFIG);
    ck_assert_str_eq(err.msg, message);
    ck_assert_mem_eq(&o, &before, sizeof o);
}

START_TEST(defaults_fill_everything)
{
    ck_assert_int_eq(o.epochs, 160);
    ck_assert(o.lr == 0.1 && o.share == 0.5 && !o.nesterov);
    ck_assert_str_eq(o.note, "none");
    ck_assert_int_eq(o.kind, 1);
    ck_assert(o.steps.n == 2 && o.steps.v[0] == 0.5 && o.steps.v[1] == 0.75);
    ck_assert_int_eq(o.names.n, 0);
    ck_assert(o.in.depth == 20 && o.in.on);
    ck_assert_int_eq(o.must, 0);
}
END_TEST

START_TEST(a_bad_default_names_its_option)
{
    static const struct dt_opt inner[] = { DT_INT(struct inner, depth, "0", 1, 5, ""), DT_OPT_END };
    static const struct dt_opt table[] = { DT_SECTION(struct outer, in, inner, ""), DT_OPT_END };
    struct dt_err err = { .code = DT_OK };

    ck_assert(!dt_opt_defaults(table, &o, arena, &err));
    dt_test_fails(&err, DT_ECONFIG, "default of 'in': default of 'depth': expected integer from 1 to 5, got \"0\"");
}
END_TEST

START_TEST(integers)
{
    accepts(EPOCHS, "12");
    ck_assert_int_eq(o.epochs, 12);
    accepts(MUST, "-3");
    ck_assert_int_eq(o.must, -3);
    refuses(EPOCHS, "0", "expected integer >= 1, got \"0\"");
    refuses(EPOCHS, "010", "expected integer >= 1, got \"010\"");
    refuses(EPOCHS, "1e3", "expected integer >= 1, got \"1e3\"");
    refuses(EPOCHS, "", "expected integer >= 1, got \"\"");
    refuses(MUST, "10", "expected integer <= 9, got \"10\"");
}
END_TEST

START_TEST(reals)
{
    accepts(LR, "1e-3");
    ck_assert(o.lr == 1e-3);
    accepts(SHARE, "1");
    ck_assert(o.share == 1);
    refuses(LR, "abc", "expected number > 0, got \"abc\"");
    refuses(LR, "0", "expected number > 0, got \"0\"");
    refuses(LR, "auto", "expected number > 0, got \"auto\"");
    refuses(LR, "nan", "expected number > 0, got \"nan\"");
    refuses(SHARE, "1.01", "expected number from 0 to 1, got \"1.01\"");
    refuses(SHARE, "-0.1", "expected number from 0 to 1, got \"-0.1\"");
}
END_TEST

START_TEST(words)
{
    accepts(NESTEROV, "true");
    ck_assert(o.nesterov);
    accepts(NOTE, "with spaces, and: more");
    ck_assert_str_eq(o.note, "with spaces, and: more");
    accepts(NOTE, "");
    ck_assert_str_eq(o.note, "");
    accepts(KIND, "sgd");
    ck_assert_int_eq(o.kind, 0);
    refuses(NESTEROV, "yes", "expected true or false, got \"yes\"");
    refuses(NESTEROV, "True", "expected true or false, got \"True\"");
    refuses(KIND, "sgdx", "expected one of sgd, adam, got \"sgdx\"");
    refuses(KIND, "0", "expected one of sgd, adam, got \"0\"");
    refuses(IN, "5", "expected a section of keys, got \"5\"");
}
END_TEST

START_TEST(lists)
{
    accepts(STEPS, " [ 0.25 ,1 ] ");
    ck_assert(o.steps.n == 2 && o.steps.v[0] == 0.25 && o.steps.v[1] == 1);
    accepts(STEPS, "[]");
    ck_assert_int_eq(o.steps.n, 0);
    accepts(NAMES, "[a b, \"c, \\\"d\\\" \\\\n\\n\" , e,]");
    ck_assert_int_eq(o.names.n, 3);
    ck_assert_str_eq(o.names.v[0], "a b");
    ck_assert_str_eq(o.names.v[1], "c, \"d\" \\n\n");
    ck_assert_str_eq(o.names.v[2], "e");
    refuses(STEPS, "0.5", "expected list of numbers > 0 and <= 1, got \"0.5\"");
    refuses(STEPS, "[0.5, 2]", "expected list of numbers > 0 and <= 1, got \"[0.5, 2]\"");
    refuses(STEPS, "[0.5,,1]", "expected list of numbers > 0 and <= 1, got \"[0.5,,1]\"");
    refuses(STEPS, "[", "expected list of numbers > 0 and <= 1, got \"[\"");
    refuses(STEPS, "", "expected list of numbers > 0 and <= 1, got \"\"");
    refuses(NAMES, "[\"a]", "expected list of strings, got \"[\"a]\"");
    refuses(NAMES, "[\"a\" b]", "expected list of strings, got \"[\"a\" b]\"");
}
END_TEST

START_TEST(a_long_text_is_cut_in_the_message)
{
    struct dt_err err = { .code = DT_OK };
    char text[2000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    dt_opt_set(&outer_table[LR], &o, text, arena, &err);
    dt_test_fails(&err, DT_ECONFIG, "xxx...\"");
    ck_assert_uint_lt(strlen(err.msg), 130);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    int64_t live = dt_alloc_stats().live;
    bool done = false;

    for (int k = 0; k < 10 && !done; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_arena *small = dt_arena_new(64, &err);

        dt_alloc_fail_at(k);
        done = dt_opt_defaults(outer_table, &o, small, &err);
        dt_alloc_fail_at(-1);
        ck_assert_int_eq(err.code, done ? DT_OK : DT_ENOMEM);
        ck_assert(done == (k >= 7)); /* one text, two lists of a text, names and numbers each */
        dt_arena_free(small);
    }
    ck_assert(done);
    ck_assert_int_eq(dt_alloc_stats().live, live);
}
END_TEST

Suite *suite_opt(void)
{
    Suite *s = suite_create("opt");
    TCase *t = tcase_create("opt");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, defaults_fill_everything);
    tcase_add_test(t, a_bad_default_names_its_option);
    tcase_add_test(t, integers);
    tcase_add_test(t, reals);
    tcase_add_test(t, words);
    tcase_add_test(t, lists);
    tcase_add_test(t, a_long_text_is_cut_in_the_message);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}
