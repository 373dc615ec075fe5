/* The suites of this room. */
#ifndef DT_TESTS_EXEC_SUITES_H
#define DT_TESTS_EXEC_SUITES_H

#include <dyntrain/exec.h>
#include <support.h>

Suite *suite_same(void);
Suite *suite_plan(void);
Suite *suite_decide(void);
Suite *suite_half(void);

#endif
