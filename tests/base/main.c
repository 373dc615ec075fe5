#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_alloc,   suite_arena,  suite_err,      suite_log,
                                           suite_nearest, suite_number, suite_opt,      suite_opt_print,
                                           suite_par,     suite_pin,    suite_progress, suite_rng,
                                           NULL };

    return dt_test_main(argc, argv, suites);
}
