/* CIFAR-10 and CIFAR-100, binary version (Krizhevsky, "Learning multiple layers of features from tiny images", 2009).
 * A record is a label (CIFAR-100: a coarse one, then the fine one that we use) and the planes R, G, B of 32 x 32. */
#include "data/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE = 32, PLANE = SIDE * SIDE, IMAGE = 3 * PLANE, MAX_RECORDS = 1000000, MAX_CLASSES = 100, MAX_NAME = 64 };

struct cifar {
    const char *title, *folder, *names_file;
    int classes, label_bytes;
    const char *train[6], *test[2]; /* NULL-terminated */
    const char *const *names;
};

static const char *const names10[] = { "airplane", "automobile", "bird",  "cat",  "deer",
                                       "dog",      "frog",       "horse", "ship", "truck" };
static const char *const names100[] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm",
};

static const struct cifar cifar10 = {
    "CIFAR-10",
    "cifar-10-batches-bin",
    "batches.meta.txt",
    10,
    1,
    { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", NULL },
    { "test_batch.bin", NULL },
    names10,
};
static const struct cifar cifar100 = {
    "CIFAR-100", "cifar-100-binary",    "fine_label_names.txt", 100,
    2,           { "train.bin", NULL }, { "test.bin", NULL },   names100,
};

/* path NULL: nobody said where to look. */
static bool missing(const struct cifar *set, const char *path, struct dt_err *err)
{
    return dt_fail(err, DT_EDATA,
                   "data.dir: %s%s%s; download the binary version of %s and set data.dir or DYNTRAIN_DATA to the "
                   "folder that holds %s",
                   path ? path : "not set", path ? ": " : "", path ? strerror(errno) : "", set->title, set->folder);
}

/* How many records a file holds; 0 and err when that is not a whole number. */
static int count_records(const struct cifar *set, const char *path, struct dt_err *err)
{
    long long record = set->label_bytes + IMAGE, size;
    struct stat st;

    if (stat(path, &st)) {
        missing(set, path, err);
        return 0;
    }
    size = st.st_size;
    if (!S_ISREG(st.st_mode) || size == 0 || size % record || size / record > MAX_RECORDS) {
        dt_fail(err, DT_EDATA,
                "%s: %lld bytes, expected a multiple of %lld (a record): truncated, or not the binary version of %s; "
                "download it again",
                path, size, record, set->title);
        return 0;
    }
    return (int)(size / record);
}

static bool read_records(const struct cifar *set, const char *path, int n, uint8_t *pixels, int *label,
                         struct dt_err *err)
{
    uint8_t record[2 + IMAGE];
    const uint8_t *plane = record + set->label_bytes;
    size_t size = (size_t)set->label_bytes + IMAGE;
    FILE *f = fopen(path, "rb");
    bool ok = true;

    if (!f)
        return missing(set, path, err);
    for (int i = 0; ok && i < n; i++, pixels += IMAGE) {
        if (fread(record, 1, size, f) != size) {
            ok = dt_fail(err, DT_EDATA, "%s: record %d: cannot be read: %s", path, i,
                         ferror(f) ? strerror(errno) : "the file ends early");
            break;
        }
        label[i] = plane[-1];
        if (label[i] >= set->classes)
            ok = dt_fail(err, DT_EDATA, "%s: record %d: label %d, expected 0 to %d; download it again", path, i,
                         label[i], set->classes - 1);
        for (int p = 0; p < PLANE; p++)
            for (int c = 0; c < 3; c++)
                pixels[3 * p + c] = plane[PLANE * c + p];
    }
    fclose(f);
    return ok;
}

static bool read_half(struct dt_source *s, const struct cifar *set, struct dt_images *half, const char *dir,
                      const char *const *file, struct dt_err *err)
{
    const char *path[6];
    int count[6], n = 0, at = 0, files = 0;
    uint8_t *pixels;

    for (; file[files]; files++) {
        path[files] = dt_arena_printf(s->arena, "%s/%s", dir, file[files]);
        if (!path[files])
            return dt_fail(err, DT_ENOMEM, "data: no memory for a path");
        count[files] = count_records(set, path[files], err);
        if (!count[files])
            return false;
        n += count[files];
    }
    pixels = dt_source_alloc(s, half, n, err);
    if (!pixels)
        return false;
    for (int i = 0; i < files; at += count[i++])
        if (!read_records(set, path[i], count[i], pixels + (size_t)at * IMAGE, half->label + at, err))
            return false;
    return true;
}

/* The set's own list of names, one a line; the built-in ones where it is missing or not as long as it should be. */
static const char *const *read_names(struct dt_source *s, const struct cifar *set, const char *dir)
{
    const char **name = dt_arena_calloc(s->arena, (size_t)set->classes, sizeof(*name));
    const char *path = dt_arena_printf(s->arena, "%s/%s", dir, set->names_file);
    char line[MAX_NAME];
    FILE *f = path ? fopen(path, "r") : NULL;
    int n = 0;

    while (f && name && n < set->classes && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\r\n")] = '\0';
        name[n] = dt_arena_printf(s->arena, "%s", line);
        if (!name[n] || !*line)
            break;
        n++;
    }
    if (f)
        fclose(f);
    return n == set->classes ? name : set->names;
}

static bool open_set(struct dt_source *s, const struct dt_data_cfg *cfg, const struct cifar *set, struct dt_err *err)
{
    const char *dir = dt_source_dir(cfg), *probe;
    struct stat st;

    if (!dir)
        return missing(set, NULL, err);
    probe = dt_arena_printf(s->arena, "%s/%s", dir, set->train[0]);
    if (probe && stat(probe, &st)) /* not the set's own folder */
        dir = dt_arena_printf(s->arena, "%s/%s", dir, set->folder);
    if (!probe || !dir)
        return dt_fail(err, DT_ENOMEM, "data: no memory for a path");
    s->h = s->w = SIDE;
    s->c = 3;
    s->classes = set->classes;
    s->class_names = read_names(s, set, dir);
    return read_half(s, set, &s->train, dir, set->train, err) && read_half(s, set, &s->test, dir, set->test, err);
}

bool dt_cifar10_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    (void)seed;
    return open_set(s, cfg, &cifar10, err);
}

bool dt_cifar100_open(struct dt_source *s, const struct dt_data_cfg *cfg, uint64_t seed, struct dt_err *err)
{
    (void)seed;
    return open_set(s, cfg, &cifar100, err);
}
