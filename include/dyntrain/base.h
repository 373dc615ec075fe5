/* base: errors, memory, random numbers, option tables, logging, parallel loops.
 *
 * Three kinds of failure, one type. A bug asserts and aborts (DT_ASSERT). A failure inside a context (a tape, a net
 * being built) stays in the context's dt_err: the first one wins, later calls do nothing. A boundary returns enum
 * dt_code. */
#ifndef DYNTRAIN_BASE_H
#define DYNTRAIN_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define DT_MUST_CHECK __attribute__((warn_unused_result))
#define DT_NORETURN __attribute__((noreturn))
#else
#define DT_PRINTF(fmt, args)
#define DT_MUST_CHECK
#define DT_NORETURN
#endif

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* What went wrong. dt_exit_status() maps a code to the documented exit status of the program. */
enum dt_code {
    DT_OK = 0,
    DT_EUSAGE,      /* exit 2: command line */
    DT_ECONFIG,     /* exit 3: configuration file */
    DT_EDATA,       /* exit 4: data set */
    DT_ECHECKPOINT, /* exit 5: checkpoint or run directory */
    DT_ENUMERIC,    /* exit 6: NaN, infinity, divergence */
    DT_ERESOURCE,   /* exit 7: disk, time, file handles */
    DT_EFULL,       /* exit 7: no space on the disk, or quota used up: waiting may help */
    DT_ENOMEM,      /* exit 7: memory */
    DT_EVERIFY,     /* exit 8: verification mismatch */
    DT_ESHAPE,      /* exit 3: shapes do not fit (the config describes an impossible network) */
    DT_ESTOPPED,    /* exit 75: stopped with a resumable checkpoint */
    DT_EINTERRUPT,  /* exit 130: SIGINT, after a checkpoint */
    DT_ETERM,       /* exit 143: SIGTERM, after a checkpoint */
    DT_EENGINE      /* exit 1: a compute library refused what we believe to be valid */
};

struct dt_err {
    enum dt_code code;
    char msg[512];
};

/* Keeps the FIRST failure put into `e` (never NULL); later ones are dropped. Always returns false. */
bool dt_fail(struct dt_err *e, enum dt_code code, const char *fmt, ...) DT_PRINTF(3, 4);
int dt_exit_status(enum dt_code code);

/* A broken contract is a bug: reports where and aborts, in every build. Never for input data. */
#define DT_ASSERT(cond) ((cond) ? (void)0 : dt_assert_failed(#cond, __FILE__, __LINE__))
DT_NORETURN void dt_assert_failed(const char *cond, const char *file, int line);

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* The only allocator of the project: counted, and failing on request. All return NULL on failure. */
void *dt_malloc(size_t bytes);               /* 64-byte aligned, not cleared */
void *dt_calloc(size_t count, size_t bytes); /* 64-byte aligned, cleared; checks the product */
void *dt_realloc(void *p, size_t bytes);
void dt_free(void *p);
char *dt_strdup(const char *s);
bool dt_mul_size(size_t a, size_t b, size_t *out); /* false on overflow */

struct dt_alloc_stats {
    int64_t live, calls; /* blocks alive now; calls since start */
};
struct dt_alloc_stats dt_alloc_stats(void);
void dt_alloc_fail_at(int64_t k); /* tests: the k-th call from now fails (0: the next), and all after it; -1: off */

/* A growable bump allocator. Reset keeps its chunks, so no page is faulted in twice. */
struct dt_arena;
struct dt_arena *dt_arena_new(size_t chunk_bytes, struct dt_err *err); /* 0: a default of 1 MiB */
void dt_arena_free(struct dt_arena *a);                                /* NULL is fine */
void dt_arena_reset(struct dt_arena *a);
void *dt_arena_alloc(struct dt_arena *a, size_t bytes); /* 64-byte aligned, not cleared; NULL: out of memory */
void *dt_arena_calloc(struct dt_arena *a, size_t count, size_t bytes); /* cleared, product checked */
char *dt_arena_printf(struct dt_arena *a, const char *fmt, ...) DT_PRINTF(2, 3);
size_t dt_arena_used(const struct dt_arena *a); /* bytes handed out since the last reset */
size_t dt_arena_peak(const struct dt_arena *a); /* the largest dt_arena_used() so far */

