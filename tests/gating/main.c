#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_fit, suite_route, suite_early_exit, suite_cascade, NULL };

    return dt_test_main(argc, argv, suites);
}
