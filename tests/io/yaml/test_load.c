#include "schema.h"

#include <string.h>
#include <time.h>

#define GOOD "version: 1\nbudgetnet: {agents: 1}\n"

START_TEST(bases_are_merged_left_to_right)
{
    struct bound b;

    write_text("configs/_base/one.yaml",
               GOOD "seed: 1\nname: one\noptim: {lr: 0.1, schedule: {warmup: 5, name: step}}\n"
                    "budget: {range: [0.1, 0.2, 0.3]}\n");
    write_text("configs/_base/two.yaml", "base: ../three.yaml\nseed: 2\noptim: {nesterov: false}\n");
    write_text("configs/three.yaml", "seed: 3\npretrained: three.h5\noptim: {schedule: {warmup: 7}}\n");
    write_text("configs/b.yaml", "name: own\nbase: [_base/one.yaml, _base/two.yaml]\nbudget: {range: [0.5]}\noptim:\n");
    expect_good(&b, "configs/b.yaml", NULL);
    ck_assert_int_eq(b.set.seed, 2);
    ck_assert_str_eq(b.set.name, "own");
    ck_assert_str_eq(b.set.pretrained, "three.h5");
    ck_assert_double_eq(b.set.optim.lr, 0.1);
    ck_assert(!b.set.optim.nesterov);
    ck_assert_double_eq(b.set.optim.schedule.warmup, 7);
    ck_assert_int_eq(b.set.optim.schedule.name, 2);
    ck_assert_int_eq(b.set.budget.range.n, 1); /* lists replace */
    ck_assert_double_eq(b.set.budget.range.v[0], 0.5);
    dt_config_free(b.config);
}
END_TEST

START_TEST(a_diamond_is_no_cycle)
{
    struct bound b;

    write_text("root.yaml", GOOD);
    write_text("left.yaml", "base: root.yaml\nseed: 4\n");
    write_text("right.yaml", "base: root.yaml\n");
    write_text("b.yaml", "base: [left.yaml, right.yaml]\n");
    expect_good(&b, "b.yaml", NULL);
    ck_assert_int_eq(b.set.seed, 4);
    dt_config_free(b.config);
}
END_TEST

START_TEST(cycles_are_refused_at_their_place)
{
    write_text("b.yaml", "base: c.yaml\n" GOOD);
    write_text("c.yaml", "x-a: 1\nbase:\n- ./b.yaml\n");
    expect_lines("b.yaml", NULL,
                 (const char *[]){ "c.yaml:3:3: error: base file './b.yaml' is being read already: the files name "
                                   "each other",
                                   NULL });
    expect_line("base: b.yaml\n" GOOD,
                "b.yaml:1:7: error: base file 'b.yaml' is being read already: the files name each other");
}
END_TEST

START_TEST(a_tower_of_bases_is_refused)
{
    char name[32], text[64];

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%d.yaml", i);
        snprintf(text, sizeof text, "base: %d.yaml\n", i + 1);
        write_text(name, text);
    }
    write_text("20.yaml", GOOD);
    expect_lines(
        "0.yaml", NULL,
        (const char *[]){ "16.yaml:1:7: error: base file '17.yaml' is one too many: at most 64 files, 16 deep, "
                          "make a config",
                          NULL });
    write_text("4.yaml", GOOD);
    expect_lines("0.yaml", NULL, (const char *[]){ NULL });
}
END_TEST

/* Each file names the next one twice: a million in all, were they read. */
START_TEST(a_bush_of_bases_is_refused)
{
    char name[32], text[64];
    clock_t begin = clock();
    struct bound b;

    for (int i = 0; i < 15; i++) {
        snprintf(name, sizeof name, "%d.yaml", i);
        snprintf(text, sizeof text, "base: [%d.yaml, %d.yaml]\n", i + 1, i + 1);
        write_text(name, text);
    }
    write_text("15.yaml", GOOD);
    load(&b, "0.yaml", NULL);
    bind(&b);
    dt_test_fails(&b.err, DT_ECONFIG, "is one too many: at most 64 files, 16 deep, make a config");
    dt_config_free(b.config);
    ck_assert_int_lt((clock() - begin) / CLOCKS_PER_SEC, 2);
}
END_TEST

