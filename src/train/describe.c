/* /data of a checkpoint: what a trained net needs to know of the data set it was trained on. With it, export and
 * predict need no images. */
#include "train/loop.h"

#include <math.h>
#include <string.h>

enum { SHAPE = 4, MOST_SIDE = 65536, MOST_CLASSES = 1000000 };

void dt_describe_put(const struct dt_dataset *d, struct dt_ckpt *c, struct dt_err *err)
{
    const struct dt_data_info *info = dt_dataset_info(d);
    int64_t shape[SHAPE] = { info->h, info->w, info->c, info->classes }, dims[1] = { SHAPE }, channels[1] = { info->c };
    size_t size = 1;
    char *names;

    dt_ckpt_put(c, "/data/shape", DT_CKPT_I64, 1, dims, shape);
    dt_ckpt_put(c, "/data/mean", DT_CKPT_F64, 1, channels, info->mean);
    dt_ckpt_put(c, "/data/std", DT_CKPT_F64, 1, channels, info->std);
    for (int k = 0; k < info->classes; k++)
        size += strlen(info->class_names[k]) + 1;
    names = dt_calloc(size, 1);
    for (int k = 0; names && k < info->classes; k++) {
        strcat(names + strlen(names), info->class_names[k]);
        strcat(names + strlen(names), "\n");
    }
    if (names)
        dt_ckpt_put_text(c, "/data/classes", names);
    else
        dt_fail(err, DT_ENOMEM, "out of memory for a checkpoint");
    dt_free(names);
}

/* One a line; numbers where there are none. */
static bool read_names(struct dt_ckpt *c, const char *path, struct dt_arena *arena, struct dt_data_info *info,
                       struct dt_err *err)
{
    const char *text = dt_ckpt_has(c, "/data/classes") ? dt_ckpt_get_text(c, "/data/classes", arena) : NULL;
    const char **name = dt_arena_calloc(arena, (size_t)info->classes, sizeof *name);
    bool numbers = text == NULL;

    for (int k = 0; name && k < info->classes; k++) {
        const char *end = numbers ? NULL : strchr(text, '\n');

        if (!numbers && !end)
            return dt_fail(err, DT_ECHECKPOINT, "%s: /data/classes: not the names of %d classes", path, info->classes);
        name[k] = numbers ? dt_arena_printf(arena, "%d", k) : dt_arena_printf(arena, "%.*s", (int)(end - text), text);
        if (!name[k])
            return dt_fail(err, DT_ENOMEM, "%s: out of memory for names of classes", path);
        text = numbers ? NULL : end + 1;
    }
    info->class_names = name;
    return name || dt_fail(err, DT_ENOMEM, "%s: out of memory for names of classes", path);
}

static bool is_sound(const int64_t shape[SHAPE], const struct dt_data_info *info)
{
    bool sound = shape[0] > 0 && shape[0] <= MOST_SIDE && shape[1] > 0 && shape[1] <= MOST_SIDE;

    for (int i = 0; sound && i < info->c; i++)
        sound = isfinite(info->mean[i]) && isfinite(info->std[i]) && info->std[i] > 0;
    return sound && shape[3] > 0 && shape[3] <= MOST_CLASSES;
}

bool dt_describe_get(struct dt_ckpt *c, const char *path, struct dt_arena *arena, struct dt_data_info *info,
                     struct dt_err *err)
{
    int64_t shape[SHAPE] = { 0 }, dims[1] = { SHAPE }, channels[1];

    dt_ckpt_get(c, "/data/shape", DT_CKPT_I64, 1, dims, shape);
    if (dt_ckpt_err(c)->code == DT_OK && (shape[2] < 1 || shape[2] > 4))
        return dt_fail(err, DT_ECHECKPOINT, "%s: /data: %lld channels", path, (long long)shape[2]);
    info->c = (int)shape[2];
    channels[0] = info->c;
    dt_ckpt_get(c, "/data/mean", DT_CKPT_F64, 1, channels, info->mean);
    dt_ckpt_get(c, "/data/std", DT_CKPT_F64, 1, channels, info->std);
    if (dt_ckpt_err(c)->code)
        return dt_fail(err, dt_ckpt_err(c)->code, "%s", dt_ckpt_err(c)->msg);
    if (!is_sound(shape, info))
        return dt_fail(err, DT_ECHECKPOINT, "%s: /data: shape or normalisation are out of range", path);
    info->h = (int)shape[0];
    info->w = (int)shape[1];
    info->classes = (int)shape[3];
    return read_names(c, path, arena, info, err);
}
