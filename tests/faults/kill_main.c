#include <stdlib.h>

#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_kill, NULL };

    if (setenv("OMP_WAIT_POLICY", "passive", 0)) /* more threads than processors: those that wait must not spin */
        abort();
    return dt_test_main(argc, argv, suites);
}
