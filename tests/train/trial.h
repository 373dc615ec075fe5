/* Whole runs for tests: a folder with a small config, runs in this process or in one that dies on the way. */
#ifndef DT_TESTS_TRAIN_TRIAL_H
#define DT_TESTS_TRAIN_TRIAL_H

#include <dyntrain/train.h>

#include "support.h"

#define TRIAL_CHILD "--trial"

struct trial {
    char dir[256];    /* temporary folder */
    char config[320]; /* <dir>/small.yaml: 3 epochs of 8 steps on generated images */
    char root[320];   /* <dir>/runs: root of run directories */
    struct dt_err err;
    struct dt_outcome out;
};
extern const struct dt_method *trial_methods[]; /* the method in use, which raises signals; supervised */

/* The method of the runs, before trial_open() or trial_child(); else supervised. */
void trial_use(const struct dt_method *method);

void trial_open(struct trial *t);
void trial_close(struct trial *t);
/* A file in the folder. */
void trial_write(struct trial *t, const char *name, const char *text);
/* Trains; `overrides` are separated by blanks. */
enum dt_code trial_train(struct trial *t, const char *overrides);
enum dt_code trial_resume(struct trial *t, const char *run, int64_t epochs);
/* The same in a new process, which raises `signal` after step `at` (before the step's checkpoint). Returns its wait
 * status; its run directory goes into t->out.run. */
int trial_spawn(struct trial *t, const char *overrides, int signal, int at);
int trial_child(int argc, char **argv);
/* After step `at` of the next runs in this process, `signal` is raised; 0: none; negative: twice. */
void trial_raise(int signal, int at);

/* The images of `times` steps, from number `at` (from 1), are not numbers; 0: none. */
void trial_poison(int at, int times);

/* Called before each step with its number, from 0; NULL: nobody. */
void trial_watch(void (*fn)(int64_t step));

/* "<run>/<name>" into buf. */
const char *trial_path(const char *run, const char *name, char buf[640]);
/* The whole file, for dt_free. */
char *trial_read(const char *run, const char *name);
/* Every dataset of ckpt/last.h5 but the config and the clock is the same, bit for bit. */
void trial_same_checkpoints(const char *run_a, const char *run_b);
void trial_same_files(const char *run_a, const char *run_b, const char *name);
/* Checkpoints and metrics.jsonl. */
void trial_same_runs(const char *run_a, const char *run_b);
/* A run that is left alone, and where it is. */
void trial_whole(struct trial *t, const char *overrides, char run[512]);
/* It is the same as one that is stopped by SIGTERM after step `at`, or killed in a process of its own before the
 * checkpoint of that step, and resumed, which is in t->out.run then. */
void trial_stop_and_resume(struct trial *t, const char *overrides, int at);
void trial_kill_and_resume(struct trial *t, const char *overrides, int at);

#endif
