/* A config that is wrong: every error in a line of its own, with place and suggestion; exit 3. */
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "suites.h"

START_TEST(one_line)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        { "missing.yaml", "missing.yaml: error: cannot be read: No such file or directory" },
        { "train folder.yaml", "folder.yaml: error: is a folder" },
        { "tiny.yaml optim.lrr=0.1",
          "command line: override 1: error: unknown key 'lrr' in 'optim'; did you mean 'lr'?" },
        { "tiny.yaml optim.lr=fast", "optim.lr: expected number >= 0, got \"fast\"" },
        { "tiny.yaml optim.lr=-1", "optim.lr: expected number >= 0, got \"-1\"" },
        { "tiny.yaml --seed=1.5", "seed: expected integer" },
        { "tiny.yaml optim.name=sgdd", "optim.name: expected one of sgd" },
        { "tiny.yaml model.arch=resnet21", "unknown network 'resnet21'; did you mean 'resnet2" },
        { "tiny.yaml method=superwised", "unknown method 'superwised'" },
        { "tiny.yaml --engine=gpu", "unknown engine 'gpu'" },
        { "tiny.yaml lr=0.1", "unknown key 'lr' at the top level; it belongs in 'optim'" },
        { "tiny.yaml optim=3", "optim" },
        { "tiny.yaml data.batch=1000", "data.batch: 1000 images a batch, but only 160 to train on" },
        { "tiny.yaml model.classes=2", "model.classes: 2 classes, but synth has 4" },
        { "tiny.yaml name=a/b", "'a/b' cannot be the name of a folder" },
        { "tiny.yaml optim.schedule.warmup=9 optim.schedule.name=cosine", "9 epochs of warm-up in a training of 2" },
        { "summary tiny.yaml optim.lrr=0.1", "did you mean 'lr'?" },
        { "bench tiny.yaml optim.lrr=0.1", "did you mean 'lr'?" },
        { "data info tiny.yaml optim.lrr=0.1", "did you mean 'lr'?" },
        { "config show tiny.yaml optim.lrr=0.1", "did you mean 'lr'?" },
    };
    struct cli *c = cli_open();

    ck_assert_int_eq(mkdir("folder.yaml", 0700), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cli_failed(c, cli_run(c, "%s", cases[i].line), 3, cases[i].text);
    ck_assert_int_lt(cli_size("runs"), 0); /* nothing was begun */
    cli_close(c);
}
END_TEST

START_TEST(in_the_file)
{
    static const struct {
        const char *config, *text;
    } cases[] = {
        { "version: 1\nseed: 1\nseed: 2\n", "bad.yaml:3:1: error: duplicate key 'seed'" },
        { "version: 1\n\toptim: {lr: 1}\n", "bad.yaml:2:" },
        { "version: 1\noptim: {lr: [}\n", "bad.yaml:2:" },
        { "seed: 1\n", "'version'" },
        { "version: 2\n", "bad.yaml:1:10: error: version: expected" },
        { "version: 1\nbase: other.yaml\n", "bad.yaml:2:7: error: base file 'other.yaml'" },
        { "version: 1\nbase: bad.yaml\n", "error" },
        { "- 1\n", "bad.yaml" },
        { "version: 1\noptim: {lr: no}\n", "bad.yaml:2:13: error: optim.lr: expected number >= 0, got \"no\"" },
    };
    struct cli *c = cli_open();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cli_write_text("bad.yaml", cases[i].config);
        cli_failed(c, cli_run(c, "bad.yaml"), 3, cases[i].text);
    }
    cli_close(c);
}
END_TEST

START_TEST(all_lines)
{
    static const char *const lines[] = {
        "bad.yaml:2:1: error: unknown key 'modle'", "bad.yaml:3:13: error: optim.lr: expected number >= 0, got \"x\"",
        "bad.yaml:3:16: error: unknown key 'momentun' in 'optim'; did you mean 'momentum'?",
        "command line: override 1: error: unknown key 'foo'"
    };
    struct cli *c = cli_open();
    int n = 0;

    cli_write_text("bad.yaml", "version: 1\nmodle: {}\noptim: {lr: x, momentun: 1}\n");
    ck_assert_int_eq(cli_run(c, "bad.yaml foo=1"), 3);
    for (const char *p = c->err; *p; p++)
        n += *p == '\n';
    ck_assert_int_eq(n, 4);
    for (int i = 0; i < n; i++)
        ck_assert_msg(strstr(c->err, lines[i]) != NULL, "'%s' is not in: %s", lines[i], c->err);
    cli_close(c);
}
END_TEST

Suite *suite_bad_config(void)
{
    Suite *s = suite_create("bad_config");
    TCase *c = tcase_create("bad_config");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, one_line);
    tcase_add_test(c, in_the_file);
    tcase_add_test(c, all_lines);
    suite_add_tcase(s, c);
    return s;
}
