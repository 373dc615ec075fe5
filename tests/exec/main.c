#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_same, suite_plan, suite_decide, suite_half, NULL };

    return dt_test_main(argc, argv, suites);
}
