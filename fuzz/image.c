/* A PNG or JPEG, decoded and fitted to a shape. */
#include "fuzz.h"

#include "data/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[3 * 12 * 9];
    struct dt_err err = { .code = DT_OK };

    dt_log_level(DT_QUIET);
    if (dt_image_load(fuzz_file("image", data, size), 12, 9, 3, out, &err))
        fuzz_accepted++;
    else if (!err.code)
        abort();
    return 0;
}
