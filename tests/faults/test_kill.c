/* Every method is killed at random moments and resumed: weights, optimisers and metrics.jsonl are those of the run that
 * was left alone, byte for byte, for 1 to 4 threads, within epochs and between them. A method is a row of the table.
 *
 * KILLS: moments a method (default 3; tools/soak.sh: 50). KILL_SEED: of the moments, KILL_ROW: the only row, to repeat
 * a failure. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"
#include "trial.h"

#define EXITS                                                                                                          \
    "version: 1\n"                                                                                                     \
    "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1, augment: {crop_pad: 1, hflip: true},\n"             \
    "       synth: {train: 200, test: 40, size: 8}}\n"                                                                 \
    "run: {progress: \"off\"}\n"

/* A tiny config a method: overrides, of tiny.yaml where there is no text; teacher.yaml is there, too. Each run has a
 * root of its own, so that what it names is trained first every time, and may be killed in that. */
static const struct method {
    const char *name, *overrides, *config;
} methods[] = {
    { "supervised", "supervised.epochs=4 data.augment.crop_pad=1 data.augment.hflip=true", NULL },
    { "average", "supervised.epochs=4 supervised.ema=0.9 optim.name=adam optim.lr=0.01", NULL },
    { "distilled", "supervised.epochs=3 supervised.distill.from=teacher.yaml", NULL },
    { "pretrained", "supervised.epochs=3 pretrained=teacher.yaml model.width=4", NULL },
    { "budgetnet", "",
      "version: 1\n"
      "method: budgetnet\n"
      "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1, augment: {crop_pad: 1, hflip: true},\n"
      "       synth: {train: 200, test: 40, size: 8}}\n"
      "model: {arch: resnet14, width: 8, dynamic: true}\n"
      "budget: {list: [0.3, 0.5, 0.8, 1]}\n"
      "budgetnet: {curriculum: 1, epochs: 1, calibrate: 40, subsets: 2, policy: {width: 4, hidden: 8}}\n"
      "run: {progress: \"off\"}\n" },
    { "early_exit", "early_exit.epochs=2",
      EXITS "model: {arch: resnet8, width: 4}\n"
            "method: early_exit\n"
            "early_exit: {exits: [stage1, stage2], sweep: {points: 3}}\n" },
    { "early_exit, frozen", "early_exit.epochs=2 early_exit.backbone=frozen early_exit.head.convs=1",
      EXITS "model: {arch: resnet8, width: 4}\n"
            "method: early_exit\n"
            "pretrained: teacher.yaml\n"
            "early_exit: {exits: [stage1, stage2], policy: {family: mlp, history: true}, sweep: {points: 2}}\n" },
    { "cascade", "cascade.networks=[teacher.yaml,tiny.yaml]",
      EXITS "method: cascade\n"
            "cascade: {networks: [], policy: {pooled: true}, sweep: {points: 3}}\n" },
};
enum { N_METHODS = sizeof methods / sizeof *methods, MAX_THREADS = 4, TRIES = 40, KILLS = 3 };
enum { ENOUGH = 20 }; /* so many kills of a row meet an epoch half done, or its checkpoints come too seldom */
static const char common[] = "log.every_steps=1 checkpoint.keep_last=2";
/* Minutes between checkpoints: each step, a few an epoch, one now and then. */
static const double often[] = { 1e-9, 2e-5, 2e-4 };
enum { N_OFTEN = sizeof often / sizeof *often };

struct killing {
    struct cli *c;
    const struct method *m;
    struct dt_rng rng;
    uint32_t seed;
    char whole[MAX_THREADS + 1][512]; /* by thread count, "": not there yet */
    double seconds[MAX_THREADS + 1];
    int kills, too_early, in_resume, within, before;
};

static uint32_t seed_of_moments(void)
{
    const char *given = getenv("KILL_SEED");

    return given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL) ^ (uint32_t)getpid() << 16;
}

static pid_t start(struct killing *k, const char *root, int threads)
{
    double minutes = often[dt_rng_below(&k->rng, N_OFTEN)];

    return cli_start(k->c, "-q %s name=run run.dir=%s --threads %d checkpoint.every_minutes=%g %s %s",
                     k->m->config ? "method.yaml" : "tiny.yaml", root, threads, minutes, common, k->m->overrides);
}

struct newest {
    char *run;
    const char *folder;
};

static bool look(void *ctx, const char *path)
{
    struct newest *n = ctx;

    if (strncmp(path, n->folder, strlen(n->folder)) != 0)
        return true;
    snprintf(n->run, 512, "%s", path);
    return false;
}

/* The run of this name, once its config is written: from then on it can be resumed. */
static bool can_resume(const char *root, const char *name, char run[512])
{
    char folder[320], path[640];

    run[0] = '\0';
    snprintf(folder, sizeof folder, "%s/%s/", root, name);
    dt_rundir_each(root, look, &(struct newest){ run, folder });
    return *run && cli_size(trial_path(run, "config.resolved.yaml", path)) > 0;
}

