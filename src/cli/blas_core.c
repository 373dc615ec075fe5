/* blas_core: OpenBLAS reads OPENBLAS_CORETYPE before main(), so where it has picked kernels older than the processor
 * the program starts itself once more with that set. */
#include "autograd/engine.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char variable[] = "OPENBLAS_CORETYPE";

/* valgrind preloads a library of its own; started anew without --trace-children the program would leave it. */
static bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload && strstr(preload, "/vgpreload_");
}

void dt_cli_blas_core(char **argv)
{
    const char *core = getenv(variable) || under_valgrind() ? NULL : dt_blas_core_wanted();

    if (!core || setenv(variable, core, 1))
        return;
    execv("/proc/self/exe", argv);
    unsetenv(variable); /* it goes on with what there is, and doctor says so */
}

const char *dt_cli_blas_core_by(void)
{
    if (getenv(variable))
        return variable;
    return dt_blas_core_wanted() ? "its own choice, not the best this processor has" : "its own choice";
}
