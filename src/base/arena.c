/* A bump allocator over a list of chunks. The list only grows at its end and is searched forward, so the same sequence
 * of requests after a reset gets the same addresses: a training step touches the same warm memory each time. */
#define _DEFAULT_SOURCE /* madvise */
#include <dyntrain/base.h>

#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Under the address sanitizer what is not handed out is poisoned, with a gap between neighbours, so that stale and
 * overrunning accesses are caught as with malloc. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
enum { GAP = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum { ALIGN = 64, DEFAULT_CHUNK = 1 << 20, HUGE_PAGE = 2 << 20 };

struct chunk {
    struct chunk *next;
    char *base;
    size_t size, used;
};

struct dt_arena {
    struct chunk *first;
    struct chunk **cursor; /* chunks before it are as good as full */
    size_t chunk_bytes, used, peak;
};

struct dt_arena *dt_arena_new(size_t chunk_bytes, struct dt_err *err)
{
    struct dt_arena *a = dt_calloc(1, sizeof *a);

    if (!a) {
        dt_fail(err, DT_ENOMEM, "out of memory for an arena");
        return NULL;
    }
    a->cursor = &a->first;
    a->chunk_bytes = chunk_bytes ? chunk_bytes : DEFAULT_CHUNK;
    return a;
}

void dt_arena_free(struct dt_arena *a)
{
    struct chunk *c, *next;

    if (!a)
        return;
    for (c = a->first; c; c = next) {
        next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->base, c->size);
        dt_free(c);
    }
    dt_free(a);
}

void dt_arena_reset(struct dt_arena *a)
{
    for (struct chunk *c = a->first; c; c = c->next) {
        c->used = 0;
        ASAN_POISON_MEMORY_REGION(c->base, c->size);
    }
    a->cursor = &a->first;
    a->used = 0;
}

/* Large chunks start on a huge page and are made of whole ones: the pages skipped in front are never touched, so they
 * cost address space only. */
static struct chunk *chunk_new(size_t size)
{
    size_t align = size >= HUGE_PAGE ? HUGE_PAGE : ALIGN;
    struct chunk *c;

    size = (size + align - 1) / align * align;
    c = dt_malloc(sizeof *c + align + size);
    if (!c)
        return NULL;
    c->next = NULL;
    c->base = (char *)(c + 1);
    c->base += (align - (uintptr_t)c->base % align) % align;
    c->size = size;
    c->used = 0;
    if (align == HUGE_PAGE)
        (void)madvise(c->base, size, MADV_HUGEPAGE); /* a wish: refusing it changes no result */
    ASAN_POISON_MEMORY_REGION(c->base, c->size);
    return c;
}

void *dt_arena_alloc(struct dt_arena *a, size_t bytes)
{
    size_t need = (bytes + !bytes + ALIGN - 1) / ALIGN * ALIGN;
    struct chunk **link = a->cursor, *c;
    char *p;

    if (bytes > SIZE_MAX / 4)
        return NULL;
    while (*link && (*link)->size - (*link)->used < need + GAP)
        link = &(*link)->next;
    if (!*link)
        *link = chunk_new(need + GAP > a->chunk_bytes ? need + GAP : a->chunk_bytes);
    c = *link;
    if (!c)
        return NULL;
    p = c->base + c->used;
    c->used += need + GAP;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    /* Searching nearly full chunks again and again would cost more than their last eighth is worth. */
    while (*a->cursor && (*a->cursor)->size - (*a->cursor)->used < (*a->cursor)->size / 8)
        a->cursor = &(*a->cursor)->next;
    a->used += need;
    if (a->used > a->peak)
        a->peak = a->used;
    return p;
}

void *dt_arena_calloc(struct dt_arena *a, size_t count, size_t bytes)
{
    size_t total;
    void *p;

    if (!dt_mul_size(count, bytes, &total))
        return NULL;
    p = dt_arena_alloc(a, total);
    if (p)
        memset(p, 0, total);
    return p;
}

char *dt_arena_printf(struct dt_arena *a, const char *fmt, ...)
{
    va_list args;
    char *s = NULL;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n >= 0)
        s = dt_arena_alloc(a, (size_t)n + 1);
    if (!s)
        return NULL;
    va_start(args, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, args);
    va_end(args);
    return s;
}

size_t dt_arena_used(const struct dt_arena *a)
{
    return a->used;
}

size_t dt_arena_peak(const struct dt_arena *a)
{
    return a->peak;
}
