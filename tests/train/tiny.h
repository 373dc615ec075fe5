/* A linear layer in a loop without a run: what groups, EMA and schedules are tested on. */
#ifndef DT_TESTS_TRAIN_TINY_H
#define DT_TESTS_TRAIN_TINY_H

#include "train/loop.h"

struct tiny {
    struct dt_loop l;
    struct dt_optim_cfg cfg; /* constant schedule, rate 0.1, plain descent */
    struct dt_settings set;  /* all zero */
    dt_real *weight, *weight_grad, *bias, *bias_grad;
};
/* weight [1,n] (decays), bias [1] (does not), all zero */
void tiny_open(struct tiny *b, int n);
void tiny_close(struct tiny *b);

#endif
