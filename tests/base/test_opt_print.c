#include "suites.h"
#include "options.h"

#include <string.h>

START_TEST(values_read_back_as_they_were)
{
    static const char *const text[] = {
        [EPOCHS] = "12",
        [LR] = "0.05",
        [SHARE] = "0.3333333333333333",
        [NESTEROV] = "true",
        [NOTE] = "plain",
        [KIND] = "sgd",
        [STEPS] = "[0.5, 0.75]",
        [NAMES] = "[a, \"b, \\\"c\\\"\", \"1\", \"x\\\\y\\nz\"]",
        [MUST] = "-7",
    };
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct outer o;
    char buf[256];

    dt_opt_defaults(outer_table, &o, arena, &err);
    for (int row = EPOCHS; row <= MUST; row++) {
        if (!text[row])
            continue;
        dt_opt_set(&outer_table[row], &o, text[row], arena, &err);
        dt_test_ok(&err);
        ck_assert_str_eq(dt_opt_print(&outer_table[row], &o, buf, sizeof buf), text[row]);
    }
    dt_arena_free(arena);
}
END_TEST

START_TEST(strings_are_quoted_where_yaml_would_misread_them)
{
    static const char *const row[][2] = {
        { "resnet20", "resnet20" },
        { "data/cifar", "data/cifar" },
        { "../x.yaml", "../x.yaml" },
        { "", "\"\"" },
        { "true", "\"true\"" },
        { "1e3", "\"1e3\"" },
        { "010", "\"010\"" },
        { "a: b", "\"a: b\"" },
        { "# x", "\"# x\"" },
        { "- x", "\"- x\"" },
        { "say \"x\"", "\"say \\\"x\\\"\"" },
    };
    struct outer o = { .epochs = 0 };
    char buf[64];

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        o.note = row[i][0];
        ck_assert_str_eq(dt_opt_print(&outer_table[NOTE], &o, buf, sizeof buf), row[i][1]);
    }
    o.note = NULL;
    ck_assert_str_eq(dt_opt_print(&outer_table[NOTE], &o, buf, sizeof buf), "\"\"");
}
END_TEST

START_TEST(expectations)
{
    static const char *const want[] = {
        [EPOCHS] = "integer >= 1",
        [LR] = "number > 0",
        [SHARE] = "number from 0 to 1",
        [NESTEROV] = "true or false",
        [NOTE] = "text",
        [KIND] = "one of sgd, adam",
        [STEPS] = "list of numbers > 0 and <= 1",
        [NAMES] = "list of strings",
        [IN] = "a section of keys",
        [MUST] = "integer <= 9",
    };
    static const struct dt_opt any = { "x", DT_OPT_REAL, 0, NULL, -1.0 / 0.0, 1.0 / 0.0, NULL, NULL, "" };
    char buf[64];

    for (int row = EPOCHS; row <= MUST; row++)
        ck_assert_str_eq(dt_opt_expects(&outer_table[row], buf, sizeof buf), want[row]);
    ck_assert_str_eq(dt_opt_expects(&any, buf, sizeof buf), "number");
}
END_TEST

START_TEST(a_small_buffer_is_respected)
{
    char buf[8] = "0123456";

    dt_opt_expects(&outer_table[KIND], buf, 5);
    ck_assert_str_eq(buf, "one ");
    ck_assert_mem_eq(buf + 5, "56", 3);
    ck_assert_str_eq(dt_opt_expects(&outer_table[KIND], buf, 1), "");
}
END_TEST

Suite *suite_opt_print(void)
{
    Suite *s = suite_create("opt_print");
    TCase *t = tcase_create("opt_print");

    tcase_add_test(t, values_read_back_as_they_were);
    tcase_add_test(t, strings_are_quoted_where_yaml_would_misread_them);
    tcase_add_test(t, expectations);
    tcase_add_test(t, a_small_buffer_is_respected);
    suite_add_tcase(s, t);
    return s;
}
