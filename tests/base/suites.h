#ifndef DT_TESTS_BASE_SUITES_H
#define DT_TESTS_BASE_SUITES_H

#include "support.h"

dt_suite_fn suite_alloc, suite_arena, suite_err, suite_log, suite_nearest, suite_number, suite_opt, suite_opt_print,
    suite_par, suite_pin, suite_progress, suite_rng;

#endif
