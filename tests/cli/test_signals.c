/* A run that is stopped, or killed, and resumed ends as one that was left alone: the same weights and metrics, byte for
 * byte. */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"
#include "trial.h"

/* A line in metrics.jsonl for each step, and all that a step depends on: augmentation, momentum, averages. Two threads
 * take their time on a busy machine, so they have 60 steps, one has 600. */
static const char longer[] = "-q tiny.yaml name=%s --threads %d supervised.epochs=%d supervised.ema=0.99 "
                             "data.synth.train=%d data.augment.crop_pad=1 data.augment.hflip=true log.every_steps=1";
enum { TRIES = 5 };

static pid_t start(struct cli *c, const char *name, int threads)
{
    return cli_start(c, longer, name, threads, threads > 1 ? 6 : 20, threads > 1 ? 250 : 750);
}

/* Once about this share of the steps is recorded, the signal is sent; the status it ended with. A run that was faster
 * than we are is given another chance. */
static int stop_after(struct cli *c, double share, int signal, int threads)
{
    char path[640], name[16];
    int status = 0;

    for (int i = 0; i < TRIES && status == 0; i++) {
        pid_t pid;

        snprintf(name, sizeof name, "stopped%d", i);
        pid = start(c, name, threads);
        snprintf(path, sizeof path, "%s/metrics.jsonl", cli_await_run(c, pid, name, "metrics.jsonl"));
        cli_await(pid, path, (long)(share * (threads > 1 ? 6000 : 60000)));
        kill(pid, signal);
        status = cli_wait(c, pid);
    }
    return status;
}

/* The run that is left alone. */
static void undisturbed(struct cli *c, int threads, char run[512])
{
    ck_assert_int_eq(cli_wait(c, start(c, "whole", threads)), 0);
    memcpy(run, cli_newest_run(c), sizeof c->run);
}

START_TEST(asked_to_stop)
{
    static const struct {
        int signal, status;
    } cases[] = { { SIGINT, 130 }, { SIGTERM, 143 }, { SIGUSR1, 75 }, { SIGHUP, 143 } };
    struct cli *c = cli_open();
    char whole[512], hint[600];
    int status;

    signal(SIGHUP, SIG_DFL); /* the tests may be run under nohup */
    undisturbed(c, 1, whole);
    status = stop_after(c, 0.1 + 0.15 * _i, cases[_i].signal, 1);
    ck_assert_msg(status == cases[_i].status, "status %d: %s", status, c->err);
    snprintf(hint, sizeof hint, "dyntrain resume %s\n", c->run);
    ck_assert_msg(strstr(c->err, hint) != NULL, "no hint in: %s", c->err);
    cli_ok(c, "-q resume %s", c->run);
    trial_same_runs(whole, c->run);
    cli_close(c);
}
END_TEST

START_TEST(killed)
{
    struct cli *c = cli_open();
    double share = 0.05 + (unsigned)getpid() * 2654435761u % 500 / 1000.0; /* any step may be the one */
    int threads = 1 + _i, status;
    char whole[512];

    undisturbed(c, threads, whole);
    status = stop_after(c, share, SIGKILL, threads);
    ck_assert_msg(status == 1000 + SIGKILL, "status %d: %s", status, c->err);
    cli_ok(c, "-q resume %s", c->run);
    trial_same_runs(whole, c->run);
    cli_close(c);
}
END_TEST

/* The terminal goes, and shell and kernel both say so: still a checkpoint first. Under nohup nothing happens. */
START_TEST(hung_up)
{
    struct cli *c = cli_open();
    pid_t pid;

    signal(SIGHUP, SIG_DFL); /* the tests may be run under nohup */
    pid = cli_start(c, "-q tiny.yaml name=twice model.arch=mcifarnet data.batch=60 data.synth.size=32 --engine ref");
    cli_await_run(c, pid, "twice", "ckpt/last.h5");
    kill(pid, SIGHUP);
    usleep(50000);
    kill(pid, SIGHUP);
    ck_assert_int_eq(cli_wait(c, pid), 143);
    ck_assert_ptr_nonnull(strstr(c->err, "go on with: dyntrain resume"));
    signal(SIGHUP, SIG_IGN); /* which the program inherits */
    pid = start(c, "nohup", 1);
    cli_await_run(c, pid, "nohup", "ckpt/last.h5");
    kill(pid, SIGHUP);
    ck_assert_int_eq(cli_wait(c, pid), 0);
    signal(SIGHUP, SIG_DFL);
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
    tcase_add_loop_test(c, asked_to_stop, 0, 4);
    tcase_add_test(c, hung_up);
    tcase_add_loop_test(c, killed, 0, 2);
    tcase_add_test(c, asked_twice);
    suite_add_tcase(s, c);
    return s;
}
