#include <string.h>

#include <dyntrain/rl.h>

#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = {
        suite_policies, suite_advantage, suite_gradient, suite_cost,          suite_reward, suite_policy_run,
        suite_toy,      suite_budgetnet, suite_static,   suite_budget_resume, NULL
    };

    dt_par_set_threads(1);                           /* the nets here are too small to share */
    if (argc > 1 && !strcmp(argv[1], TRIAL_CHILD)) { /* the process that a test lets die */
        trial_use(&dt_method_budgetnet);
        return trial_child(argc - 2, argv + 2);
    }
    return dt_test_main(argc, argv, suites);
}
