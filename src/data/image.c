/* One image file, whatever its format, to the shape that is wanted. */
#include "data/image.h"

#include <errno.h>
#include <string.h>

bool dt_image_check(const char *path, long long h, long long w, struct dt_err *err)
{
    if (h < 1 || w < 1 || h > DT_IMAGE_MAX_SIDE || w > DT_IMAGE_MAX_SIDE || h * w > DT_IMAGE_MAX_PIXELS)
        return dt_fail(err, DT_EDATA, "%s: %lld x %lld pixels, at most %d a side and %d in all are read", path, w, h,
                       DT_IMAGE_MAX_SIDE, DT_IMAGE_MAX_PIXELS);
    return true;
}

bool dt_image_alloc(struct dt_image *out, const char *path, int h, int w, struct dt_err *err)
{
    out->h = h;
    out->w = w;
    out->pixels = dt_malloc((size_t)h * (size_t)w * (size_t)out->c);
    return out->pixels || dt_fail(err, DT_ENOMEM, "%s: no memory for %d x %d pixels", path, w, h);
}

bool dt_image_load(const char *path, int h, int w, int c, uint8_t *out, struct dt_err *err)
{
    static const uint8_t png[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' }, jpeg[3] = { 0xff, 0xd8, 0xff };
    struct dt_image image = { .c = c };
    uint8_t head[8] = { 0 };
    FILE *f = fopen(path, "rb");
    size_t n;
    bool ok;

    if (!f)
        return dt_fail(err, DT_EDATA, "%s: %s", path, strerror(errno));
    n = fread(head, 1, sizeof(head), f);
    if (c != 1 && c != 3)
        ok = dt_fail(err, DT_EDATA, "%s: images are read with 1 or 3 channels, the data set has %d", path, c);
    else if (ferror(f))
        ok = dt_fail(err, DT_EDATA, "%s: %s", path, strerror(errno));
    else if (n == 0)
        ok = dt_fail(err, DT_EDATA, "%s: the file is empty; remove it or get it again", path);
    else if (fseek(f, 0, SEEK_SET))
        ok = dt_fail(err, DT_EDATA, "%s: %s; a regular file is needed", path, strerror(errno));
    else if (memcmp(head, png, sizeof(png)) == 0)
        ok = dt_png_read(f, path, &image, err);
    else if (memcmp(head, jpeg, sizeof(jpeg)) == 0)
        ok = dt_jpeg_read(f, path, h > w ? h : w, &image, err);
    else
        ok = dt_fail(err, DT_EDATA, "%s: neither a PNG nor a JPEG file", path);
    fclose(f);
    ok = ok && dt_image_fit(&image, h, w, out, err);
    dt_free(image.pixels);
    return ok;
}
