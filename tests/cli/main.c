#include "suites.h"

static dt_suite_fn *const suites[] = { suite_args,       suite_streams,  suite_list,    suite_config,  suite_whole_run,
                                       suite_bad_config, suite_bad_data, suite_bad_run, suite_signals, suite_pretrained,
                                       suite_memory,     suite_doctor,   suite_bench,   NULL };

int main(int argc, char **argv)
{
    return dt_test_main(argc, argv, suites);
}
