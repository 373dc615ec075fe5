/* The suites of the autograd room. */
#ifndef DT_TESTS_AUTOGRAD_SUITES_H
#define DT_TESTS_AUTOGRAD_SUITES_H

#include <check.h>

Suite *batch_norm_suite(void);
Suite *bits_suite(void);
Suite *confidence_suite(void);
Suite *contract_suite(void);
Suite *curve_suite(void);
Suite *engines_suite(void);
Suite *gemm_suite(void);
Suite *golden_suite(void);
Suite *gradcheck_suite(void); /* double precision only */
Suite *half_suite(void);      /* float only */
Suite *learn_suite(void);
Suite *prefix_conv_suite(void); /* float only */
Suite *probe_suite(void);
Suite *rows_suite(void);
Suite *tape_suite(void);
Suite *tape_memory_suite(void);
Suite *twin_suite(void); /* float only */

#endif
