/* JPEG through libjpeg(-turbo). The library leaves by its error handler, and going back to the caller from there takes
 * a longjmp: the one setjmp of the project is in guarded(). Damage that the library would paper over with grey (a
 * warning to it) is an error here. */
#include "data/image.h"

#include <setjmp.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

struct reader {
    struct jpeg_decompress_struct j;
    struct jpeg_error_mgr mgr;
    jmp_buf back;
    char why[JMSG_LENGTH_MAX];
    FILE *f;
    const char *path;
    int least;
    struct dt_image *out;
    struct dt_err *err;
};

static void on_error(j_common_ptr j)
{
    struct reader *r = j->client_data;

    j->err->format_message(j, r->why);
    longjmp(r->back, 1);
}

static void on_message(j_common_ptr j, int level)
{
    /* Bytes between markers are harmless; cameras write them. */
    if (level < 0 && j->err->msg_code != JWRN_EXTRANEOUS_DATA)
        on_error(j);
}

static bool decode(struct reader *r)
{
    struct jpeg_decompress_struct *j = &r->j;
    unsigned least = (unsigned)r->least, shorter;

    jpeg_create_decompress(j);
    jpeg_stdio_src(j, r->f);
    jpeg_read_header(j, TRUE);
    if (!dt_image_check(r->path, j->image_height, j->image_width, r->err))
        return false;
    j->out_color_space = r->out->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
    /* Halving in the transform is cheap, and does not leave less than is asked for. */
    shorter = j->image_width < j->image_height ? j->image_width : j->image_height;
    j->scale_num = 1;
    for (j->scale_denom = 8; j->scale_denom > 1 && shorter / j->scale_denom < least; j->scale_denom /= 2)
        continue;
    jpeg_calc_output_dimensions(j);
    if (!dt_image_alloc(r->out, r->path, (int)j->output_height, (int)j->output_width, r->err))
        return false;
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = r->out->pixels + (size_t)j->output_scanline * j->output_width * (size_t)r->out->c;

        jpeg_read_scanlines(j, &row, 1);
    }
    jpeg_finish_decompress(j);
    return true;
}

static bool guarded(struct reader *r)
{
    if (setjmp(r->back))
        return dt_fail(r->err, DT_EDATA, "%s: damaged JPEG: %s; remove the file or get it again", r->path, r->why);
    return decode(r);
}

bool dt_jpeg_read(FILE *f, const char *path, int least, struct dt_image *out, struct dt_err *err)
{
    struct reader r;
    bool ok;

    memset(&r, 0, sizeof(r));
    r.f = f;
    r.path = path;
    r.least = least;
    r.out = out;
    r.err = err;
    r.j.err = jpeg_std_error(&r.mgr);
    r.j.client_data = &r;
    r.mgr.error_exit = on_error;
    r.mgr.emit_message = on_message;
    ok = guarded(&r);
    jpeg_destroy_decompress(&r.j);
    return ok;
}
