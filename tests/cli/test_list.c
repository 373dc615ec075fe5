/* list and the schema: what there is to choose from, for people and for programs. */
#include <string.h>
#include <sys/stat.h>

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

/* All keys of the tables (those of other methods come on top), as lines, as JSON and in the schema alike. */
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
    ck_assert_int_ge(lines, n);
    n = lines;
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

START_TEST(experiments)
{
    static const char result[] = "{\"method\": \"budgetnet\", \"network\": \"resnext29\", \"dataset\": \"cifar10\", "
                                 "\"test_accuracy\": 0.9125, \"static_accuracy\": 0.94, \"macs_mean\": 85681408, "
                                 "\"macs_ratio\": 0.5, \"latency_ms\": {\"dynamic\": 2.5, \"static\": 4.5}}";
    struct cli *c = cli_open();
    struct dt_json *j;

    ck_assert_int_eq(mkdir("kept", 0777) | mkdir("kept/mine", 0777) | mkdir("kept/mine/20250101-000000-1", 0777), 0);
    cli_write_text("kept/mine/result.json", result);
    cli_write_text("kept/mine/20250101-000000-1/run.json",
                   "{\"status\": \"running\", \"method\": \"bsn\", \"seed\": 3}");
    cli_ok(c, "experiments kept");
    ck_assert_str_eq(c->out,
                     "run                          status   method     network    data set  test %  full net %  "
                     "  MACs M (%)  latency ms\n"
                     "kept/mine                    kept     budgetnet  resnext29  cifar10    91.25       94.00  "
                     "85.68 (50.0)       2.500\n"
                     "kept/mine/20250101-000000-1  running  bsn\n");
    cli_ok(c, "experiments kept --json");
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), 2);
    ck_assert_str_eq(dt_json_get_str(dt_json_at(j, 0), "status", ""), "kept");
    ck_assert(dt_json_get_num(dt_json_at(j, 0), "macs_mean", 0) == 85681408);
    ck_assert(dt_json_get_num(dt_json_get(dt_json_at(j, 0), "latency_ms"), "static", 0) == 4.5);
    ck_assert_str_eq(dt_json_get_str(dt_json_at(j, 1), "method", ""), "bsn");
    ck_assert(dt_json_get_num(dt_json_at(j, 1), "seed", 0) == 3);
    dt_json_free(j);
    cli_ok(c, "experiments");
    ck_assert_str_eq(c->out, "");
    cli_failed(c, cli_run(c, "experiments nowhere"), 5, "nowhere: ");
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
    tcase_add_test(c, no_runs);
    tcase_add_test(c, experiments);
    suite_add_tcase(s, c);
    return s;
}
