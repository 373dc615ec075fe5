/* methods: the table of all training methods. A new one is a line here. */
#include "cli/cli.h"

#include <dyntrain/gating.h>
#include <dyntrain/rl.h>

const struct dt_method *const dt_methods[] = { &dt_method_supervised, &dt_method_budgetnet, &dt_method_early_exit,
                                               &dt_method_cascade, NULL };
