#ifndef DT_TESTS_TRAIN_SUITES_H
#define DT_TESTS_TRAIN_SUITES_H

#include "support.h"

dt_suite_fn suite_optim, suite_group, suite_schedule, suite_ema, suite_evaluate, suite_weights, suite_setup,
    suite_configs, suite_run, suite_stop, suite_resume, suite_pretrained, suite_distill, suite_curve, suite_latency,
    suite_guard;

#endif
