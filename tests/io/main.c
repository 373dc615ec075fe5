#include "suites.h"

#include <string.h>

#include "lock_helper.h"

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_file,       suite_sha256,    suite_json,
                                           suite_runlog,     suite_rundir,    suite_runs,
                                           suite_yaml_parse, suite_yaml_load, suite_yaml_bind,
                                           suite_yaml_write, suite_ckpt_save, suite_ckpt_load,
                                           suite_ckpt_scan,  suite_visit,     NULL };

    if (argc == 3 && !strcmp(argv[1], "--try-lock"))
        return try_lock(argv[2]);
    return dt_test_main(argc, argv, suites);
}
