/* MNIST's four files, plain or gzipped: pieces one after the other. */
#include "fuzz.h"

#include <dyntrain/data.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const names[] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                     "t10k-labels-idx1-ubyte" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dt_data_cfg cfg = { .dataset = DT_IDX, .dir = fuzz_dir(), .batch = 1 };
    struct dt_err err = { .code = DT_OK };
    struct dt_dataset *d;

    dt_log_level(DT_QUIET);
    for (int i = 0; i < 4; i++) {
        struct fuzz_piece p = fuzz_cut(&data, &size);

        fuzz_file(names[i], p.data, p.size); /* zlib tells by the first bytes whether it is compressed */
    }
    d = dt_dataset_open(&cfg, 1, &err);
    fuzz_accepted += d != NULL;
    if (!d && !err.code)
        abort();
    dt_dataset_free(d);
    return 0;
}
