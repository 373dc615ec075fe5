/* A run of two epochs in 30 ms, and what must hold of what a fault left behind. */
#ifndef DT_TESTS_SHORT_RUN_H
#define DT_TESTS_SHORT_RUN_H

#include "trial.h"

extern const char short_run[]; /* overrides for trial_train */

/* Temporary files below `dir`. */
int count_temps(const char *dir);
/* Trains below t->root "whole"; the run that others are compared with. */
void train_whole(struct trial *t, char run[512]);
/* Sets t->root to an empty folder below t->dir. */
void new_root(struct trial *t, const char *name);
/* The run below t->root into t->out.run; false: there is none. */
bool only_run(struct trial *t);

#endif
