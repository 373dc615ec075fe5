#include "schema.h"

#include <string.h>
#include <unistd.h>

#define GOOD "version: 1\nbudgetnet: {agents: 1}\n"

START_TEST(what_is_not_said_has_its_default)
{
    struct bound b;

    write_text("b.yaml", GOOD);
    expect_good(&b, "b.yaml", NULL);
    ck_assert_int_eq(b.set.seed, 1);
    ck_assert_str_eq(b.set.name, "run");
    ck_assert_double_eq(b.set.optim.lr, 0.1);
    ck_assert(b.set.optim.nesterov);
    ck_assert_int_eq(b.set.budget.range.n, 2);
    ck_assert_int_eq(b.set.tags.n, 0);
    ck_assert_double_eq(b.method.gamma, 0.99);
    dt_config_free(b.config);
}
END_TEST

START_TEST(every_type_is_bound)
{
    struct bound b;

    write_text("b.yaml", "version: 1\nseed: 4294967295\nname: 'it''s'\npretrained: \"\"\ntags: [a, 'b, c', no, 1]\n"
                         "optim: {lr: 1e-3, nesterov: false, schedule: {name: step, steps: [1, 2.5, .5]}}\n"
                         "budgetnet:\n  gamma: 1\n  agents: 8\n");
    expect_good(&b, "b.yaml", NULL);
    ck_assert_int_eq(b.set.seed, 4294967295);
    ck_assert_str_eq(b.set.name, "it's");
    ck_assert_str_eq(b.set.pretrained, "");
    ck_assert_int_eq(b.set.tags.n, 4);
    ck_assert_str_eq(b.set.tags.v[1], "b, c");
    ck_assert_str_eq(b.set.tags.v[2], "no");
    ck_assert_double_eq(b.set.optim.lr, 1e-3);
    ck_assert(!b.set.optim.nesterov);
    ck_assert_int_eq(b.set.optim.schedule.name, 2);
    ck_assert_int_eq(b.set.optim.schedule.steps.n, 3);
    ck_assert_double_eq(b.set.optim.schedule.steps.v[2], 0.5);
    ck_assert_double_eq(b.method.gamma, 1);
    ck_assert_int_eq(b.method.agents, 8);
    dt_config_free(b.config);
}
END_TEST

