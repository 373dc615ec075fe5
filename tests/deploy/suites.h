/* The suites of this room. */
#ifndef DT_TESTS_DEPLOY_SUITES_H
#define DT_TESTS_DEPLOY_SUITES_H

#include <dyntrain/deploy.h>
#include <support.h>

Suite *suite_onnx(void);

#endif
