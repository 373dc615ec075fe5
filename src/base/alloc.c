/* The only allocator of the project: 64-byte alignment (a cache line, and an AVX-512 register), counters, and failing
 * on request. A header of one cache line in front of each block keeps its size, which realloc needs: the C library's
 * own realloc would lose the alignment. */
#include <dyntrain/base.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

struct header {
    size_t bytes;
};
_Static_assert(sizeof(struct header) <= ALIGN, "the header fits in front of a block");

/* fail_from is a number of `calls`: the call of that number and all later ones fail; -1: off. */
static atomic_int_least64_t live, calls, fail_from = -1;

static bool told_to_fail(void)
{
    int64_t call = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    int64_t from = atomic_load_explicit(&fail_from, memory_order_relaxed);

    return from >= 0 && call >= from;
}

static struct header *header_of(void *p)
{
    return (struct header *)(void *)((char *)p - ALIGN);
}

void *dt_malloc(size_t bytes)
{
    struct header *h;

    if (told_to_fail() || bytes > SIZE_MAX - 2 * ALIGN)
        return NULL;
    h = aligned_alloc(ALIGN, (bytes + 2 * ALIGN - 1) / ALIGN * ALIGN);
    if (!h)
        return NULL;
    h->bytes = bytes;
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return (char *)h + ALIGN;
}

void *dt_calloc(size_t count, size_t bytes)
{
    size_t total;
    void *p;

    if (!dt_mul_size(count, bytes, &total))
        return NULL;
    p = dt_malloc(total);
    if (p)
        memset(p, 0, total);
    return p;
}

void *dt_realloc(void *p, size_t bytes)
{
    void *grown = dt_malloc(bytes);
    size_t old;

    if (!grown || !p)
        return grown;
    old = header_of(p)->bytes;
    memcpy(grown, p, old < bytes ? old : bytes);
    dt_free(p);
    return grown;
}

void dt_free(void *p)
{
    if (!p)
        return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(header_of(p));
}

char *dt_strdup(const char *s)
{
    size_t bytes = strlen(s) + 1;
    char *copy = dt_malloc(bytes);

    return copy ? memcpy(copy, s, bytes) : NULL;
}

bool dt_mul_size(size_t a, size_t b, size_t *out)
{
    if (a != 0 && b > SIZE_MAX / a)
        return false;
    *out = a * b;
    return true;
}

struct dt_alloc_stats dt_alloc_stats(void)
{
    return (struct dt_alloc_stats){ .live = atomic_load(&live), .calls = atomic_load(&calls) };
}

void dt_alloc_fail_at(int64_t k)
{
    atomic_store(&fail_from, k < 0 ? -1 : atomic_load(&calls) + k);
}
