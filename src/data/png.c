/* PNG through libpng's simplified interface: any bit depth, palette or transparency (on black) to 8-bit grey or RGB. */
#include "data/image.h"

#include <png.h>

bool dt_png_read(FILE *f, const char *path, struct dt_image *out, struct dt_err *err)
{
    png_image png = { .version = PNG_IMAGE_VERSION };
    png_color black = { 0, 0, 0 };
    bool ok = png_image_begin_read_from_stdio(&png, f);

    if (ok) {
        png.format = out->c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
        if (!dt_image_check(path, png.height, png.width, err) ||
            !dt_image_alloc(out, path, (int)png.height, (int)png.width, err)) {
            png_image_free(&png);
            return false;
        }
        ok = png_image_finish_read(&png, &black, out->pixels, 0, NULL);
    }
    if (!ok)
        dt_fail(err, DT_EDATA, "%s: damaged PNG: %s; remove the file or get it again", path, png.message);
    png_image_free(&png);
    return ok;
}
