/* The suites of this room. */
#ifndef DT_TESTS_NN_SUITES_H
#define DT_TESTS_NN_SUITES_H

#include <dyntrain/nn.h>
#include <support.h>

Suite *suite_module(void);
Suite *suite_net(void);
Suite *suite_models(void);
Suite *suite_layers(void);
Suite *suite_cost(void);
Suite *suite_exit(void);
Suite *suite_run(void);
Suite *suite_gates(void);
Suite *suite_same(void);
Suite *suite_segment(void);
Suite *suite_half(void);

#endif
