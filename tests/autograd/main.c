#include "suites.h"

#include <support.h>

static dt_suite_fn *const suites[] = {
    contract_suite, batch_norm_suite,  bits_suite, twin_suite,        golden_suite,  curve_suite, learn_suite,
    tape_suite,     tape_memory_suite, rows_suite, prefix_conv_suite, engines_suite, gemm_suite,  confidence_suite,
    half_suite,     probe_suite,       NULL
};

int main(int argc, char **argv)
{
    return dt_test_main(argc, argv, suites);
}