static const struct bad {
    const char *text, *line;
} bad[] = {
    { GOOD "budget:\n  targte: 1\n", "b.yaml:4:3: error: unknown key 'targte' in 'budget'; did you mean 'target'?" },
    { GOOD "budgte: {target: 1}\n", "b.yaml:3:1: error: unknown key 'budgte' at the top level; did you mean "
                                    "'budget'?" },
    { GOOD "budgetnett: {agents: 1}\n", "b.yaml:3:1: error: unknown key 'budgetnett' at the top level; did you mean "
                                        "'budgetnet'?" },
    { GOOD "lr: 1\n", "b.yaml:3:1: error: unknown key 'lr' at the top level; it belongs in 'optim'" },
    { GOOD "optim: {warmup: 1}\n",
      "b.yaml:3:9: error: unknown key 'warmup' in 'optim'; it belongs in 'optim.schedule'" },
    { GOOD "optim: {seed: 1}\n", "b.yaml:3:9: error: unknown key 'seed' in 'optim'; it belongs at the top level" },
    { GOOD "optim: {schedule: {gammma: 1}}\n", "b.yaml:3:20: error: unknown key 'gammma' in 'optim.schedule'" },
    { GOOD "xyzzy: 1\n", "b.yaml:3:1: error: unknown key 'xyzzy' at the top level" },
    { GOOD "seed: 1.5\n", "b.yaml:3:7: error: seed: expected integer from 0 to 4294967295, got \"1.5\"" },
    { GOOD "seed: 010\n", "b.yaml:3:7: error: seed: expected integer from 0 to 4294967295, got \"010\"" },
    { GOOD "seed: \"1\"\n", "b.yaml:3:7: error: seed: expected integer from 0 to 4294967295, got \"1\" in quotes, "
                            "which make it a text; remove them" },
    { GOOD "seed:\n", "b.yaml:3:6: error: seed: expected integer from 0 to 4294967295, got nothing" },
    { GOOD "seed: [1]\n", "b.yaml:3:7: error: seed: expected integer from 0 to 4294967295, got a list" },
    { GOOD "optim: {lr: 0}\n", "b.yaml:3:13: error: optim.lr: expected number > 0, got \"0\"" },
    { GOOD "optim: {lr: .inf}\n", "b.yaml:3:13: error: optim.lr: expected number > 0, got \".inf\"" },
    { GOOD "optim: {nesterov: yes}\n", "b.yaml:3:19: error: optim.nesterov: expected true or false, got \"yes\"" },
    { GOOD "optim: {schedule: {name: cosin}}\n",
      "b.yaml:3:26: error: optim.schedule.name: expected one of constant, cosine, step, got \"cosin\"" },
    { GOOD "optim: {schedule: cosine}\n",
      "b.yaml:3:19: error: optim.schedule: expected a section of keys, got \"cosine\"" },
    { GOOD "optim: [lr, 1]\n", "b.yaml:3:8: error: optim: expected a section of keys, got a list" },
    { GOOD "optim: ~\n", "b.yaml:3:8: error: optim: expected a section of keys, got \"~\"" },
    { GOOD "budget: {range: 0.5}\n",
      "b.yaml:3:17: error: budget.range: expected list of numbers from 0 to 1, got \"0.5\"; a list is written [a, b]" },
    { GOOD "budget: {range: {a: 1}}\n", "b.yaml:3:17: error: budget.range: expected list of numbers from 0 to 1, got "
                                        "a section of keys; a list is written [a, b]" },
    { GOOD "budget: {range: [0.5, 2]}\n",
      "b.yaml:3:23: error: budget.range[1]: expected number from 0 to 1, got \"2\"" },
    { GOOD "tags: [a, [b]]\n", "b.yaml:3:11: error: tags[1]: expected text, got a list" },
    { GOOD "name:\n", "b.yaml:3:6: error: name: expected text, got nothing; an empty text is written \"\"" },
    { GOOD "name: null\n", "b.yaml:3:7: error: name: expected text, got \"null\"; an empty text is written \"\"" },
    { "budgetnet: {agents: 1}\n", "b.yaml: error: required key 'version' is missing; expected integer from 1 to 1" },
    { "version: 1\nbudgetnet: {}\n",
      "b.yaml:2:1: error: required key 'budgetnet.agents' is missing; expected integer from 1 to 8" },
    { GOOD "bsn: {gamma: 1}\n", "b.yaml:3:1: error: section 'bsn' belongs to another method; remove it" },
};

START_TEST(what_is_wrong_is_said_in_one_line)
{
    expect_line(bad[_i].text, bad[_i].line);
}
END_TEST

START_TEST(all_errors_at_once_by_line)
{
    static const char *const lines[] = {
        "b.yaml: error: required key 'budgetnet.agents' is missing; expected integer from 1 to 8",
        "b.yaml:1:10: error: version: expected integer from 1 to 1, got \"2\"",
        "b.yaml:3:3: error: unknown key 'targt' in 'budget'; did you mean 'target'?",
        "b.yaml:4:1: error: duplicate key 'version' (first at 1:1)",
        "b.yaml:5:13: error: optim.lr: expected number > 0, got \"x\"",
        "b.yaml:5:23: error: unknown key 'nestrov' in 'optim'; did you mean 'nesterov'?",
        "command line: override 1: error: seed: expected integer from 0 to 4294967295, got \"-1\"",
        "command line: override 2: error: unknown key 'nmae' at the top level; did you mean 'name'?",
        NULL,
    };

    write_text("b.yaml", "version: 2\nbudget:\n  targt: 1\nversion: 1\noptim: {lr: x,        nestrov: true}\n");
    expect_lines("b.yaml", (const char *[]){ "seed=-1", "nmae=x", NULL }, lines);
}
END_TEST

