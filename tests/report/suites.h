/* The suites of report, and what they share: every test runs in an empty folder of its own. */
#ifndef DT_TESTS_REPORT_SUITES_H
#define DT_TESTS_REPORT_SUITES_H

#include "support.h"

dt_suite_fn suite_collect, suite_html;

/* A case whose tests start in an empty folder, which is removed afterwards; talk is off. */
TCase *case_in_folder(const char *name);
/* "a/b.json" makes a/. */
void write_text(const char *path, const char *text);

#endif
