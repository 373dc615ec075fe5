#include "suites.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_onnx, NULL };

    return dt_test_main(argc, argv, suites);
}
