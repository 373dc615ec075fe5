#include <string.h>

#include "suites.h"
#include "trial.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_optim,
                                           suite_group,
                                           suite_schedule,
                                           suite_ema,
                                           suite_evaluate,
                                           suite_weights,
                                           suite_setup,
                                           suite_configs,
                                           suite_run,
                                           suite_stop,
                                           suite_resume,
                                           suite_pretrained,
                                           suite_distill,
                                           suite_curve,
                                           suite_latency,
                                           suite_guard,
                                           NULL };

    if (argc > 1 && !strcmp(argv[1], TRIAL_CHILD)) /* the process that a test lets die */
        return trial_child(argc - 2, argv + 2);
    return dt_test_main(argc, argv, suites);
}
