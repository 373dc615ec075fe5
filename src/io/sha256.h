/* SHA-256 of what comes in pieces. */
#ifndef DT_IO_SHA256_H
#define DT_IO_SHA256_H

#include <dyntrain/base.h>

struct dt_sha256_state {
    uint64_t room[24]; /* for the state of the library behind it, which is seen in sha256.c only */
};
void dt_sha256_init(struct dt_sha256_state *s);
void dt_sha256_add(struct dt_sha256_state *s, const void *data, size_t size);
void dt_sha256_end(struct dt_sha256_state *s, uint8_t out[32]);

#endif
