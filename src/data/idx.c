/* IDX files, plain or gzipped, under MNIST's names (format: LeCun, Cortes and Burges, "The MNIST database", file
 * formats). Big-endian header: 0, 0, type (8: unsigned bytes), rank, one 32-bit length a dimension; then the data. */
#include "data/list.h"
#include "data/source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define DEBIAN_DIR "/usr/share/datasets/fashion-mnist"
enum { MAX_SIDE = 4096, MAX_CLASSES = 256, MAX_DEFLATE_RATIO = 1032 };

struct idx { /* an open file, behind its header */
    const char *path;
    gzFile file; /* zlib reads plain files as they are */
    int64_t size, header, body;
    int dim[3];
};

static const char *const fashion_names[] = { "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                             "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot" };

/* As many of `want` bytes as there are. */
static int64_t read_bytes(gzFile file, void *out, int64_t want)
{
    int64_t got = 0;
    int n = 1;

    for (; got < want && n > 0; got += n > 0 ? n : 0)
        n = gzread(file, (uint8_t *)out + got, (unsigned)(want - got < INT_MAX / 2 ? want - got : INT_MAX / 2));
    return got;
}

/* A stream that ends early is not damaged in this sense: `cut` says so. */
static bool check_stream(const struct idx *x, bool *cut, struct dt_err *err)
{
    int code = Z_OK;
    const char *why = gzerror(x->file, &code);

    *cut = code == Z_BUF_ERROR;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
        return true;
    if (code == Z_MEM_ERROR)
        return dt_fail(err, DT_ENOMEM, "%s: no memory to decompress it", x->path);
    if (code == Z_ERRNO)
        return dt_fail(err, DT_EDATA, "%s: %s", x->path, strerror(errno));
    if (strncmp(why, x->path, strlen(x->path)) == 0) /* zlib puts it in front */
        why += strlen(x->path) + strlen(": ");
    return dt_fail(err, DT_EDATA, "%s: damaged: %s; get the file again", x->path, why);
}

static bool check_header(struct idx *x, const uint8_t *b, int rank, struct dt_err *err)
{
    if (b[0] || b[1] || b[2] != 8 || b[3] != rank)
        return dt_fail(err, DT_EDATA, "%s: magic number %02x%02x%02x%02x, expected 000008%02x: not an IDX file of %s",
                       x->path, b[0], b[1], b[2], b[3], rank, rank == 3 ? "images" : "labels");
    x->body = 1;
    for (int i = 0; i < rank; i++) {
        const uint8_t *p = b + 4 + 4 * i;
        uint32_t d = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];

        if (d == 0 || d > (i ? MAX_SIDE : INT_MAX) || d > INT_MAX / x->body)
            return dt_fail(err, DT_EDATA, "%s: the header's dimension %d is %lu, out of range", x->path, i,
                           (unsigned long)d);
        x->dim[i] = (int)d;
        x->body *= d;
    }
    /* A claim that cannot be true is refused before memory is asked for. */
    if (gzdirect(x->file) ? x->header + x->body != x->size : x->body / MAX_DEFLATE_RATIO > x->size)
        return dt_fail(err, DT_EDATA, "%s: the header promises %lld bytes, the file has %lld%s; get the file again",
                       x->path, (long long)(x->header + x->body), (long long)x->size,
                       gzdirect(x->file) ? "" : " (compressed)");
    return true;
}

/* Opens DIR/NAME or DIR/NAME.gz; x->file stays open on failure too, if it was opened. */
static bool idx_open(struct idx *x, struct dt_arena *arena, const char *dir, const char *name, int rank,
                     const char *remedy, struct dt_err *err)
{
    uint8_t header[16];
    struct stat st;
    int64_t got;
    bool cut;

    x->path = dt_arena_printf(arena, "%s/%s", dir, name);
    if (x->path && stat(x->path, &st))
        x->path = dt_arena_printf(arena, "%s/%s.gz", dir, name);
    if (!x->path)
        return dt_fail(err, DT_ENOMEM, "data: no memory for a path");
    if (stat(x->path, &st) || !(x->file = gzopen(x->path, "rb")))
        return dt_fail(err, DT_EDATA, "data.dir: %s: %s; %s", x->path, strerror(errno), remedy);
    x->size = st.st_size;
    x->header = 4 + 4 * rank;
    got = read_bytes(x->file, header, x->header);
    if (!check_stream(x, &cut, err))
        return false;
    if (got < x->header)
        return dt_fail(err, DT_EDATA, "%s: truncated: %lld bytes, an IDX header has %lld; get the file again", x->path,
                       (long long)got, (long long)x->header);
    return check_header(x, header, rank, err);
}

