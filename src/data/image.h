/* Image files: decoding to bytes, and fitting to a shape. */
#ifndef DT_DATA_IMAGE_H
#define DT_DATA_IMAGE_H

#include <dyntrain/base.h>

enum { DT_IMAGE_MAX_SIDE = 16384, DT_IMAGE_MAX_PIXELS = 1 << 26 };

struct dt_image {
    int h, w, c;
    uint8_t *pixels; /* [h][w][c], from dt_malloc */
};

/* A decoder reads an open file, c = 1 (grey) or 3 (RGB). `least`: an image may be decoded smaller than it is, but not
 * to a shorter side below this. Fills out->pixels, which the caller frees, on failure too. */
bool dt_png_read(FILE *f, const char *path, struct dt_image *out, struct dt_err *err);
bool dt_jpeg_read(FILE *f, const char *path, int least, struct dt_image *out, struct dt_err *err);
/* Refuses a header that claims too much. */
bool dt_image_check(const char *path, long long h, long long w, struct dt_err *err);
bool dt_image_alloc(struct dt_image *out, const char *path, int h, int w, struct dt_err *err);
/* Scales so that h x w is just covered, and crops the centre. */
bool dt_image_fit(const struct dt_image *in, int h, int w, uint8_t *out, struct dt_err *err);
/* All of it: a PNG or JPEG, told by its first bytes, to [h][w][c]. */
bool dt_image_load(const char *path, int h, int w, int c, uint8_t *out, struct dt_err *err);

#endif
