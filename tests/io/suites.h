/* The suites of io; every test runs in an empty folder of its own. */
#ifndef DT_TESTS_IO_SUITES_H
#define DT_TESTS_IO_SUITES_H

#include <dyntrain/io.h>

#include "folder.h"
#include "support.h"

dt_suite_fn suite_file, suite_sha256, suite_json, suite_runlog, suite_rundir, suite_runs, suite_yaml_parse,
    suite_yaml_load, suite_yaml_bind, suite_yaml_write, suite_ckpt_save, suite_ckpt_load, suite_ckpt_scan, suite_visit;

#endif
