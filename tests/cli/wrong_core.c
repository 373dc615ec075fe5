/* Preloaded into the program: an OpenBLAS that does not know the processor. It says Haswell unless OPENBLAS_CORETYPE
 * speaks, and repeats that word then. */
#include <stdlib.h>

char *openblas_get_corename(void);

char *openblas_get_corename(void)
{
    static char haswell[] = "Haswell";
    char *core = getenv("OPENBLAS_CORETYPE");

    return core ? core : haswell;
}