static bool idx_read(struct idx *x, uint8_t *out, struct dt_err *err)
{
    int64_t got = read_bytes(x->file, out, x->body);
    uint8_t more;
    bool cut;

    /* Asking for one byte more makes zlib check the sum at the end. */
    if (got == x->body && gzread(x->file, &more, 1) > 0)
        return dt_fail(err, DT_EDATA, "%s: the header promises %lld bytes, the file has more; get the file again",
                       x->path, (long long)(x->header + x->body));
    if (!check_stream(x, &cut, err))
        return false;
    if (got < x->body || cut)
        return dt_fail(err, DT_EDATA, "%s: truncated: %lld bytes promised, %lld found; get the file again", x->path,
                       (long long)(x->header + x->body), (long long)(x->header + got));
    return true;
}

static void idx_close(struct idx *x)
{
    if (x->file)
        gzclose(x->file);
}

static bool read_images(struct dt_source *s, struct dt_images *half, const char *dir, const char *name,
                        const char *remedy, struct dt_err *err)
{
    struct idx x = { 0 };
    uint8_t *pixels;
    bool ok = idx_open(&x, s->arena, dir, name, 3, remedy, err);

    if (ok && half == &s->test && (x.dim[1] != s->h || x.dim[2] != s->w))
        ok = dt_fail(err, DT_EDATA, "%s: images of %d x %d, the training images are %d x %d", x.path, x.dim[1],
                     x.dim[2], s->h, s->w);
    if (ok) {
        s->h = x.dim[1];
        s->w = x.dim[2];
        s->c = 1;
        pixels = dt_source_alloc(s, half, x.dim[0], err);
        ok = pixels && idx_read(&x, pixels, err);
    }
    idx_close(&x);
    return ok;
}

/* classes 0: whatever the training labels say. */
static bool read_labels(struct dt_source *s, struct dt_images *half, const char *dir, const char *name,
                        const char *remedy, struct dt_err *err)
{
    struct idx x = { 0 };
    uint8_t *label = NULL;
    int max = 0, limit = s->classes ? s->classes : MAX_CLASSES;
    bool ok = idx_open(&x, s->arena, dir, name, 1, remedy, err);

    if (ok && x.dim[0] != half->n)
        ok = dt_fail(err, DT_EDATA, "%s: %d labels for %d images", x.path, x.dim[0], half->n);
    if (ok && !(label = dt_malloc((size_t)x.body)))
        ok = dt_fail(err, DT_ENOMEM, "%s: no memory for %d labels", x.path, x.dim[0]);
    ok = ok && idx_read(&x, label, err);
    for (int i = 0; ok && i < half->n; i++) {
        half->label[i] = label[i];
        max = label[i] > max ? label[i] : max;
        if (label[i] >= limit)
            ok = dt_fail(err, DT_EDATA, "%s: record %d: label %d, expected 0 to %d", x.path, i, label[i], limit - 1);
    }
    if (!s->classes)
        s->classes = max + 1;
    dt_free(label);
    idx_close(&x);
    return ok;
}

static bool read_all(struct dt_source *s, const char *dir, const char *remedy, struct dt_err *err)
{
    return read_images(s, &s->train, dir, "train-images-idx3-ubyte", remedy, err) &&
           read_labels(s, &s->train, dir, "train-labels-idx1-ubyte", remedy, err) &&
           read_images(s, &s->test, dir, "t10k-images-idx3-ubyte", remedy, err) &&
           read_labels(s, &s->test, dir, "t10k-labels-idx1-ubyte", remedy, err);
}

bool dt_fashion_mnist_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    const char *dir = dt_source_dir(cfg);

    (void)seed;
    if (!cfg->dir || !*cfg->dir) { /* DYNTRAIN_DATA may be there for another set's sake */
        dir = dir ? dt_arena_printf(s->arena, "%s/fashion-mnist", dir) : NULL;
        dir = dir && dt_is_folder(dir) ? dir : DEBIAN_DIR;
    }
    s->classes = 10;
    s->class_names = fashion_names;
    return read_all(s, dir,
                    "install the Debian package dataset-fashion-mnist, or set data.dir to the folder that holds "
                    "Fashion-MNIST's four files",
                    err);
}

bool dt_idx_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    const char *dir = dt_source_dir(cfg);

    (void)seed;
    if (!dir)
        return dt_fail(err, DT_EDATA, "data.dir: not set; set it to the folder that holds train-images-idx3-ubyte");
    return read_all(s, dir, "set data.dir to the folder that holds the four files, plain or .gz", err) &&
           dt_source_number_classes(s, err);
}
