/* A YAML config: parsed, merged with its bases, bound to the schema, checked, and written out again. */
#include "fuzz.h"

#include <dyntrain/train.h>
#include <stdlib.h>

static const struct dt_method *const methods[] = { &dt_method_supervised, NULL };

static void write_back(const struct dt_setup *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f || dt_setup_write(s, true, f) != DT_OK || fclose(f))
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file("config.yaml", data, size);
    struct dt_err err = { .code = DT_OK };
    struct dt_setup s;

    dt_log_level(DT_QUIET);
    if (dt_setup_load(&s, path, 0, NULL, methods, &err) == DT_OK) {
        write_back(&s);
        fuzz_accepted++;
    }
    for (int i = 0; s.config && i < dt_config_n_errors(s.config); i++)
        if (!dt_config_error(s.config, i))
            abort();
    dt_setup_free(&s);
    return 0;
}