START_TEST(a_base_that_is_not_there)
{
    expect_line("base: [none.yaml]\n" GOOD,
                "b.yaml:1:8: error: base file 'none.yaml' cannot be read: No such file or directory");
    expect_line("base: {a: b}\n", "b.yaml:1:7: error: base: expected a file name or a list of file names");
    expect_line("base:\n", "b.yaml:1:6: error: base: expected a file name or a list of file names");
}
END_TEST

START_TEST(a_config_that_is_not_there)
{
    expect_lines("none.yaml", NULL,
                 (const char *[]){ "none.yaml: error: cannot be read: No such file or directory", NULL });
    expect_lines(".", NULL, (const char *[]){ ".: error: is a folder", NULL });
}
END_TEST

START_TEST(errors_of_a_base_are_placed_there)
{
    write_text("configs/base.yaml", "version: 1\n\noptim: {lr: -1}\n");
    write_text("configs/b.yaml", "base: base.yaml\nbudgetnet: {agents: 9}\n");
    expect_lines("configs/b.yaml", NULL,
                 (const char *[]){ "configs/b.yaml:2:21: error: budgetnet.agents: expected integer from 1 to 8, got "
                                   "\"9\"",
                                   "configs/base.yaml:3:13: error: optim.lr: expected number > 0, got \"-1\"", NULL });
}
END_TEST

START_TEST(overrides_win)
{
    static const char *const overrides[] = { "optim.lr=5e-2",
                                             "optim.schedule.name=cosine",
                                             "budget.range=[0.3,1]",
                                             "name=a b: c",
                                             "budget={target: 0.75}",
                                             "pretrained=",
                                             "x-note=hi",
                                             "seed=3",
                                             "seed=4",
                                             "tags=['a, b', c]",
                                             NULL };
    struct bound b;

    write_text("b.yaml", GOOD "optim: {lr: 1, nesterov: false}\npretrained: x.h5\nname: q\n");
    load(&b, "b.yaml", overrides);
    dt_config_free(b.config);
    expect_lines(
        "b.yaml", overrides,
        (const char *[]){ "command line: override 4: error: name: expected text, got a section of keys", NULL });
    expect_good(&b, "b.yaml",
                (const char *[]){ overrides[0], overrides[1], overrides[2], "name='a b: c'", overrides[4], overrides[5],
                                  overrides[6], overrides[7], overrides[8], overrides[9], NULL });
    ck_assert_double_eq(b.set.optim.lr, 0.05);
    ck_assert(!b.set.optim.nesterov);
    ck_assert_int_eq(b.set.optim.schedule.name, 1);
    ck_assert_int_eq(b.set.budget.range.n, 2);
    ck_assert_double_eq(b.set.budget.range.v[0], 0.3);
    ck_assert_double_eq(b.set.budget.target, 0.75);
    ck_assert_str_eq(b.set.name, "a b: c");
    ck_assert_str_eq(b.set.pretrained, "");
    ck_assert_int_eq(b.set.seed, 4);
    ck_assert_int_eq(b.set.tags.n, 2);
    ck_assert_str_eq(b.set.tags.v[0], "a, b");
    dt_config_free(b.config);
}
END_TEST

