/* list and the schema: what there is to choose from, for people and for programs. */
#include <string.h>

#include "cli.h"
#include "suites.h"

START_TEST(names)
{
    static const struct {
        const char *what, *name;
    } cases[] = { { "methods", "supervised" }, { "models", "resnet20" }, { "datasets", "cifar10" } };
    struct cli *c = cli_open();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dt_json *j;
        bool found = false;

        cli_ok(c, "list %s", cases[i].what);
        ck_assert_ptr_nonnull(strstr(c->out, cases[i].name));
        cli_ok(c, "list %s --json", cases[i].what);
        j = cli_json(c);
        for (int k = 0; k < dt_json_size(j); k++)
            found = found || !strcmp(dt_json_get_str(dt_json_at(j, k), "name", ""), cases[i].name);
        ck_assert_msg(found, "no %s in: %s", cases[i].name, c->out);
        dt_json_free(j);
    }
    cli_close(c);
}
END_TEST

/* As many keys as the tables have, and each as the schema prints it. */
static int count(const struct dt_opt *table)
{
    int n = 0;

    for (; table->name; table++)
        n += table->type == DT_OPT_SECTION ? count(table->section) : 1;
    return n;
}

START_TEST(keys)
{
    struct cli *c = cli_open();
    int n = count(dt_settings_opts) + count(dt_budget_opts) + count(dt_method_supervised.opts), lines = 0;
    const struct dt_json *row = NULL;
    struct dt_json *j;

    cli_ok(c, "list keys");
    for (const char *p = c->out; *p; p++)
        lines += *p == '\n';
    ck_assert_int_eq(lines, n);
    ck_assert_ptr_nonnull(strstr(c->out, "\nsupervised.distill.alpha "));
    cli_ok(c, "list keys --json");
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), n);
    for (int i = 0; i < n && !row; i++)
        if (!strcmp(dt_json_get_str(dt_json_at(j, i), "key", ""), "model.shortcut"))
            row = dt_json_at(j, i);
    ck_assert_ptr_nonnull(row);
    ck_assert_str_eq(dt_json_get_str(row, "type", ""), "choice");
    ck_assert_str_eq(dt_json_get_str(row, "default", ""), "A");
    ck_assert_int_eq(dt_json_size(dt_json_get(row, "choices")), 2);
    dt_json_free(j);
    cli_ok(c, "config schema --json");
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), n);
    dt_json_free(j);
    cli_close(c);
}
END_TEST

START_TEST(doctor)
{
    struct cli *c = cli_open();
    struct dt_json *j;

    cli_ok(c, "doctor --json");
    j = cli_json(c);
    ck_assert(dt_json_get_num(j, "threads", 0) >= 1);
    ck_assert(dt_json_get_num(j, "memory_bytes", 0) > 1e6);
    ck_assert_str_ne(dt_json_get_str(j, "engine", ""), "");
    dt_json_free(j);
    cli_close(c);
}
END_TEST

START_TEST(no_runs)
{
    struct cli *c = cli_open();

    cli_ok(c, "list runs");
    ck_assert_str_eq(c->out, "");
    cli_ok(c, "list runs --json");
    ck_assert_str_eq(c->out, "[]\n");
    cli_failed(c, cli_run(c, "list runs nowhere"), 5, "nowhere: ");
    cli_close(c);
}
END_TEST

Suite *suite_list(void)
{
    Suite *s = suite_create("list");
    TCase *c = tcase_create("list");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, names);
    tcase_add_test(c, keys);
    tcase_add_test(c, doctor);
    tcase_add_test(c, no_runs);
    suite_add_tcase(s, c);
    return s;
}
