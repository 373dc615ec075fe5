#include "schema.h"

#include <string.h>
#include <time.h>

#define GOOD "version: 1\nbudgetnet: {agents: 1}\n"

static const struct bad {
    const char *text, *line;
} bad[] = {
    { "version: 1\n" GOOD, "b.yaml:2:1: error: duplicate key 'version' (first at 1:1)" },
    { GOOD "optim:\n\tlr: 1\n", "b.yaml:4:1: error: tabs cannot indent; use spaces" },
    { GOOD "optim: {lr: 1\n", "b.yaml:4:1: error: while parsing a flow mapping: did not find expected ',' or '}'" },
    { GOOD "a: b: c\n", "b.yaml:3:5: error: mapping values are not allowed in this context" },
    { GOOD "---\nversion: 1\n", "b.yaml:3:1: error: a second document ('---'): a config is one" },
    { GOOD "x-a: &a {lr: 1}\noptim:\n  <<: *a\n",
      "b.yaml:5:3: error: merge keys ('<<') are not supported; put the common part in a file and name it with "
      "'base:'" },
    { GOOD "x-a: &a [*a]\n", "b.yaml:3:10: error: an anchor that contains itself" },
    { GOOD "x-a: *a\n", "b.yaml:3:6: error: an alias ('*...') whose anchor ('&...') is not above it" },
    { GOOD "? [a, b]\n: 1\n", "b.yaml:3:3: error: a key must be a word" },
    { GOOD "? {a: b}\n: 1\n", "b.yaml:3:3: error: a key must be a word" },
    { GOOD "\"  \": 1\n", "b.yaml:3:1: error: a key must be a word" },
    { GOOD "seed: !!int 5\n", "b.yaml:3:7: error: tags ('!...') are not used here; remove it" },
    { GOOD "name: \"a\\0b\"\n", "b.yaml:3:7: error: a control character in a text" },
    { GOOD "name: \"a\\x1b[31mb\"\n", "b.yaml:3:7: error: a control character in a text" },
    { GOOD "name: \"a\\Lb\"\n", "b.yaml:3:7: error: a control character in a text" },
    { GOOD "name: a\x01\n", "b.yaml:3:8: error: control characters are not allowed" },
    { GOOD "name: \xff\n", "b.yaml:3:7: error: invalid leading UTF-8 octet" },
    { "[1, 2]\n", "b.yaml:1:1: error: expected keys and values ('key: value') at the top level" },
    { "just words\n", "b.yaml:1:1: error: expected keys and values ('key: value') at the top level" },
};

START_TEST(what_is_wrong_has_its_place)
{
    expect_line(bad[_i].text, bad[_i].line);
}
END_TEST

START_TEST(a_nul_byte_has_its_place)
{
    static const char text[] = GOOD "name: a\0b\n";

    write_bytes("b.yaml", text, sizeof text - 1);
    expect_lines("b.yaml", NULL, (const char *[]){ "b.yaml:3:8: error: control characters are not allowed", NULL });
}
END_TEST

static const char *const good[] = {
    "\xef\xbb\xbf" GOOD,
    "version: 1\r\nbudgetnet:\r\n  agents: 1\r\n",
    "# a comment\n---\n" GOOD "...\n",
    GOOD "optim:\n",
    GOOD "x-note: [anything, {goes: ~}]\n",
    GOOD "optim: {x-why: because, lr: 0.1}\n",
    "\" version \": 1\n? budgetnet\n: agents: 1\n",
    "x-agents: &n 1\nversion: *n\nbudgetnet: {agents: *n}\n",
    GOOD "x-common: &c {lr: 0.1}\noptim: *c\n",
};

START_TEST(what_people_write_is_accepted)
{
    struct bound b;

    write_text("b.yaml", good[_i]);
    expect_good(&b, "b.yaml", NULL);
    ck_assert_int_eq(b.set.version, 1);
    ck_assert_int_eq(b.method.agents, 1);
    ck_assert_double_eq(b.set.optim.lr, 0.1);
    dt_config_free(b.config);
}
END_TEST

START_TEST(an_empty_file_has_no_keys)
{
    static const char *const lines[] = {
        "b.yaml: error: required key 'version' is missing; expected integer from 1 to 1",
        "b.yaml: error: required key 'budgetnet.agents' is missing; expected integer from 1 to 8", NULL
    };
    static const char *const texts[] = { "", "# nothing\n", "---\n", "{}\n" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text("b.yaml", texts[i]);
        expect_lines("b.yaml", NULL, lines);
    }
}
END_TEST

/* ---- bombs ----------------------------------------------------------------------------------------------------- */

