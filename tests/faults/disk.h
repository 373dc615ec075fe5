/* A model of what a disk keeps when the power fails. It is told of every call that changes files below its root, and
 * knows which bytes and which names have been synchronised. POSIX promises no more than this: the bytes of a file are
 * safe after fsync of the file, its name after fsync of the folder. After a crash any part of the rest may be there. */
#ifndef DT_TESTS_DISK_H
#define DT_TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How much of what was not synchronised is there after the crash. */
enum disk_luck {
    DISK_NOTHING, /* neither names nor bytes */
    DISK_NAMES,   /* names, but not the bytes (what delayed allocation does to a renamed file) */
    DISK_HALF,    /* names, and half of the bytes */
    DISK_ALL,     /* as if only the process had died */
    DISK_LUCKS
};

/* After each call that changes something (one may crash before the first by calling disk_crash at once). */
typedef void disk_watch(void *ctx);

void disk_start(const char *root, disk_watch *watch, void *ctx); /* an existing, empty folder */
void disk_stop(void);
/* What would be found after a crash now, as a tree below `to`, an existing, empty folder. */
void disk_crash(enum disk_luck luck, const char *to);

/* for fault.c: what happened */
void disk_open(const char *path, int flags, int fd);
bool disk_knows(int fd); /* was it opened for writing, by a call we saw? */
bool disk_is_folder(int fd);
void disk_write(int fd, const void *data, size_t size);
void disk_truncate(int fd, off_t size);
void disk_fsync(int fd);
void disk_close(int fd);
void disk_rename(const char *from, const char *to);
void disk_link(const char *from, const char *to);
void disk_unlink(const char *path);
void disk_mkdir(const char *path);

#endif
