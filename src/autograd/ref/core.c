/* core: which of its kernels OpenBLAS runs. It knows processors by their model number, and one that is newer than the
 * library falls back to older kernels: AVX2 on a processor with AVX-512, at half the speed. OPENBLAS_CORETYPE corrects
 * that, but is read before main() begins. */
#include "autograd/ref/ref.h"

#include <cblas.h>
#include <string.h>

const char *dt_blas_core(void)
{
    return openblas_get_corename();
}

/* Names that are not here are AVX-512 kernels, or newer than this list. */
static bool older_than_avx2(const char *core)
{
    static const char *const names[] = { "Katmai",      "Coppermine", "Northwood", "Prescott",     "Banias",
                                         "Atom",        "Core2",      "Penryn",    "Dunnington",   "Nehalem",
                                         "Sandybridge", "Athlon",     "Opteron",   "Opteron_SSE3", "Barcelona",
                                         "Bobcat",      "Bulldozer",  "Nano",      "Piledriver" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(core, names[i]))
            return true;
    return false;
}

static bool avx2(const char *core)
{
    return !strcmp(core, "Haswell") || !strcmp(core, "Zen") || !strcmp(core, "Excavator") ||
           !strcmp(core, "Steamroller");
}

const char *dt_blas_core_better(const char *core, bool has_avx2, bool has_avx512)
{
    if (has_avx512 && (avx2(core) || older_than_avx2(core)))
        return "SKYLAKEX";
    if (has_avx2 && older_than_avx2(core))
        return "HASWELL";
    return NULL;
}

const char *dt_blas_core_wanted(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return dt_blas_core_better(dt_blas_core(), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"),
                               __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                                   __builtin_cpu_supports("avx512vl"));
#else
    return NULL;
#endif
}
