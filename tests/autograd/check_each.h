/* For loops over elements: an assertion of Check's writes to a pipe even where it holds, this one only where it fails.
 */
#ifndef DT_TESTS_CHECK_EACH_H
#define DT_TESTS_CHECK_EACH_H

#include <check.h>

#define CHECK_EACH(cond, ...)                                                                                          \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

#endif
