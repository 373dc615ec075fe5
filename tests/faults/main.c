#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_disk,    suite_save, suite_crash, suite_failing,
                                           suite_waiting, suite_long, NULL };

    return dt_test_main(argc, argv, suites);
}
