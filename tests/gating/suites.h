/* The suites of this room. */
#ifndef DT_TESTS_GATING_SUITES_H
#define DT_TESTS_GATING_SUITES_H

#include <support.h>

dt_suite_fn suite_fit, suite_route, suite_early_exit, suite_cascade;

#endif
