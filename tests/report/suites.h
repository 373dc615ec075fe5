/* The suites of report; every test runs in an empty folder of its own. */
#ifndef DT_TESTS_REPORT_SUITES_H
#define DT_TESTS_REPORT_SUITES_H

#include "folder.h"
#include "support.h"

dt_suite_fn suite_collect, suite_html;

#endif