static void run_whole(struct killing *k, int threads)
{
    char root[32];
    double begin = dt_now();
    pid_t pid;
    int status;

    if (*k->whole[threads])
        return;
    snprintf(root, sizeof root, "whole%d", threads);
    pid = start(k, root, threads);
    status = cli_wait(k->c, pid);
    ck_assert_msg(status == 0, "%s: status %d: %s", k->m->name, status, k->c->err);
    k->seconds[threads] = dt_now() - begin;
    ck_assert(can_resume(root, "run", k->whole[threads]));
}

/* Kills at a moment of the next `seconds`; false: it had ended before. */
static bool kill_within(struct killing *k, pid_t pid, double seconds)
{
    double moment = dt_rng_uniform(&k->rng) * seconds;
    struct timespec pause = { (time_t)moment, (long)((moment - (double)(time_t)moment) * 1e9) };
    int status;

    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    status = cli_wait(k->c, pid);
    ck_assert_msg(status == 0 || status == 1000 + SIGKILL, "%s, seed %u: status %d: %s", k->m->name, k->seed, status,
                  k->c->err);
    return status != 0;
}

static bool has_begun(const char *run)
{
    char path[640];

    return cli_size(trial_path(run, "ckpt/last.h5", path)) >= 0;
}

/* Is the run's checkpoint, or that of one it names, between two steps of an epoch of 8? */
static bool look_within(void *ctx, const char *run)
{
    char path[640];
    struct dt_err err = { .code = DT_OK };
    struct dt_visit v = { .loading = true, .prefix = "/loop" };
    int64_t batch = 0;

    if (!has_begun(run))
        return true;
    v.ckpt = dt_ckpt_open(trial_path(run, "ckpt/last.h5", path), &err);
    dt_test_ok(&err);
    dt_visit_i64(&v, "batch", &batch);
    dt_ckpt_free(v.ckpt);
    *(bool *)ctx = batch > 0;
    return batch <= 0;
}

/* Now and then 2 to 4, which take much longer where there are fewer processors: of three kills one in every other row.
 */
static int threads_of(const struct killing *k, int i)
{
    uint32_t turn = k->seed + (uint32_t)(k->m - methods) + (uint32_t)i / 3;

    return i % 3 < 2 || turn % 2 ? 1 : 2 + (int)(turn / 2 % (MAX_THREADS - 1));
}

/* One run that is killed while it trains, perhaps again while it resumes, and then left to its end. */
static void kill_one(struct killing *k, int i)
{
    int threads = threads_of(k, i), status;
    bool within = false;
    char root[32], run[512];

    run_whole(k, threads);
    for (int n = 0;; n++) {
        bool killed;

        ck_assert_msg(n < TRIES, "%s, seed %u: never killed in time", k->m->name, k->seed);
        snprintf(root, sizeof root, "killed%d-%d", i, n);
        killed = kill_within(k, start(k, root, threads), k->seconds[threads]);
        if (killed && can_resume(root, "run", run))
            break;
        k->too_early += killed;
    }
    k->kills++;
    dt_rundir_each(root, look_within, &within);
    k->within += within;
    k->before += !has_begun(run);
    if (i % 2)
        k->in_resume += kill_within(k, cli_start(k->c, "-q resume %s", run), k->seconds[threads] / 2);
    status = cli_run(k->c, "-q resume %s", run);
    ck_assert_msg(status == 0, "%s, seed %u, kill %d: status %d: %s", k->m->name, k->seed, i, status, k->c->err);
    trial_same_runs(k->whole[threads], run);
    dt_test_rmdir(root);
}

START_TEST(killed_at_random)
{
    const char *given = getenv("KILLS"), *row = getenv("KILL_ROW");
    int kills = given ? atoi(given) : KILLS;
    struct killing k = { .c = cli_open(), .m = &methods[_i], .seed = seed_of_moments() };

    if (row && strcmp(row, k.m->name)) {
        cli_close(k.c);
        return;
    }
    printf("%s (seed %u): ", k.m->name, k.seed);
    fflush(stdout);
    k.rng = dt_rng_at(k.seed, DT_STREAM_TEST, 0, (uint32_t)_i);
    cli_write_text("teacher.yaml", "version: 1\n"
                                   "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1,\n"
                                   "       synth: {train: 200, test: 40, size: 8}}\n"
                                   "model: {arch: resnet8, width: 4}\n"
                                   "checkpoint: {every_minutes: 1e-9}\n"
                                   "supervised: {epochs: 1}\n");
    if (k.m->config)
        cli_write_text("method.yaml", k.m->config);
    for (int i = 0; i < kills; i++)
        kill_one(&k, i);
    printf("%d kills (%d with an epoch half done, %d before the first checkpoint, %d once more while resuming; %d "
           "earlier ones left nothing yet): all resumed to the same bits\n",
           k.kills, k.within, k.before, k.in_resume, k.too_early);
    fflush(stdout);
    ck_assert_msg(kills < ENOUGH || k.within > 0, "%s: no kill within an epoch", k.m->name);
    cli_close(k.c);
}
END_TEST

