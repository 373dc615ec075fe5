/* A folder of PNG and JPEG images, one sub-folder a class: DIR/train/CLASS/FILE and DIR/test/CLASS/FILE, or
 * DIR/CLASS/FILE (or train alone), from which a fifth is set aside for testing, a pure function of the seed. Images are
 * decoded when first asked for, in the threads that ask, and kept. */
#include "data/image.h"
#include "data/list.h"
#include "data/source.h"
#include "data/split.h"

#include <stdatomic.h>
#include <string.h>

enum { EMPTY, BUSY, READY, TEST_PART = 1, MAX_CLASSES = 100000 };
static const double test_share = 0.2;
static const size_t cache_bytes = (size_t)1 << 30; /* more images than this holds are decoded every time */

struct half {
    const char **path;   /* [n] */
    uint8_t *cache;      /* [n][h][w][c], or NULL */
    atomic_uchar *state; /* [n] of the cache */
};
struct folder {
    struct half train, test;
};

static const uint8_t *read_one(const struct dt_source *s, const struct dt_images *images, int i, uint8_t *scratch,
                               struct dt_err *err)
{
    const struct folder *f = s->state;
    const struct half *half = images == &s->train ? &f->train : &f->test;
    size_t bytes = (size_t)s->h * (size_t)s->w * (size_t)s->c;
    unsigned char seen = EMPTY;
    uint8_t *kept;
    bool ok;

    if (!half->cache)
        return dt_image_load(half->path[i], s->h, s->w, s->c, scratch, err) ? scratch : NULL;
    kept = half->cache + (size_t)i * bytes;
    if (atomic_compare_exchange_strong(&half->state[i], &seen, BUSY)) {
        ok = dt_image_load(half->path[i], s->h, s->w, s->c, kept, err);
        atomic_store(&half->state[i], ok ? READY : EMPTY);
        return ok ? kept : NULL;
    }
    if (seen == READY)
        return kept;
    /* Another thread is at it: not worth waiting for. */
    return dt_image_load(half->path[i], s->h, s->w, s->c, scratch, err) ? scratch : NULL;
}

/* Lists class `k` of a half; false and err when it holds no image. */
static bool list_class(const char *root, const char *class, struct dt_list *files, struct dt_arena *arena,
                       struct dt_err *err)
{
    const char *dir = dt_arena_printf(arena, "%s/%s", root, class);

    if (!dir)
        return dt_fail(err, DT_ENOMEM, "data: no memory for a path");
    if (!dt_list_dir(dir, DT_LIST_IMAGES, files, arena, err))
        return false;
    return files->n > 0 || dt_fail(err, DT_EDATA, "data.dir: %s: no PNG or JPEG image in this class folder", dir);
}

/* Image paths of all classes, interleaved, so that the first n images hold every class alike (data.limit). */
static bool interleave(struct dt_source *s, const char *root, const struct dt_list *files, struct dt_images *images,
                       struct half *half, struct dt_err *err)
{
    int64_t n = 0;
    int longest = 0, at = 0;

    for (int k = 0; k < s->classes; k++) {
        n += files[k].n;
        longest = files[k].n > longest ? files[k].n : longest;
    }
    if (n > INT32_MAX)
        return dt_fail(err, DT_EDATA, "data.dir: %s: %lld images are too many", root, (long long)n);
    images->n = (int)n;
    images->label = dt_arena_calloc(s->arena, (size_t)n, sizeof(*images->label));
    half->path = dt_arena_calloc(s->arena, (size_t)n, sizeof(*half->path));
    for (int j = 0; images->label && half->path && j < longest; j++)
        for (int k = 0; k < s->classes; k++) {
            if (j >= files[k].n)
                continue;
            images->label[at] = k;
            half->path[at] = dt_arena_printf(s->arena, "%s/%s/%s", root, s->class_names[k], files[k].v[j]);
            if (!half->path[at++])
                return dt_fail(err, DT_ENOMEM, "data: no memory for image paths");
        }
    return at == n || dt_fail(err, DT_ENOMEM, "data: no memory for %lld image paths", (long long)n);
}

static bool list_half(struct dt_source *s, const char *root, struct dt_images *images, struct half *half,
                      struct dt_err *err)
{
    struct dt_list *files = dt_calloc((size_t)s->classes, sizeof(*files));
    bool ok = files || dt_fail(err, DT_ENOMEM, "data: no memory for %d classes", s->classes);

    for (int k = 0; ok && k < s->classes; k++)
        ok = list_class(root, s->class_names[k], &files[k], s->arena, err);
    ok = ok && interleave(s, root, files, images, half, err);
    for (int k = 0; files && k < s->classes; k++)
        dt_list_free(&files[k]);
    dt_free(files);
    return ok;
}

