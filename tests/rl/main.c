#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_policies, suite_advantage, suite_gradient, NULL };

    return dt_test_main(argc, argv, suites);
}
