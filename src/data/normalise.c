/* Mean and standard deviation a channel. Sums are of integers, so any order of adding gives the same bits. */
#include "data/dataset.h"

#include <math.h>

enum { MOST_IMAGES = 100000, GRAIN = 256 };

struct sums {
    uint64_t sum[4], squares[4];
    struct dt_err err;
};
struct pass {
    const struct dt_dataset *d;
    struct sums *part; /* one a chunk */
};

static void add_image(const uint8_t *p, int n_pixels, int c, struct sums *s)
{
    for (int i = 0; i < c; i++) {
        uint64_t sum = 0, squares = 0;

        for (int k = 0; k < n_pixels; k++) {
            uint32_t v = p[k * c + i];

            sum += v;
            squares += v * v;
        }
        s->sum[i] += sum;
        s->squares[i] += squares;
    }
}

static void add_images(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct pass *pass = ctx;
    const struct dt_data_info *info = &pass->d->info;
    struct sums *s = &pass->part[chunk];
    uint8_t *scratch = dt_malloc((size_t)info->h * (size_t)info->w * (size_t)info->c);

    if (!scratch)
        dt_fail(&s->err, DT_ENOMEM, "data: no memory for an image");
    for (int64_t i = begin; scratch && i < end; i++) {
        const uint8_t *p = dt_dataset_pixels(pass->d, DT_TRAIN, (int)i, scratch, &s->err);

        if (!p)
            break;
        add_image(p, info->h * info->w, info->c, s);
    }
    dt_free(scratch);
}

static void finish(struct dt_dataset *d, const struct sums *s, int n)
{
    double count = (double)n * d->info.h * d->info.w;

    for (int c = 0; c < d->info.c; c++) {
        double mean = (double)s->sum[c] / count, var = (double)s->squares[c] / count - mean * mean;
        /* A constant channel must not be blown up: its deviation is at least one grey level. */
        double std = fmax(sqrt(fmax(var, 0)), 1);

        d->info.mean[c] = mean / 255;
        d->info.std[c] = std / 255;
    }
    dt_dataset_tabulate(d);
}

void dt_dataset_tabulate(struct dt_dataset *d)
{
    for (int c = 0; c < d->info.c; c++)
        for (int v = 0; v < 256; v++)
            d->table[c][v] = (dt_real)((v - 255 * d->info.mean[c]) / (255 * d->info.std[c]));
}

bool dt_dataset_normalise(struct dt_dataset *d, struct dt_err *err)
{
    int n = d->info.n[DT_TRAIN] < MOST_IMAGES ? d->info.n[DT_TRAIN] : MOST_IMAGES;
    int64_t chunks = dt_par_chunks(n, GRAIN);
    struct pass pass = { .d = d, .part = dt_calloc((size_t)chunks, sizeof(*pass.part)) };
    struct sums all = { 0 };

    if (!pass.part)
        return dt_fail(err, DT_ENOMEM, "data: no memory for sums");
    dt_par_for(n, GRAIN, add_images, &pass);
    for (int64_t i = 0; i < chunks; i++) {
        if (pass.part[i].err.code)
            dt_fail(err, pass.part[i].err.code, "%s", pass.part[i].err.msg);
        for (int c = 0; c < d->info.c; c++) {
            all.sum[c] += pass.part[i].sum[c];
            all.squares[c] += pass.part[i].squares[c];
        }
    }
    dt_free(pass.part);
    if (err->code)
        return false;
    finish(d, &all, n);
    return true;
}
