#include "disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum { MAX_FDS = 256, MAX_FILES = 1024, MAX_NAMES = 1024, PATH_BYTES = 512 };

struct file {
    char *now, *safe; /* its bytes; those that are synchronised */
    size_t n_now, n_safe;
};
struct name {
    char path[PATH_BYTES]; /* below the root */
    int file;              /* -1: a folder */
};
struct names {
    struct name v[MAX_NAMES];
    int n;
};
static struct {
    char root[PATH_BYTES];
    disk_watch *watch;
    void *ctx;
    struct file file[MAX_FILES];
    int n_files;
    struct names now, safe;
} disk;
static struct handle { /* of any open file; `file` -2: a folder; known outside the root, too */
    bool used;
    int file; /* -1: not below the root */
    char folder[PATH_BYTES];
} handle[MAX_FDS];
enum { OUTSIDE = -1, FOLDER = -2 };

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* The part below the root; NULL: somewhere else. */
static const char *below(const char *path)
{
    size_t n = strlen(disk.root);

    if (n == 0 || strncmp(path, disk.root, n) != 0 || (path[n] && path[n] != '/'))
        return NULL;
    return path[n] ? path + n + 1 : path + n;
}

static struct name *find(struct names *names, const char *path)
{
    for (int i = 0; i < names->n; i++)
        if (!strcmp(names->v[i].path, path))
            return &names->v[i];
    return NULL;
}

static void drop(struct names *names, const char *path)
{
    struct name *it = find(names, path);

    if (it)
        *it = names->v[--names->n];
}

static void set(struct names *names, const char *path, int file)
{
    drop(names, path);
    ck_assert_int_lt(names->n, MAX_NAMES);
    ck_assert_uint_lt(strlen(path), PATH_BYTES);
    names->v[names->n].file = file;
    memcpy(names->v[names->n++].path, path, strlen(path) + 1);
}

static bool is_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    const char *rest = n ? path + n + 1 : path;

    return (n == 0 || (!strncmp(path, folder, n) && path[n] == '/')) && !strchr(rest, '/');
}

