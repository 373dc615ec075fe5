#ifndef DT_TESTS_RL_SUITES_H
#define DT_TESTS_RL_SUITES_H

#include "support.h"

dt_suite_fn suite_policies, suite_advantage, suite_gradient;

#endif
