/* The command line: help, versions, options, operands, settings before and after the config. */
#include <string.h>

#include "cli.h"
#include "suites.h"

static const char *const commands[] = { "train",   "resume", "eval", "predict", "summary", "bench",
                                        "inspect", "config", "list", "data",    "doctor" };

START_TEST(help)
{
    struct cli *c = cli_open();
    const char *name = commands[_i];
    char usage[64];

    cli_ok(c, "--help");
    snprintf(usage, sizeof usage, "\n  %s ", name);
    ck_assert_msg(strstr(c->out, usage) != NULL, "%s is not in: %s", name, c->out);
    ck_assert_ptr_nonnull(strstr(c->out, "130/143"));
    ck_assert_str_eq(c->err, "");
    cli_ok(c, "%s --help", name);
    snprintf(usage, sizeof usage, "usage: dyntrain %s", name);
    ck_assert_msg(!strncmp(c->out, usage, strlen(usage)), "no usage in: %s", c->out);
    ck_assert_ptr_null(strstr(c->out, "worker"));
    cli_ok(c, "-h %s", name);
    ck_assert_msg(!strncmp(c->out, usage, strlen(usage)), "no usage in: %s", c->out);
    cli_close(c);
}
END_TEST

START_TEST(versions)
{
    static const char *const libraries[] = { "dyntrain", "OpenBLAS", "HDF5", "libyaml" };
    struct cli *c = cli_open();

    for (int k = 0; k < 2; k++) {
        cli_ok(c, k ? "doctor" : "--version");
        for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
            ck_assert_msg(strstr(c->out, libraries[i]) != NULL, "no %s in: %s", libraries[i], c->out);
    }
    cli_close(c);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        { "trian tiny.yaml", "'trian' is neither a command nor a config file; did you mean 'train'?" },
        { "xyzzy", "'xyzzy' is neither" },
        { "--frobnicate tiny.yaml", "--frobnicate: no such option" },
        { "tiny.yaml --dryrun", "did you mean '--dry-run'?" },
        { "tiny.yaml -x", "-x: no such option" },
        { "tiny.yaml --epochs 3", "--epochs: is no option of 'dyntrain train'" },
        { "tiny.yaml --json", "--json: is no option of 'dyntrain train'" },
        { "tiny.yaml --name", "--name needs an argument" },
        { "tiny.yaml -o", "-o needs an argument" },
        { "tiny.yaml --dry-run=3", "--dry-run takes no argument" },
        { "train", "usage: dyntrain train CONFIG" },
        { "resume", "usage: dyntrain resume RUN" },
        { "predict some", "usage: dyntrain predict" },
        { "optim.lr=1", "a config or a command is needed" },
        { "tiny.yaml other.yaml", "'other.yaml' is one too many" },
        { "tiny.yaml -- --dry-run", "'--dry-run' is one too many" },
        { "list modles", "did you mean 'models'?" },
        { "list models more", "'more' is one too many" },
        { "list", "usage: dyntrain list" },
        { "a.b=c list models", "list takes no settings" },
        { "config shw tiny.yaml", "did you mean 'show'?" },
        { "config check", "usage: dyntrain config" },
        { "data inof tiny.yaml", "did you mean 'info'?" },
        { "doctor who", "'who' is one too many" },
        { "resume x --epochs none", "--epochs: expected a number >= 1, got \"none\"" },
        { "resume x --epochs 0", "--epochs: expected a number >= 1" },
        { "eval x --split all", "one of train, val, test" },
    };
    struct cli *c = cli_open();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = cli_run(c, "%s", cases[i].line);

        ck_assert_msg(status == 2, "`%s` exits %d: %s", cases[i].line, status, c->err);
        if (strcmp(cases[i].line, "optim.lr=1")) /* that one shows the help as well */
            cli_failed(c, status, 2, cases[i].text);
        ck_assert_msg(strstr(c->err, cases[i].text) != NULL, "`%s`: %s", cases[i].line, c->err);
    }
    cli_close(c);
}
END_TEST

START_TEST(nothing_asked)
{
    struct cli *c = cli_open();

    ck_assert_int_eq(cli_run(c, "-q"), 2);
    ck_assert_str_eq(c->out, "");
    ck_assert_ptr_nonnull(strstr(c->err, "usage: dyntrain CONFIG"));
    cli_close(c);
}
END_TEST

/* Settings and options may stand anywhere; of one key the last word counts, an option more than a word. */
START_TEST(settings)
{
    struct cli *c = cli_open();

    cli_ok(c, "config seed=4 show tiny.yaml name=some optim.lr=0.5 optim.lr=0.25");
    ck_assert_ptr_nonnull(strstr(c->out, "\nseed: 4\n"));
    ck_assert_ptr_nonnull(strstr(c->out, "\nname: some\n"));
    ck_assert_ptr_nonnull(strstr(c->out, "\n  lr: 0.25\n"));
    cli_ok(c, "seed=7 -q -o there tiny.yaml --name=mine supervised.epochs=1");
    ck_assert_ptr_nonnull(strstr(c->out, "there/mine/"));
    ck_assert_ptr_nonnull(strstr(c->out, "-7\n"));
    ck_assert_str_eq(c->err, "");
    cli_ok(c, "train --seed 8 tiny.yaml supervised.epochs=1 seed=9");
    ck_assert_ptr_nonnull(strstr(c->out, "runs/tiny/"));
    ck_assert_ptr_nonnull(strstr(c->out, "-8\n"));
    cli_ok(c, "--dry-run -- tiny.yaml");
    ck_assert_ptr_nonnull(strstr(c->out, "nothing was trained"));
    cli_close(c);
}
END_TEST

Suite *suite_args(void)
{
    Suite *s = suite_create("args");
    TCase *c = tcase_create("args");

    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, help, 0, sizeof commands / sizeof *commands);
    tcase_add_test(c, versions);
    tcase_add_test(c, refused);
    tcase_add_test(c, nothing_asked);
    tcase_add_test(c, settings);
    suite_add_tcase(s, c);
    return s;
}
