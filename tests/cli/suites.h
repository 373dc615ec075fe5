#ifndef DT_TESTS_CLI_SUITES_H
#define DT_TESTS_CLI_SUITES_H

#include "support.h"

dt_suite_fn suite_args, suite_streams, suite_list, suite_config, suite_whole_run, suite_bad_config, suite_bad_data,
    suite_bad_run, suite_signals, suite_pretrained, suite_memory, suite_doctor, suite_bench;

#endif
