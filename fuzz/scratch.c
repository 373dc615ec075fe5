#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fuzz_accepted;
static char dir[64];

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS); /* what stays is only clutter */
}

const char *fuzz_dir(void)
{
    if (*dir)
        return dir;
    snprintf(dir, sizeof dir, "%s/dyntrain-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(dir))
        abort();
    atexit(clean_up);
    return dir;
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    static char path[256];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", fuzz_dir(), name);
    for (char *p = path + strlen(fuzz_dir()) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        mkdir(path, 0700);
    }
    f = fopen(path, "wb");
    if (!f || (size && fwrite(data, 1, size, f) != size) || fclose(f))
        abort();
    return path;
}

struct fuzz_piece fuzz_cut(const uint8_t **data, size_t *size)
{
    struct fuzz_piece piece = { *data, 0 };

    if (*size < 2)
        return piece;
    piece = (struct fuzz_piece){ *data + 2, (size_t)(*data)[0] | (size_t)(*data)[1] << 8 };
    if (piece.size > *size - 2)
        piece.size = *size - 2;
    *data += 2 + piece.size;
    *size -= 2 + piece.size;
    return piece;
}
