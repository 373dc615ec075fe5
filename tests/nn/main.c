#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_module, suite_net,     suite_models, suite_layers,
                                           suite_cost,   suite_exit,    suite_run,    suite_gates,
                                           suite_same,   suite_segment, suite_half,   NULL };

    return dt_test_main(argc, argv, suites);
}
