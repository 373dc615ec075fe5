/* file: whole files in and out. A file is replaced as one step or not at all: checkpoints, results and states written
 * by this are never seen half done, whenever the process dies. */
#ifndef DT_IO_FILE_H
#define DT_IO_FILE_H

#include <dyntrain/base.h>

/* All of a regular file of at most `cap` bytes, with a NUL behind it; dt_free() it. NULL: the message says what is
 * wrong but does not name the file, as callers differ in how they place it. */
char *dt_file_read(const char *path, size_t cap, size_t *size, enum dt_code code, struct dt_err *err);

struct dt_piece {
    const void *data;
    size_t size;
};
/* The pieces, one after the other, become the file: temporary file beside it, fsync, read back and compared, rename,
 * fsync of the folder. On failure the old file stands, the temporary one is gone; the message names `path`. `code` is
 * for failures that are not the disk's (those are DT_ERESOURCE). */
enum dt_code dt_file_replace(const char *path, const struct dt_piece *piece, int n, enum dt_code code,
                             struct dt_err *err) DT_MUST_CHECK;

/* A file of at most `cap` bytes becomes the file `to`, by the same steps. */
enum dt_code dt_file_copy(const char *from, const char *to, size_t cap, enum dt_code code,
                          struct dt_err *err) DT_MUST_CHECK;

/* mkdir that a power failure does not undo: the folder above is synchronised. False: errno says why. */
bool dt_file_make_folder(const char *path);
bool dt_file_sync_folder(const char *dir); /* false: errno says why */

/* Removes the temporary files that killed processes left; only for one who holds the lock of the folder. */
void dt_file_sweep(const char *dir);

/* DT_EFULL when the system's error says that disk or quota are used up, DT_ERESOURCE for file handles and a disk that
 * fails, DT_ENOMEM, else `code`. */
enum dt_code dt_file_code(int system_error, enum dt_code code);

#endif
