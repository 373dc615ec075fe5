/* A data set: a source, its validation split, its normalisation. */
#include "data/dataset.h"
#include "data/image.h"
#include "data/split.h"

#include <string.h>

enum { VAL_PART = 0 };

static const struct {
    const char *name;
    dt_source_open *open;
} sources[] = {
    [DT_FASHION_MNIST] = { "fashion_mnist", dt_fashion_mnist_open },
    [DT_CIFAR10] = { "cifar10", dt_cifar10_open },
    [DT_CIFAR100] = { "cifar100", dt_cifar100_open },
    [DT_SYNTH] = { "synth", dt_synth_open },
    [DT_FOLDER] = { "folder", dt_folder_open },
    [DT_IDX] = { "idx", dt_idx_open },
};

static int at_most(int n, int64_t limit)
{
    return limit > 0 && limit < n ? (int)limit : n;
}

static bool split(struct dt_dataset *d, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    int n = at_most(d->src.train.n, cfg->limit), n_val = (int)(n * cfg->val_split + 0.5);
    int *order = dt_arena_calloc(d->src.arena, (size_t)n, sizeof(*order));

    if (n_val >= n)
        return dt_fail(err, DT_EDATA, "data.val_split: %g leaves none of %d images to train on", cfg->val_split, n);
    if (!order)
        return dt_fail(err, DT_ENOMEM, "data: no memory for %d indices", n);
    d->index[DT_TRAIN] = order;
    d->index[DT_VAL] = order + n - n_val;
    d->info.n[DT_TRAIN] = n - n_val;
    d->info.n[DT_VAL] = n_val;
    d->info.n[DT_TEST] = at_most(d->src.test.n, cfg->limit);
    return dt_split_validation(n, n_val, seed, VAL_PART, order, err);
}

struct dt_dataset *dt_dataset_open(const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    struct dt_dataset *d = dt_calloc(1, sizeof(*d));
    struct dt_source *s;

    DT_ASSERT(cfg->dataset >= 0 && (size_t)cfg->dataset < sizeof(sources) / sizeof(*sources));
    if (!d) {
        dt_fail(err, DT_ENOMEM, "data: no memory for a data set");
        return NULL;
    }
    s = &d->src;
    s->arena = dt_arena_new(0, err);
    if (s->arena && sources[cfg->dataset].open(s, cfg, seed, err) && split(d, cfg, seed, err)) {
        d->info.name = sources[cfg->dataset].name;
        d->info.h = s->h;
        d->info.w = s->w;
        d->info.c = s->c;
        d->info.classes = s->classes;
        d->info.class_names = s->class_names;
        if (dt_dataset_normalise(d, err))
            return d;
    }
    dt_dataset_free(d);
    return NULL;
}

struct dt_dataset *dt_dataset_described(const struct dt_data_info *info, struct dt_err *err)
{
    struct dt_dataset *d = dt_calloc(1, sizeof(*d));

    DT_ASSERT(info->c <= 4);
    if (!d) {
        dt_fail(err, DT_ENOMEM, "data: no memory for a data set");
        return NULL;
    }
    d->info = *info;
    for (int i = 0; i < 3; i++)
        d->info.n[i] = 0;
    dt_dataset_tabulate(d);
    return d;
}

void dt_dataset_free(struct dt_dataset *d)
{
    if (d)
        dt_arena_free(d->src.arena);
    dt_free(d);
}

const struct dt_data_info *dt_dataset_info(const struct dt_dataset *d)
{
    return &d->info;
}

static const struct dt_images *find(const struct dt_dataset *d, enum dt_split split, int *i)
{
    DT_ASSERT(*i >= 0 && *i < d->info.n[split]);
    if (d->index[split])
        *i = d->index[split][*i];
    return split == DT_TEST ? &d->src.test : &d->src.train;
}

const uint8_t *dt_dataset_pixels(const struct dt_dataset *d, enum dt_split split, int i, uint8_t *scratch,
                                 struct dt_err *err)
{
    const struct dt_images *half = find(d, split, &i);

    if (d->src.read)
        return d->src.read(&d->src, half, i, scratch, err);
    return half->pixels + (size_t)i * (size_t)d->info.h * (size_t)d->info.w * (size_t)d->info.c;
}

int dt_dataset_label(const struct dt_dataset *d, enum dt_split split, int i)
{
    return find(d, split, &i)->label[i];
}

int dt_dataset_get(struct dt_dataset *d, enum dt_split split, int i, uint8_t *out, struct dt_err *err)
{
    const uint8_t *p = dt_dataset_pixels(d, split, i, out, err);

    if (!p)
        return -1;
    if (p != out)
        memcpy(out, p, (size_t)d->info.h * (size_t)d->info.w * (size_t)d->info.c);
    return dt_dataset_label(d, split, i);
}

bool dt_dataset_read_image(struct dt_dataset *d, const char *path, dt_real *out, struct dt_err *err)
{
    size_t n = (size_t)d->info.h * (size_t)d->info.w * (size_t)d->info.c;
    uint8_t *pixels = dt_malloc(n);
    bool ok = pixels || dt_fail(err, DT_ENOMEM, "%s: no memory for an image", path);

    ok = ok && dt_image_load(path, d->info.h, d->info.w, d->info.c, pixels, err);
    for (size_t i = 0; ok && i < n; i++)
        out[i] = d->table[i % (size_t)d->info.c][pixels[i]];
    dt_free(pixels);
    return ok;
}
