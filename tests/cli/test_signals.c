/* A run that is stopped, or killed, and resumed ends as one that was left alone: the same weights and metrics, byte for
 * byte. */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"
#include "trial.h"

/* 600 steps, a line in metrics.jsonl for each; all that a step depends on is in it: augmentation, momentum, averages */
static const char longer[] = "-q tiny.yaml supervised.epochs=20 supervised.ema=0.99 data.synth.train=750 "
                             "data.augment.crop_pad=1 data.augment.hflip=true log.every_steps=1 name=%s --threads %d";

/* Begins the run, and once `lines` steps or so are recorded sends the signal; the status it ended with. */
static int stop_after(struct cli *c, int lines, int signal, int threads)
{
    char path[640];
    pid_t pid = cli_start(c, longer, "stopped", threads);

    snprintf(path, sizeof path, "%s/metrics.jsonl", cli_await_run(c, pid, "stopped", "metrics.jsonl"));
    cli_await(pid, path, 100L * lines);
    kill(pid, signal);
    return cli_wait(c, pid);
}

static int threads_of[] = { 1, 2 };

/* The run that is left alone. */
static void undisturbed(struct cli *c, int threads, char run[512])
{
    cli_ok(c, longer, "whole", threads);
    memcpy(run, cli_newest_run(c), sizeof c->run);
}

START_TEST(asked_to_stop)
{
    static const struct {
        int signal, status;
    } cases[] = { { SIGINT, 130 }, { SIGTERM, 143 }, { SIGUSR1, 75 } };
    struct cli *c = cli_open();
    char whole[512], hint[600];
    int status;

    undisturbed(c, 1, whole);
    status = stop_after(c, 40 + 37 * _i, cases[_i].signal, 1);
    ck_assert_msg(status == cases[_i].status, "status %d: %s", status, c->err);
    snprintf(hint, sizeof hint, "dyntrain resume %s\n", c->run);
    ck_assert_msg(strstr(c->err, hint) != NULL, "no hint in: %s", c->err);
    cli_ok(c, "-q resume %s", c->run);
    trial_same_checkpoints(whole, c->run);
    trial_same_files(whole, c->run, "metrics.jsonl");
    cli_close(c);
}
END_TEST

START_TEST(killed)
{
    struct cli *c = cli_open();
    int threads = threads_of[_i], lines, status;
    char whole[512];

    undisturbed(c, threads, whole);
    lines = 20 + (int)((unsigned)getpid() * 2654435761u % 250); /* any step may be the one */
    status = stop_after(c, lines, SIGKILL, threads);
    ck_assert_msg(status == 1000 + SIGKILL, "status %d: %s", status, c->err);
    cli_ok(c, "-q resume %s", c->run);
    trial_same_checkpoints(whole, c->run);
    trial_same_files(whole, c->run, "metrics.jsonl");
    cli_close(c);
}
END_TEST

/* The second signal does not wait for the step, which takes a second here. */
START_TEST(asked_twice)
{
    static const struct timespec pause = { 0, 100000000 };
    struct cli *c = cli_open();
    pid_t pid = cli_start(c, "-q tiny.yaml model.arch=mcifarnet data.batch=160 data.synth.size=32 --engine ref");

    cli_await_run(c, pid, "tiny", "ckpt/last.h5");
    for (; !cli_ended(pid); nanosleep(&pause, NULL))
        ck_assert_int_eq(kill(pid, SIGINT), 0);
    ck_assert_int_eq(cli_wait(c, pid), 130);
    ck_assert_str_eq(c->err, ""); /* no time for words */
    cli_ok(c, "inspect --verify %s", c->run);
    cli_close(c);
}
END_TEST

Suite *suite_signals(void)
{
    Suite *s = suite_create("signals");
    TCase *c = tcase_create("signals");

    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, asked_to_stop, 0, 3);
    tcase_add_loop_test(c, killed, 0, sizeof threads_of / sizeof *threads_of);
    tcase_add_test(c, asked_twice);
    suite_add_tcase(s, c);
    return s;
}