/* ---- random numbers -------------------------------------------------------------------------------------------- */

/* Counter-based (Philox4x32-10; Salmon et al., SC 2011): a value, no hidden state. What is drawn is a pure function of
 * (seed, stream, epoch, index, how many were drawn before), so resuming a run restores four numbers. */
struct dt_rng {
    uint64_t seed;
    uint32_t stream, epoch, index, draw;
};
enum dt_stream { /* one per purpose, so that adding draws to one never shifts another */
                 DT_STREAM_INIT = 1,
                 DT_STREAM_SPLIT,
                 DT_STREAM_ORDER,
                 DT_STREAM_AUGMENT,
                 DT_STREAM_DROPOUT,
                 DT_STREAM_SYNTH,
                 DT_STREAM_POLICY,
                 DT_STREAM_TEST
};
struct dt_rng dt_rng_at(uint64_t seed, uint32_t stream, uint32_t epoch, uint32_t index);
uint32_t dt_rng_u32(struct dt_rng *r);
double dt_rng_uniform(struct dt_rng *r);              /* [0, 1), 32 random bits */
double dt_rng_normal(struct dt_rng *r);               /* mean 0, deviation 1 (Box-Muller, two draws a call) */
uint32_t dt_rng_below(struct dt_rng *r, uint32_t n);  /* 0 .. n-1, unbiased */
void dt_rng_shuffle(struct dt_rng *r, int *v, int n); /* Fisher-Yates */
void dt_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* ---- parallel loops -------------------------------------------------------------------------------------------- */

/* Runs fn over [0, n) in chunks of `grain` items. The chunks depend on n and grain only, never on the thread count: a
 * reduction that keeps one partial result a chunk and adds them in order has the same bits on any machine. */
typedef void dt_par_fn(void *ctx, int64_t begin, int64_t end, int64_t chunk);
void dt_par_for(int64_t n, int64_t grain, dt_par_fn *fn, void *ctx);
int64_t dt_par_chunks(int64_t n, int64_t grain); /* how many chunks that makes */
void dt_par_set_threads(int n);                  /* 0: all processors this process may use */
int dt_par_threads(void);
/* Binds each compute thread to a processor of its own, in the order of those this process may use (round again where
 * there are more threads), or lets them go. No result depends on it. After dt_par_set_threads(). False: refused by the
 * system. The calling thread is one of them, and what it starts inherits its processor; so other threads call
 * dt_par_unpin_self() first. */
bool dt_par_pin(bool on);
void dt_par_unpin_self(void);
int dt_par_processors(void); /* that this process may use */

/* ---- option tables --------------------------------------------------------------------------------------------- */

