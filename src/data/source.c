/* What the sources share: where data lies, and memory for it. */
#include "data/source.h"

#include <stdlib.h>

const char *dt_source_dir(const struct dt_data_cfg *cfg)
{
    const char *env = getenv("DYNTRAIN_DATA");

    if (cfg->dir && *cfg->dir)
        return cfg->dir;
    return env && *env ? env : NULL;
}

uint8_t *dt_source_alloc(struct dt_source *s, struct dt_images *half, int n, struct dt_err *err)
{
    uint8_t *pixels = NULL;
    size_t bytes;

    half->label = dt_arena_calloc(s->arena, (size_t)n, sizeof(*half->label));
    if (dt_mul_size((size_t)n, (size_t)s->h * (size_t)s->w * (size_t)s->c, &bytes))
        pixels = dt_arena_alloc(s->arena, bytes);
    if (!pixels || !half->label) {
        dt_fail(err, DT_ENOMEM, "data: no memory for %d images of %d x %d x %d bytes", n, s->h, s->w, s->c);
        return NULL;
    }
    half->n = n;
    half->pixels = pixels;
    return pixels;
}

bool dt_source_number_classes(struct dt_source *s, struct dt_err *err)
{
    const char **name = dt_arena_calloc(s->arena, (size_t)s->classes, sizeof(*name));

    for (int i = 0; name && i < s->classes; i++) {
        name[i] = dt_arena_printf(s->arena, "%d", i);
        if (!name[i])
            name = NULL;
    }
    if (!name)
        return dt_fail(err, DT_ENOMEM, "data: no memory for %d class names", s->classes);
    s->class_names = name;
    return true;
}