/* ---- two processes --------------------------------------------------------------------------------------------- */

/* Which of the two, that would train for hours, is refused. */
static int first_to_end(const pid_t two[2])
{
    for (double until = dt_now() + 60; dt_now() < until; usleep(1000))
        for (int i = 0; i < 2; i++)
            if (cli_ended(two[i]))
                return i;
    kill(two[0], SIGKILL);
    kill(two[1], SIGKILL);
    ck_abort_msg("both go on");
    return -1;
}

/* One of two that resume at the same time is refused; which one is not known before. */
START_TEST(one_of_two_is_refused)
{
    struct cli *c = cli_open();
    pid_t pid = cli_start(c, "-q tiny.yaml supervised.epochs=1000000 log.every_steps=1"), two[2];
    char who[64], run[512];
    int late;

    cli_await_run(c, pid, "tiny", "ckpt/last.h5");
    memcpy(run, c->run, sizeof run);
    kill(pid, SIGKILL);
    ck_assert_int_eq(cli_wait(c, pid), 1000 + SIGKILL);
    for (int i = 0; i < 2; i++)
        two[i] = cli_start(c, "-q resume %s", run);
    late = first_to_end(two);
    kill(two[!late], SIGKILL);
    ck_assert_int_eq(cli_wait(c, two[!late]), 1000 + SIGKILL);
    snprintf(who, sizeof who, "is in use by process %ld", (long)two[!late]);
    cli_failed(c, cli_wait(c, two[late]), 5, who);
    cli_close(c);
}
END_TEST

static bool count_run(void *ctx, const char *path)
{
    int *n = ctx;

    *n += strncmp(path, "runs/teacher/", 13) == 0;
    return true;
}

static int teachers(void)
{
    int n = 0;

    dt_rundir_each("runs", count_run, &n);
    return n;
}

/* What two runs name is trained by one of them, and the other does not take what is half done. After the first was
 * killed, the second goes on with what it had trained. */
START_TEST(one_of_two_trains_what_both_name)
{
    static const char *const naming[] = { "pretrained=teacher.yaml", "supervised.distill.from=teacher.yaml",
                                          "method=cascade cascade.networks=[teacher.yaml,other.yaml]" };
    struct cli *c = cli_open();
    char who[256];
    pid_t two[2];
    int late;

    cli_write_text("teacher.yaml", "base: tiny.yaml\nsupervised: {epochs: 1000000}\n");
    cli_write_text("other.yaml", "base: tiny.yaml\nmodel: {width: 8}\n");
    cli_write_text("main.yaml", "version: 1\n"
                                "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1,\n"
                                "       synth: {train: 200, test: 40, size: 8}}\n"
                                "model: {arch: resnet8, width: 4}\n"
                                "run: {dir: runs, threads: 1, progress: \"off\"}\n");
    for (int i = 0; i < 2; i++)
        two[i] = cli_start(c, "-q main.yaml name=main%d %s", i, naming[_i]);
    late = first_to_end(two);
    cli_await_run(c, two[!late], "teacher", "ckpt/last.h5");
    kill(two[!late], SIGKILL);
    ck_assert_int_eq(cli_wait(c, two[!late]), 1000 + SIGKILL);
    snprintf(who, sizeof who, "teacher.yaml: runs/teacher: a run of this config is being trained by process %ld; when",
             (long)two[!late]);
    cli_failed(c, cli_wait(c, two[late]), 5, who);
    ck_assert_int_eq(teachers(), 1);
    snprintf(who, sizeof who, "main%d", late);
    ck_assert(can_resume("runs", who, c->run));
    ck_assert_int_eq(cli_run(c, "-q resume %s run.time_limit=0.001", c->run), 75);
    ck_assert_int_eq(teachers(), 1);
    cli_close(c);
}
END_TEST

/* The same config, twice in the same second: two run directories. */
START_TEST(two_trainings_do_not_meet)
{
    struct cli *c = cli_open();
    pid_t two[2];
    char run[2][512];

    for (int i = 0; i < 2; i++)
        two[i] = cli_start(c, "-q tiny.yaml");
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cli_wait(c, two[i]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert(can_resume("runs", "tiny", run[i]));
        ck_assert_int_eq(rename(run[i], i ? "b" : "a"), 0);
    }
    trial_same_runs("a", "b");
    cli_close(c);
}
END_TEST

Suite *suite_kill(void)
{
    Suite *s = suite_create("kill");
    TCase *c = tcase_create("kill");

    tcase_set_timeout(c, 7200);
    tcase_add_loop_test(c, killed_at_random, 0, N_METHODS);
    tcase_add_test(c, one_of_two_is_refused);
    tcase_add_loop_test(c, one_of_two_trains_what_both_name, 0, 3);
    tcase_add_test(c, two_trainings_do_not_meet);
    suite_add_tcase(s, c);
    return s;
}
