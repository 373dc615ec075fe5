/* SHA-256 (FIPS 180-4), by nettle. */
#include <dyntrain/io.h>

#include <nettle/sha2.h>

#include "io/sha256.h"

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct dt_sha256_state), "the state must fit its room");

static struct sha256_ctx *state(struct dt_sha256_state *s)
{
    return (struct sha256_ctx *)(void *)s->room;
}

void dt_sha256_init(struct dt_sha256_state *s)
{
    sha256_init(state(s));
}

void dt_sha256_add(struct dt_sha256_state *s, const void *data, size_t size)
{
    sha256_update(state(s), size, data);
}

void dt_sha256_end(struct dt_sha256_state *s, uint8_t out[32])
{
    sha256_digest(state(s), SHA256_DIGEST_SIZE, out);
}

void dt_sha256(const void *data, size_t size, uint8_t out[32])
{
    struct dt_sha256_state s;

    dt_sha256_init(&s);
    dt_sha256_add(&s, data, size);
    dt_sha256_end(&s, out);
}