/* A struct described by a table: the YAML schema, the defaults, the checks and the help all come from it. */
enum dt_opt_type {
    DT_OPT_INT,    /* int64_t */
    DT_OPT_REAL,   /* double */
    DT_OPT_BOOL,   /* bool */
    DT_OPT_STR,    /* const char * (owned by the config's arena) */
    DT_OPT_PICK,   /* int: index into `choices` */
    DT_OPT_REALS,  /* struct dt_reals */
    DT_OPT_STRS,   /* struct dt_strs */
    DT_OPT_SECTION /* an embedded struct, described by `section` */
};
struct dt_reals {
    int n;
    double *v;
};
struct dt_strs {
    int n;
    const char **v;
};
struct dt_opt {
    const char *name;
    enum dt_opt_type type;
    size_t offset;
    const char *def;            /* default, as it would be written in YAML; NULL: required. Lists: "[a, b]" */
    double min, max;            /* INT, REAL, REALS: inclusive range */
    const char *const *choices; /* PICK: NULL-terminated */
    const struct dt_opt *section;
    const char *help; /* one line; units in it */
};
/* Rows. Tables end with DT_OPT_END. */
/* clang-format off */
#define DT_INT(type, field, def, lo, hi, help)   { #field, DT_OPT_INT, offsetof(type, field), def, lo, hi, NULL, NULL, help }
#define DT_REAL(type, field, def, lo, hi, help)  { #field, DT_OPT_REAL, offsetof(type, field), def, lo, hi, NULL, NULL, help }
#define DT_BOOL(type, field, def, help)          { #field, DT_OPT_BOOL, offsetof(type, field), def, 0, 0, NULL, NULL, help }
#define DT_STR(type, field, def, help)           { #field, DT_OPT_STR, offsetof(type, field), def, 0, 0, NULL, NULL, help }
#define DT_PICK(type, field, def, list, help)    { #field, DT_OPT_PICK, offsetof(type, field), def, 0, 0, list, NULL, help }
#define DT_REALS(type, field, def, lo, hi, help) { #field, DT_OPT_REALS, offsetof(type, field), def, lo, hi, NULL, NULL, help }
#define DT_STRS(type, field, def, help)          { #field, DT_OPT_STRS, offsetof(type, field), def, 0, 0, NULL, NULL, help }
#define DT_SECTION(type, field, table, help)     { #field, DT_OPT_SECTION, offsetof(type, field), "", 0, 0, NULL, table, help }
#define DT_OPT_END                               { NULL, DT_OPT_INT, 0, NULL, 0, 0, NULL, NULL, NULL }
/* clang-format on */

/* Parses `text` (one scalar, or "[a, b]" for lists) into the field of `dst` that `opt` describes, checking type, range
 * and choices. Strings and lists are copied into `arena`. The message says what was expected: `expected number > 0, got
 * "abc"`. */
bool dt_opt_set(const struct dt_opt *opt, void *dst, const char *text, struct dt_arena *arena, struct dt_err *err);
/* All fields of `table` to their defaults, sections included (required ones to zero). */
bool dt_opt_defaults(const struct dt_opt *table, void *dst, struct dt_arena *arena, struct dt_err *err);
/* The value as YAML would spell it, into buf; returns buf. */
const char *dt_opt_print(const struct dt_opt *opt, const void *src, char *buf, size_t size);
/* "integer >= 1", "one of sgd, adam", ...; into buf; returns buf. */
const char *dt_opt_expects(const struct dt_opt *opt, char *buf, size_t size);
/* The candidate nearest to `word` by Damerau-Levenshtein distance, NULL when none is within max(1, len/3). */
const char *dt_nearest(const char *word, const char *const *candidates, int n);

/* ---- talk ------------------------------------------------------------------------------------------------------ */

enum dt_level { DT_QUIET, DT_WARN, DT_INFO, DT_DEBUG };
/* Talk goes to stderr and, once set, to a file as well (plain, with time stamps). A closed stderr is not an error. */
void dt_log_level(enum dt_level level);
void dt_log_file(FILE *f); /* borrowed; NULL: none */
void dt_log(enum dt_level level, const char *fmt, ...) DT_PRINTF(2, 3);

/* A progress line: a bar on a terminal, a plain line every 10 s elsewhere. `label` precedes, `note` follows. */
enum dt_progress_mode { DT_PROGRESS_AUTO, DT_PROGRESS_BAR, DT_PROGRESS_PLAIN, DT_PROGRESS_OFF };
struct dt_progress;
struct dt_progress *dt_progress_new(enum dt_progress_mode mode); /* NULL when out of memory: all calls accept NULL */
/* done of total items; items_per_s from its own clock; eta_s < 0: not shown. */
void dt_progress_show(struct dt_progress *p, const char *label, int64_t done, int64_t total, const char *note,
                      double eta_s);
void dt_progress_clear(struct dt_progress *p); /* wipes the line before other talk */
void dt_progress_free(struct dt_progress *p);

double dt_now(void); /* seconds on the monotonic clock */

#ifdef __cplusplus
}
#endif
#endif
