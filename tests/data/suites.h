#ifndef DT_TESTS_DATA_SUITES_H
#define DT_TESTS_DATA_SUITES_H

#include <check.h>

Suite *suite_augment(void);
Suite *suite_cifar(void);
Suite *suite_dataset(void);
Suite *suite_folder(void);
Suite *suite_idx(void);
Suite *suite_image(void);
Suite *suite_loader(void);
Suite *suite_normalise(void);
Suite *suite_options(void);
Suite *suite_resample(void);
Suite *suite_split(void);
Suite *suite_synth(void);

#endif