static const struct bad {
    const char *text, *line;
} bad[] = {
    { "optim.lrr=0.1", "command line: override 1: error: unknown key 'lrr' in 'optim'; did you mean 'lr'?" },
    { "optim.lr=abc", "command line: override 1: error: optim.lr: expected number > 0, got \"abc\"" },
    { "optim.lr=", "command line: override 1: error: optim.lr: expected number > 0, got nothing" },
    { "optim=5", "command line: override 1: error: optim: expected a section of keys, got \"5\"" },
    { "seed.x=5", "command line: override 1: error: seed: expected integer from 0 to 4294967295, got a section of "
                  "keys" },
    { "optim.lr", "command line: override 1: error: 'optim.lr' does not have the form key.path=value" },
    { "=5", "command line: override 1: error: '=5' does not have the form key.path=value" },
    { ".lr=5", "command line: override 1: error: '.lr=5' does not have the form key.path=value" },
    { "lr.=5", "command line: override 1: error: 'lr.=5' does not have the form key.path=value" },
    { "optim..lr=5", "command line: override 1: error: 'optim..lr=5' does not have the form key.path=value" },
    { "seed = 9", "command line: override 1: error: 'seed = 9' does not have the form key.path=value" },
    { "base=x.yaml", "command line: override 1: error: 'base' is for files; name the other file in place of this "
                     "one" },
    { "budget={target: 1, target: 1}", "command line: override 1: error: duplicate key 'target'" },
    { "tags=[a", "command line: override 1: error: while parsing a flow sequence: did not find expected ',' or ']'" },
};

START_TEST(errors_of_an_override_name_it)
{
    write_text("b.yaml", GOOD);
    expect_lines("b.yaml", (const char *[]){ bad[_i].text, NULL }, (const char *[]){ bad[_i].line, NULL });
}
END_TEST

START_TEST(peeking_before_binding)
{
    struct bound b;

    write_text("b.yaml", "method: bsn\noptim: {schedule: {name: cosine}}\ntags: [a]\n");
    load(&b, "b.yaml", (const char *[]){ "x-a.b=7", NULL });
    ck_assert_str_eq(dt_config_peek(b.config, "method"), "bsn");
    ck_assert_str_eq(dt_config_peek(b.config, "optim.schedule.name"), "cosine");
    ck_assert_str_eq(dt_config_peek(b.config, "x-a.b"), "7");
    ck_assert_ptr_null(dt_config_peek(b.config, "optim"));
    ck_assert_ptr_null(dt_config_peek(b.config, "tags"));
    ck_assert_ptr_null(dt_config_peek(b.config, "method.name"));
    ck_assert_ptr_null(dt_config_peek(b.config, ""));
    dt_config_free(b.config);
    load(&b, "none.yaml", NULL);
    ck_assert_ptr_null(dt_config_peek(b.config, "method"));
    dt_config_free(b.config);
}
END_TEST

START_TEST(out_of_memory_at_every_call)
{
    struct dt_alloc_stats before;

    write_text("b.yaml", GOOD "base: c.yaml\n");
    write_text("c.yaml", "x-a: &a {lr: 1}\noptim: *a\nunknown: 1\ntags: [a, b]\n");
    before = dt_alloc_stats();
    for (int64_t k = 0;; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_config *c;

        dt_alloc_fail_at(k);
        c = dt_config_load("b.yaml", 1, (const char *[]){ "seed=5" }, &err);
        dt_alloc_fail_at(-1);
        dt_config_free(c);
        ck_assert_int_eq(dt_alloc_stats().live, before.live);
        if (c)
            break;
        ck_assert_int_eq(err.code, DT_ENOMEM);
    }
}
END_TEST

Suite *suite_yaml_load(void)
{
    Suite *s = suite_create("yaml_load");
    TCase *c = case_in_folder("yaml_load");

    tcase_add_test(c, bases_are_merged_left_to_right);
    tcase_add_test(c, a_diamond_is_no_cycle);
    tcase_add_test(c, cycles_are_refused_at_their_place);
    tcase_add_test(c, a_tower_of_bases_is_refused);
    tcase_add_test(c, a_bush_of_bases_is_refused);
    tcase_add_test(c, a_base_that_is_not_there);
    tcase_add_test(c, a_config_that_is_not_there);
    tcase_add_test(c, errors_of_a_base_are_placed_there);
    tcase_add_test(c, overrides_win);
    tcase_add_loop_test(c, errors_of_an_override_name_it, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, peeking_before_binding);
    tcase_add_test(c, out_of_memory_at_every_call);
    suite_add_tcase(s, c);
    return s;
}
