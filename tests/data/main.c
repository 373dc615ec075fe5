#include "suites.h"
#include "support.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_augment, suite_cifar,    suite_dataset, suite_folder,
                                           suite_idx,     suite_image,    suite_loader,  suite_normalise,
                                           suite_options, suite_resample, suite_split,   suite_synth,
                                           NULL };

    return dt_test_main(argc, argv, suites);
}
