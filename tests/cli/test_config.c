/* config: every config of the project passes; what is shown is a config that shows the same. */
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"

START_TEST(configs_of_the_project)
{
    struct cli *c = cli_open();
    struct dt_json *j;
    glob_t g;

    ck_assert_int_eq(symlink(DT_CONFIG_DIR, "configs"), 0); /* configs name each other from the project's folder */
    ck_assert_int_eq(glob(DT_CONFIG_DIR "/*.yaml", 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        cli_ok(c, "config check %s", g.gl_pathv[i]);
        ck_assert_msg(strstr(c->out, ": ok\n") != NULL, "%s", c->out);
        ck_assert_msg(!*c->err, "%s", c->err);
        cli_ok(c, "config show %s", g.gl_pathv[i]);
        cli_write_text("shown.yaml", c->out);
        cli_ok(c, "config show shown.yaml");
        ck_assert_int_eq(cli_size("shown.yaml"), cli_size("out.txt"));
        cli_ok(c, "config show --json %s", g.gl_pathv[i]);
        j = cli_json(c);
        ck_assert(dt_json_get_num(j, "version", 0) == 1);
        ck_assert(dt_json_get_num(dt_json_get(j, "optim"), "lr", -1) > 0);
        dt_json_free(j);
        cli_ok(c, "summary --json %s", g.gl_pathv[i]);
        j = cli_json(c);
        ck_assert(dt_json_get_num(j, "macs", 0) > 0);
        dt_json_free(j);
    }
    globfree(&g);
    ck_assert_int_eq(unlink("configs"), 0);
    cli_close(c);
}
END_TEST

START_TEST(show)
{
    struct cli *c = cli_open();
    char *first = dt_malloc(sizeof c->out);
    struct dt_json *j;

    cli_ok(c, "config show tiny.yaml optim.schedule.steps=[1,2] optim.schedule.name=step x-mine=1");
    memcpy(first, c->out, sizeof c->out);
    cli_write_text("shown.yaml", first);
    cli_ok(c, "config show shown.yaml");
    ck_assert_str_eq(c->out, first);
    cli_ok(c, "config show shown.yaml --json");
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(dt_json_get(dt_json_get(dt_json_get(j, "optim"), "schedule"), "steps")), 2);
    ck_assert_str_eq(dt_json_get_str(dt_json_get(j, "data"), "dataset", ""), "synth");
    dt_json_free(j);
    cli_ok(c, "config show --origins tiny.yaml seed=3");
    ck_assert_ptr_nonnull(strstr(c->out, "seed: 3  # command line: override 1\n"));
    ck_assert_ptr_nonnull(strstr(c->out, "# tiny.yaml:4"));
    ck_assert_ptr_nonnull(strstr(c->out, "# default"));
    dt_free(first);
    cli_close(c);
}
END_TEST

/* All configs are checked, the good ones too; the status is that of the first bad one. */
START_TEST(check_many)
{
    struct cli *c = cli_open();
    struct dt_json *j;

    cli_write_text("bad.yaml", "version: 1\noptim: {lrr: 1}\nrum: {}\n");
    ck_assert_int_eq(cli_run(c, "config check bad.yaml tiny.yaml missing.yaml"), 3);
    ck_assert_str_eq(c->out, "tiny.yaml: ok\n");
    ck_assert_ptr_nonnull(strstr(c->err, "bad.yaml:2:9: error: unknown key 'lrr' in 'optim'; did you mean 'lr'?\n"));
    ck_assert_ptr_nonnull(strstr(c->err, "bad.yaml:3:1: error: unknown key 'rum'"));
    ck_assert_ptr_nonnull(strstr(c->err, "missing.yaml"));
    ck_assert_int_eq(cli_run(c, "config check bad.yaml tiny.yaml --json"), 3);
    j = cli_json(c);
    ck_assert_int_eq(dt_json_size(j), 2);
    ck_assert_int_eq(dt_json_size(dt_json_get(dt_json_at(j, 0), "errors")), 2);
    ck_assert_int_eq(dt_json_size(dt_json_get(dt_json_at(j, 1), "errors")), 0);
    dt_json_free(j);
    cli_close(c);
}
END_TEST

/* The schema, with a version, is a config: the defaults. What only other methods take is a comment in it. */
START_TEST(schema)
{
    struct cli *c = cli_open();

    cli_ok(c, "config schema");
    ck_assert_ptr_nonnull(strstr(c->out, "  lr: 0.1 # number >= 0;"));
    ck_assert_ptr_nonnull(strstr(c->out, "\n# budget:\n#   target: 0.5 # number from 0 to 1;"));
    cli_write_text("defaults.yaml", c->out);
    cli_ok(c, "config check defaults.yaml version=1");
    cli_close(c);
}
END_TEST

Suite *suite_config(void)
{
    Suite *s = suite_create("config");
    TCase *c = tcase_create("config");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, configs_of_the_project);
    tcase_add_test(c, show);
    tcase_add_test(c, check_many);
    tcase_add_test(c, schema);
    suite_add_tcase(s, c);
    return s;
}
