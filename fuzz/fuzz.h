/* Fuzz targets: each is one file with one LLVMFuzzerTestOneInput, which gives the bytes to a reader of files. A refusal
 * is fine; a crash, a hang, a leak or a report of a sanitizer is a finding. With -Dfuzz=true (clang) libFuzzer drives
 * them (tools/fuzz.sh); otherwise replay.c runs the corpus, as a plain test. */
#ifndef DT_FUZZ_H
#define DT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder in memory, removed at the end. */
const char *fuzz_dir(void);
/* Writes <folder>/<name>; returns its path, which holds until the next call. "a/b/c": makes the folders. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Cuts a piece off the front: two bytes of length (little-endian; what is not there is not taken), then the piece. */
struct fuzz_piece {
    const uint8_t *data;
    size_t size;
};
struct fuzz_piece fuzz_cut(const uint8_t **data, size_t *size);

/* Inputs that were read without a complaint: a corpus in which none is has gone stale. */
extern int fuzz_accepted;

#endif