static void changed(void)
{
    if (disk.watch)
        disk.watch(disk.ctx);
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

void disk_open(const char *path, int flags, int fd)
{
    const char *name = below(path);
    struct name *it;

    ck_assert_int_lt(fd, MAX_FDS);
    handle[fd] = (struct handle){ .used = true, .file = flags & O_DIRECTORY ? FOLDER : OUTSIDE };
    if (!name) /* a folder elsewhere is none of ours */
        snprintf(handle[fd].folder, PATH_BYTES, "/");
    else if (flags & O_DIRECTORY)
        snprintf(handle[fd].folder, PATH_BYTES, "%s", name);
    else {
        it = find(&disk.now, name);
        if (!it) {
            ck_assert_int_lt(disk.n_files, MAX_FILES);
            set(&disk.now, name, disk.n_files++);
            it = find(&disk.now, name);
        }
        handle[fd].file = it->file;
        changed();
    }
}

bool disk_knows(int fd)
{
    return fd >= 0 && fd < MAX_FDS && handle[fd].used;
}

bool disk_is_folder(int fd)
{
    return disk_knows(fd) && handle[fd].file == FOLDER;
}

static struct file *file_of(int fd)
{
    return disk_knows(fd) && handle[fd].file >= 0 ? &disk.file[handle[fd].file] : NULL;
}

void disk_write(int fd, const void *data, size_t size)
{
    struct file *f = file_of(fd);

    if (!f)
        return;
    f->now = realloc(f->now, f->n_now + size); /* all writes of the program append */
    ck_assert_ptr_nonnull(f->now);
    memcpy(f->now + f->n_now, data, size);
    f->n_now += size;
    changed();
}

void disk_truncate(int fd, off_t size)
{
    struct file *f = file_of(fd);

    if (!f)
        return;
    ck_assert_uint_le((size_t)size, f->n_now);
    f->n_now = (size_t)size;
    changed();
}

static void sync_folder(const char *folder)
{
    for (int i = disk.safe.n - 1; i >= 0; i--)
        if (is_in(disk.safe.v[i].path, folder) && !find(&disk.now, disk.safe.v[i].path))
            drop(&disk.safe, disk.safe.v[i].path);
    for (int i = 0; i < disk.now.n; i++)
        if (is_in(disk.now.v[i].path, folder))
            set(&disk.safe, disk.now.v[i].path, disk.now.v[i].file);
}

void disk_fsync(int fd)
{
    struct file *f = file_of(fd);

    if (disk_is_folder(fd)) {
        sync_folder(handle[fd].folder);
        changed();
    }
    if (!f)
        return;
    f->safe = realloc(f->safe, f->n_now + 1);
    ck_assert_ptr_nonnull(f->safe);
    if (f->n_now)
        memcpy(f->safe, f->now, f->n_now);
    f->n_safe = f->n_now;
    changed();
}

void disk_close(int fd)
{
    if (disk_knows(fd))
        handle[fd].used = false;
}

void disk_rename(const char *from, const char *to)
{
    const char *a = below(from), *b = below(to);
    struct name *it = a ? find(&disk.now, a) : NULL;
    int file;

    if (!it || !b)
        return;
    file = it->file;
    drop(&disk.now, a);
    set(&disk.now, b, file);
    changed();
}

void disk_link(const char *from, const char *to)
{
    const char *a = below(from), *b = below(to);
    struct name *it = a ? find(&disk.now, a) : NULL;

    if (it && b) {
        set(&disk.now, b, it->file);
        changed();
    }
}

void disk_unlink(const char *path)
{
    const char *name = below(path);

    if (name) {
        drop(&disk.now, name);
        changed();
    }
}

void disk_mkdir(const char *path)
{
    const char *name = below(path);

    if (name) {
        set(&disk.now, name, -1);
        changed();
    }
}

/* ---- crash ----------------------------------------------------------------------------------------------------- */

static void put_file(const char *path, const struct file *f, enum disk_luck luck)
{
    size_t n = luck == DISK_ALL ? f->n_now : f->n_safe;
    const char *data = luck == DISK_ALL ? f->now : f->safe;
    FILE *out = fopen(path, "wb");

    ck_assert_msg(out != NULL, "%s", path);
    if (luck == DISK_HALF && f->n_now > f->n_safe) { /* files of the program only grow */
        n = f->n_safe + (f->n_now - f->n_safe) / 2;
        data = f->now;
    }
    ck_assert_uint_eq(n ? fwrite(data, 1, n, out) : 0, n);
    ck_assert_int_eq(fclose(out), 0);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

/* Folders come before what is in them. A name in a folder that is lost is lost as well. */
void disk_crash(enum disk_luck luck, const char *to)
{
    static struct names names;
    char path[2 * PATH_BYTES], above[2 * PATH_BYTES];

    names = luck == DISK_NOTHING ? disk.safe : disk.now;
    qsort(names.v, (size_t)names.n, sizeof *names.v, by_path);
    for (int i = 0; i < names.n; i++) {
        struct stat st;

        ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s", to, names.v[i].path), (int)sizeof path);
        memcpy(above, path, sizeof above);
        *strrchr(above, '/') = '\0';
        if (stat(above, &st))
            continue;
        if (names.v[i].file < 0)
            ck_assert_int_eq(mkdir(path, 0700), 0);
        else
            put_file(path, &disk.file[names.v[i].file], luck);
    }
}

void disk_start(const char *root, disk_watch *watch, void *ctx)
{
    disk_stop();
    ck_assert_uint_lt(strlen(root), PATH_BYTES);
    memcpy(disk.root, root, strlen(root) + 1);
    disk.watch = watch;
    disk.ctx = ctx;
}

void disk_stop(void)
{
    for (int i = 0; i < disk.n_files; i++) {
        free(disk.file[i].now);
        free(disk.file[i].safe);
    }
    memset(&disk, 0, sizeof disk);
}