START_TEST(twenty_errors_are_enough)
{
    char text[2048] = GOOD, line[64];
    struct bound b;

    for (int i = 40; i > 0; i--) {
        snprintf(line, sizeof line, "unknown%d: 1\n", i);
        strcat(text, line);
    }
    write_text("b.yaml", text);
    load(&b, "b.yaml", NULL);
    bind(&b);
    ck_assert_int_eq(dt_config_n_errors(b.config), 21);
    ck_assert_str_eq(dt_config_error(b.config, 0), "b.yaml:3:1: error: unknown key 'unknown40' at the top level");
    ck_assert_str_eq(dt_config_error(b.config, 19), "b.yaml:22:1: error: unknown key 'unknown21' at the top level");
    ck_assert_str_eq(dt_config_error(b.config, 20), "b.yaml: and 20 more errors");
    dt_test_fails(&b.err, DT_ECONFIG, "'unknown40' at the top level (and 39 more)");
    dt_config_free(b.config);
}
END_TEST

START_TEST(a_line_stays_one_line)
{
    expect_line(GOOD "seed: \"a\\nb\"\n", "b.yaml:3:7: error: seed: expected integer from 0 to 4294967295, got \"a "
                                          "b\" in quotes, which make it a text; remove them");
}
END_TEST

START_TEST(sections_of_other_methods_are_checked_for_spelling)
{
    write_text("b.yaml", GOOD "bsn: {gama: 1, agents: anything}\n");
    expect_lines("b.yaml", NULL,
                 (const char *[]){ "b.yaml:3:1: error: section 'bsn' belongs to another method; remove it",
                                   "b.yaml:3:7: error: unknown key 'gama' in 'bsn'; did you mean 'gamma'?", NULL });
}
END_TEST

START_TEST(in_a_base_file_they_are_a_warning)
{
    FILE *log = fopen("log.txt", "w");
    struct bound b;
    size_t size;
    char *text;

    write_text("base.yaml", "bsn: {gamma: 1}\n");
    write_text("b.yaml", "base: base.yaml\n" GOOD);
    dt_log_level(DT_QUIET);
    dt_log_file(log);
    dt_log_level(DT_WARN);
    expect_good(&b, "b.yaml", NULL);
    dt_log_level(DT_INFO);
    dt_log_file(NULL);
    fclose(log);
    dt_config_free(b.config);
    text = read_bytes("log.txt", &size);
    ck_assert_ptr_nonnull(strstr(text, "base.yaml:1:1: section 'bsn' belongs to another method"));
    dt_free(text);
}
END_TEST

START_TEST(errors_by_meaning_are_placed_too)
{
    struct bound b;

    write_text("b.yaml", GOOD "\noptim:\n  lr: 5\n");
    expect_good(&b, "b.yaml", NULL);
    dt_config_reject(b.config, "optim.lr", "%d is too much for %s", 5, "sgd");
    dt_config_reject(b.config, "budget.target", "does not suit");
    ck_assert_int_eq(dt_config_n_errors(b.config), 2);
    ck_assert_str_eq(dt_config_error(b.config, 0), "b.yaml: error: budget.target: does not suit");
    ck_assert_str_eq(dt_config_error(b.config, 1), "b.yaml:5:3: error: optim.lr: 5 is too much for sgd");
    bind(&b);
    ck_assert_int_eq(b.code, DT_ECONFIG);
    dt_config_free(b.config);
}
END_TEST

START_TEST(binding_twice_says_nothing_twice)
{
    struct bound b;

    write_text("b.yaml", GOOD "nmae: 1\n");
    load(&b, "b.yaml", NULL);
    bind(&b);
    bind(&b);
    ck_assert_int_eq(dt_config_n_errors(b.config), 1);
    dt_config_free(b.config);
}
END_TEST

Suite *suite_yaml_bind(void)
{
    Suite *s = suite_create("yaml_bind");
    TCase *c = case_in_folder("yaml_bind");

    tcase_add_test(c, what_is_not_said_has_its_default);
    tcase_add_test(c, every_type_is_bound);
    tcase_add_loop_test(c, what_is_wrong_is_said_in_one_line, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, all_errors_at_once_by_line);
    tcase_add_test(c, twenty_errors_are_enough);
    tcase_add_test(c, a_line_stays_one_line);
    tcase_add_test(c, sections_of_other_methods_are_checked_for_spelling);
    tcase_add_test(c, in_a_base_file_they_are_a_warning);
    tcase_add_test(c, errors_by_meaning_are_placed_too);
    tcase_add_test(c, binding_twice_says_nothing_twice);
    suite_add_tcase(s, c);
    return s;
}
