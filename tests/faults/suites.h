/* The suites of faults. */
#ifndef DT_TESTS_FAULTS_SUITES_H
#define DT_TESTS_FAULTS_SUITES_H

#include "support.h"

dt_suite_fn suite_disk, suite_save, suite_crash, suite_failing, suite_waiting, suite_long, suite_kill;

#endif
