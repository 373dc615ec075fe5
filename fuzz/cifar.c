/* CIFAR: a byte says 10 or 100; then the class names, the test file, and what all training files hold. */
#include "fuzz.h"

#include <dyntrain/data.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dt_data_cfg cfg = { .dataset = DT_CIFAR10, .dir = fuzz_dir(), .batch = 1 };
    struct dt_err err = { .code = DT_OK };
    struct fuzz_piece names, test;
    struct dt_dataset *d;
    char name[32];

    if (size == 0)
        return 0;
    dt_log_level(DT_QUIET);
    cfg.dataset = data[0] & 1 ? DT_CIFAR100 : DT_CIFAR10;
    data++;
    size--;
    names = fuzz_cut(&data, &size);
    test = fuzz_cut(&data, &size);
    fuzz_file("batches.meta.txt", names.data, names.size);
    fuzz_file("fine_label_names.txt", names.data, names.size);
    fuzz_file("test.bin", test.data, test.size);
    fuzz_file("test_batch.bin", test.data, test.size);
    fuzz_file("train.bin", data, size);
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", i);
        fuzz_file(name, data, size);
    }
    d = dt_dataset_open(&cfg, 1, &err);
    fuzz_accepted += d != NULL;
    if (!d && !err.code)
        abort();
    dt_dataset_free(d);
    return 0;
}