static void expect_quick(const char *line)
{
    clock_t begin = clock(); /* the processor's time, not that of a busy machine */

    expect_lines("b.yaml", NULL, (const char *[]){ line, NULL });
    ck_assert_int_lt((clock() - begin) / CLOCKS_PER_SEC, 2);
}

START_TEST(deep_nesting)
{
    size_t n = 1 << 20;
    char *text = dt_malloc(n);

    memset(text, '[', n);
    write_bytes("b.yaml", text, n);
    expect_quick("b.yaml:1:65: error: nested deeper than 64 levels");
    for (size_t i = 0; i < n; i++)
        text[i] = i % 2 ? ' ' : '-';
    write_bytes("b.yaml", text, n);
    expect_quick("b.yaml:1:129: error: nested deeper than 64 levels");
    dt_free(text);
}
END_TEST

START_TEST(a_file_beyond_the_cap)
{
    size_t n = (1 << 20) + 1;
    char *text = dt_malloc(n);

    memset(text, '#', n);
    write_bytes("b.yaml", text, n);
    expect_quick("b.yaml: error: is too large: 1048577 bytes, at most 1048576 are read");
    dt_free(text);
}
END_TEST

START_TEST(a_billion_laughs)
{
    char text[4096] = "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n", line[256];

    for (int i = 1; i < 10; i++) {
        snprintf(line, sizeof line, "x-%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    write_text("b.yaml", text);
    expect_quick("b.yaml:5:11: error: aliases that expand to too much");
}
END_TEST

START_TEST(a_tower_of_aliases)
{
    char text[8192] = "x-0: &a0 {a: 1}\n", line[64];

    for (int i = 1; i < 70; i++) {
        snprintf(line, sizeof line, "x-%d: &a%d {a: *a%d}\n", i, i, i - 1);
        strcat(text, line);
    }
    write_text("b.yaml", text);
    expect_quick("b.yaml:64:16: error: aliases that expand to too much");
}
END_TEST

START_TEST(many_aliases)
{
    FILE *f = fopen("b.yaml", "w");

    ck_assert_ptr_nonnull(f);
    fputs("x-a: &a 1\nx-b:\n", f);
    for (int i = 0; i < 1001; i++)
        fputs("- *a\n", f);
    fclose(f);
    expect_quick("b.yaml:1003:3: error: more than 1000 aliases");
}
END_TEST

START_TEST(many_keys)
{
    FILE *f = fopen("b.yaml", "w");

    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 60000; i++)
        fprintf(f, "x-%d: %d\n", i, i);
    fclose(f);
    expect_quick("b.yaml:513:1: error: too many keys in one section (more than 512)");
}
END_TEST

START_TEST(any_prefix_and_any_flipped_byte_is_survived)
{
    static const char text[] = "base: []\nversion: 1\nx-a: &a [1, \"two\", {three: 3}]\nx-b: *a\n"
                               "optim: {lr: 1e-3, schedule: {name: cosine}}\ntags:\n- a\n- 'b'\n- |\n  c\n"
                               "budgetnet:\n  agents: 1\n";
    char copy[sizeof text];
    struct bound b;

    for (size_t n = 0; n < sizeof text; n++) {
        write_bytes("b.yaml", text, n);
        load(&b, "b.yaml", NULL);
        bind(&b);
        dt_config_free(b.config);
        if (n + 1 == sizeof text)
            continue;
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(copy, text, sizeof text);
            copy[n] = (char)(copy[n] ^ 1 << bit);
            write_bytes("b.yaml", copy, sizeof text - 1);
            load(&b, "b.yaml", NULL);
            bind(&b);
            ck_assert_int_eq(b.code != DT_OK, dt_config_n_errors(b.config) > 0);
            dt_config_free(b.config);
        }
    }
}
END_TEST

Suite *suite_yaml_parse(void)
{
    Suite *s = suite_create("yaml_parse");
    TCase *c = case_in_folder("yaml_parse");

    tcase_add_loop_test(c, what_is_wrong_has_its_place, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, a_nul_byte_has_its_place);
    tcase_add_loop_test(c, what_people_write_is_accepted, 0, sizeof good / sizeof *good);
    tcase_add_test(c, an_empty_file_has_no_keys);
    tcase_add_test(c, deep_nesting);
    tcase_add_test(c, a_file_beyond_the_cap);
    tcase_add_test(c, a_billion_laughs);
    tcase_add_test(c, a_tower_of_aliases);
    tcase_add_test(c, many_aliases);
    tcase_add_test(c, many_keys);
    tcase_add_test(c, any_prefix_and_any_flipped_byte_is_survived);
    suite_add_tcase(s, c);
    return s;
}
