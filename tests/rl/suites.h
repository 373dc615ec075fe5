#ifndef DT_TESTS_RL_SUITES_H
#define DT_TESTS_RL_SUITES_H

#include "support.h"
#include "trial.h"

dt_suite_fn suite_policies, suite_advantage, suite_gradient, suite_cost, suite_reward, suite_policy_run, suite_toy,
    suite_budgetnet, suite_static, suite_budget_resume;

/* Runs of budgetnet: a small dynamic ResNet, every phase one epoch. */
void budget_trial_open(struct trial *t);

#endif
