/* Whole runs of the methods of this room on generated images, in a folder of their own. */
#ifndef DT_TESTS_GATING_TRIAL_H
#define DT_TESTS_GATING_TRIAL_H

#include <dyntrain/train.h>

#include "support.h"

struct trial {
    char dir[256];
    struct dt_err err;
    struct dt_outcome out;
};
extern const struct dt_method *const trial_methods[];

/* A folder with small.yaml (a ResNet-8 of 4 channels, exits not mentioned), in which paths of configs are relative. */
void trial_open(struct trial *t);
void trial_close(struct trial *t);
void trial_write(const struct trial *t, const char *name, const char *text);
/* Trains <dir>/<config>; overrides separated by blanks, %s in them: the folder. */
enum dt_code trial_train(struct trial *t, const char *config, const char *overrides);
enum dt_code trial_resume(struct trial *t);
/* SIGTERM after step `at` of early_exit's training phase; 0: none. */
void trial_stop_at(int at);

/* The network of the run that was trained last, its policy really skipping over the test set, against what the run said
 * of itself, which comes from cached answers; then masked against skipping, image by image. */
void trial_check_execution(struct trial *t);
/* Numbers of result.json. */
double trial_number(const struct trial *t, const char *key);
double trial_point(const struct trial *t, const char *list, const char *name, const char *key);

#endif