static bool list_classes(struct dt_source *s, const char *root, struct dt_err *err)
{
    struct dt_list dirs = { 0 };
    bool ok = dt_list_dir(root, DT_LIST_FOLDERS, &dirs, s->arena, err);
    const char **name;

    if (ok && dirs.n == 0)
        ok = dt_fail(err, DT_EDATA, "data.dir: %s: no sub-folder; one a class is needed, with PNG or JPEG images in it",
                     root);
    if (ok && dirs.n > MAX_CLASSES)
        ok = dt_fail(err, DT_EDATA, "data.dir: %s: %d sub-folders are too many classes", root, dirs.n);
    if (ok) {
        name = dt_arena_calloc(s->arena, (size_t)dirs.n, sizeof(*name));
        ok = name || dt_fail(err, DT_ENOMEM, "data: no memory for class names");
        if (ok)
            memcpy(name, dirs.v, (size_t)dirs.n * sizeof(*name));
        s->class_names = name;
        s->classes = dirs.n;
    }
    dt_list_free(&dirs);
    return ok;
}

/* The test half must have the classes of the training half. */
static bool check_test_classes(const struct dt_source *s, const char *root, struct dt_err *err)
{
    struct dt_list dirs = { 0 };
    bool ok = dt_list_dir(root, DT_LIST_FOLDERS, &dirs, s->arena, err);

    for (int i = 0, k = 0; ok && i < dirs.n; i++) {
        while (k < s->classes && strcmp(s->class_names[k], dirs.v[i]) < 0)
            k++;
        if (k == s->classes || strcmp(s->class_names[k], dirs.v[i]) != 0)
            ok = dt_fail(err, DT_EDATA, "data.dir: %s/%s: there is no class of this name in train", root, dirs.v[i]);
    }
    dt_list_free(&dirs);
    return ok;
}

/* Sets a fifth of the training images aside as the test half. */
static bool hold_test(struct dt_source *s, struct folder *f, uint64_t seed, struct dt_err *err)
{
    int n = s->train.n, n_test = (int)(n * test_share + 0.5), n_train = n - n_test;
    int *order = dt_arena_calloc(s->arena, (size_t)n, sizeof(*order));
    int *label = dt_arena_calloc(s->arena, (size_t)n, sizeof(*label));
    const char **path = dt_arena_calloc(s->arena, (size_t)n, sizeof(*path));

    if (!order || !label || !path)
        return dt_fail(err, DT_ENOMEM, "data: no memory for %d images", n);
    if (!dt_split_validation(n, n_test, seed, TEST_PART, order, err))
        return false;
    for (int i = 0; i < n; i++) {
        label[i] = s->train.label[order[i]];
        path[i] = f->train.path[order[i]];
    }
    s->train = (struct dt_images){ .n = n_train, .label = label };
    s->test = (struct dt_images){ .n = n_test, .label = label + n_train };
    f->train.path = path;
    f->test.path = path + n_train;
    return true;
}

/* Room for the decoded images; a set that is too large does without. */
static void make_cache(const struct dt_source *s, struct folder *f)
{
    size_t image = (size_t)s->h * (size_t)s->w * (size_t)s->c, n_train = (size_t)s->train.n, bytes;
    size_t n = n_train + (size_t)s->test.n;
    atomic_uchar *state;
    uint8_t *cache;

    if (!dt_mul_size(n, image, &bytes) || bytes > cache_bytes)
        return;
    state = dt_arena_alloc(s->arena, n * sizeof(*state));
    cache = dt_arena_alloc(s->arena, bytes);
    if (!state || !cache)
        return;
    for (size_t i = 0; i < n; i++)
        atomic_init(&state[i], EMPTY);
    f->train.state = state;
    f->train.cache = cache;
    f->test.state = state + n_train;
    f->test.cache = cache + n_train * image;
}

bool dt_folder_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    const char *dir = dt_source_dir(cfg), *train, *test;
    struct folder *f = dt_arena_calloc(s->arena, 1, sizeof(*f));

    if (!dir)
        return dt_fail(err, DT_EDATA, "data.dir: not set; set it to the folder that holds one sub-folder a class");
    train = dt_arena_printf(s->arena, "%s/train", dir);
    test = dt_arena_printf(s->arena, "%s/test", dir);
    if (!f || !train || !test)
        return dt_fail(err, DT_ENOMEM, "data: no memory for a path");
    s->h = s->w = (int)cfg->size;
    s->c = 3;
    s->read = read_one;
    s->state = f;
    if (!dt_is_folder(train)) {
        train = dir;
        test = NULL;
    }
    if (!list_classes(s, train, err) || !list_half(s, train, &s->train, &f->train, err))
        return false;
    if (test && dt_is_folder(test)) {
        if (!check_test_classes(s, test, err) || !list_half(s, test, &s->test, &f->test, err))
            return false;
    } else if (!hold_test(s, f, seed, err)) {
        return false;
    }
    make_cache(s, f);
    return true;
}
