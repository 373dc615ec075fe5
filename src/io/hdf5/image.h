/* What the files of hdf5/ share. A checkpoint file is a user block of 512 bytes and an HDF5 image:
 *
 *   0  "DYNTCKPT"   8  version u32   12  length of the image u64   20  SHA-256 of the image   52  zeros
 *
 * (little-endian). HDF5 works on memory only and never sees the file: it cannot tear it, and what it is given has been
 * checked by its hash. */
#ifndef DT_IO_HDF5_IMAGE_H
#define DT_IO_HDF5_IMAGE_H

#include <dyntrain/io.h>

#include <hdf5.h>

enum {
    DT_CKPT_BLOCK = 512,
    DT_CKPT_VERSION = 1,
    DT_CKPT_AT_VERSION = 8,
    DT_CKPT_AT_LENGTH = 12,
    DT_CKPT_AT_HASH = 20,
    DT_CKPT_AT_ZEROS = 52,
    DT_CKPT_MAX_RANK = 4
};
#define DT_CKPT_MAGIC "DYNTCKPT"

struct dt_ckpt {
    struct dt_arena *arena;
    struct dt_err err;
    const char *name; /* of its file, for messages; "checkpoint" while it is built */
    hid_t file;
    struct dt_ckpt_item **item; /* by path */
    size_t n_items, room;
};

/* An empty handle with HDF5 set up; NULL: out of memory. */
struct dt_ckpt *dt_ckpt_handle(const char *name, struct dt_err *err);
/* File access in memory. */
hid_t dt_ckpt_access(void);
/* A name for HDF5's table of open files, which must be unlike all others; it is never opened. */
const char *dt_ckpt_file_name(const struct dt_ckpt *c, char *buf, size_t size);

const struct dt_ckpt_item *dt_ckpt_find(const struct dt_ckpt *c, const char *path);
/* Copied, in its place. False: there already, or out of memory; the failure is kept. */
bool dt_ckpt_add(struct dt_ckpt *c, const struct dt_ckpt_item *item);

hid_t dt_ckpt_hdf5_type(enum dt_ckpt_type type);   /* in the file, little-endian; do not close */
hid_t dt_ckpt_native_type(enum dt_ckpt_type type); /* in memory; do not close */
size_t dt_ckpt_type_bytes(enum dt_ckpt_type type);

/* Walks the tree of an opened image and lists its datasets. Refuses all that dt_ckpt_put would not have made: soft and
 * external links, other types, layouts that reach out of the image, extents that it does not hold. */
bool dt_ckpt_scan(struct dt_ckpt *c);

void dt_hdf5_version(char *buf, size_t size);

#endif
