/* `pretrained: other.yaml`: one command is enough. The other config is trained first, and only once. */
#include <string.h>

#include "cli.h"
#include "suites.h"

static int count_runs(struct cli *c, const char *name)
{
    struct dt_json *j;
    int n = 0;

    cli_ok(c, "list runs runs --json");
    j = cli_json(c);
    for (int i = 0; i < dt_json_size(j); i++)
        n += strstr(dt_json_get_str(dt_json_at(j, i), "run", ""), name) != NULL;
    dt_json_free(j);
    return n;
}

START_TEST(trained_once)
{
    struct cli *c = cli_open();

    cli_write_text("other.yaml", "base: tiny.yaml\noptim: {lr: 0.05}\n");
    cli_write_text("main.yaml", "base: tiny.yaml\npretrained: other.yaml\nseed: 5\n");
    cli_ok(c, "main.yaml --dry-run");
    ck_assert_int_lt(cli_size("runs"), 0);
    cli_ok(c, "main.yaml");
    ck_assert_ptr_nonnull(strstr(c->err, "other.yaml is trained first"));
    ck_assert_ptr_nonnull(strstr(c->err, "starting from runs/other/"));
    ck_assert_ptr_nonnull(strstr(c->out, "runs/main/"));
    ck_assert_int_eq(count_runs(c, "runs/other/"), 1);
    cli_ok(c, "main.yaml supervised.epochs=1");
    ck_assert_ptr_null(strstr(c->err, "trained first"));
    ck_assert_ptr_nonnull(strstr(c->err, "starting from runs/other/"));
    ck_assert_int_eq(count_runs(c, "runs/other/"), 1);
    ck_assert_int_eq(count_runs(c, "runs/main/"), 2);
    cli_ok(c, "main.yaml seed=6"); /* handed on: another run of the other config */
    ck_assert_int_eq(count_runs(c, "runs/other/"), 2);
    cli_close(c);
}
END_TEST

START_TEST(wrong)
{
    struct cli *c = cli_open();

    cli_write_text("main.yaml", "base: tiny.yaml\npretrained: other.yaml\n");
    cli_failed(c, cli_run(c, "-q main.yaml"), 3, "other.yaml: error: cannot be read");
    cli_write_text("other.yaml", "base: tiny.yaml\noptim: {lrr: 0.05}\n");
    cli_failed(c, cli_run(c, "-q main.yaml"), 3, "other.yaml:2:9: error: unknown key 'lrr'");
    cli_write_text("other.yaml", "base: main.yaml\n");
    cli_failed(c, cli_run(c, "-q main.yaml"), 3, "circle");
    cli_write_text("other.yaml", "base: tiny.yaml\nmodel: {width: 8}\n");
    cli_failed(c, cli_run(c, "-q main.yaml"), 5, "holds another network");
    cli_close(c);
}
END_TEST

Suite *suite_pretrained(void)
{
    Suite *s = suite_create("pretrained");
    TCase *c = tcase_create("pretrained");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, trained_once);
    tcase_add_test(c, wrong);
    suite_add_tcase(s, c);
    return s;
}
