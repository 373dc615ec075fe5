/* io: configuration files, checkpoints, run directories, JSON. */
#ifndef DYNTRAIN_IO_H
#define DYNTRAIN_IO_H

#include <dyntrain/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "HDF5 1.10.8, libyaml ..." into buf; returns buf */
const char *dt_io_versions(char *buf, size_t size);

/* ---- configuration (YAML, libyaml events) ---- */
/* One part of the schema, bound to one struct. */
struct dt_config_part {
    const char *section; /* "": keys at the top level; "optim": keys under optim */
    const struct dt_opt *table;
    void *dst;    /* NULL: keys are checked for spelling only (sections of other methods) */
    bool foreign; /* the section of another method: a warning in a `base:` file, an error elsewhere */
};
struct dt_config;
/* Reads `path`, the files its `base:` names (relative to the file that names them, deep-merged left to right, lists
 * replace), then `key.path=value` overrides. Syntax errors, duplicate keys, tabs, depth and size caps are collected.
 * Keys beginning with "x-" are the user's own. NULL only when out of memory. */
struct dt_config *dt_config_load(const char *path, int n_overrides, const char *const *overrides, struct dt_err *err);
void dt_config_free(struct dt_config *c);
/* A scalar before binding (to find out the method); NULL: absent. */
const char *dt_config_peek(const struct dt_config *c, const char *dotted);
/* Binds all parts and collects every error (unknown key with a suggestion, wrong type, range, missing). DT_ECONFIG if
 * any; err then holds the first and how many more. Strings live as long as the config. */
enum dt_code dt_config_bind(struct dt_config *c, const struct dt_config_part *part, int n,
                            struct dt_err *err) DT_MUST_CHECK;
/* Lines to show, by file and line: at most 20, and one that counts the rest. Those of loading are there before binding.
 */
int dt_config_n_errors(const struct dt_config *c);
/* "configs/b.yaml:14:3: error: unknown key 'budgte' in 'budget'; did you mean 'target'?" */
const char *dt_config_error(const struct dt_config *c, int i);
/* An error found by meaning (a value that does not suit another): placed at the key's line. */
void dt_config_reject(struct dt_config *c, const char *dotted, const char *fmt, ...) DT_PRINTF(3, 4);
/* The expanded config as YAML, every key of the schema; origins: "# configs/base.yaml:3" or "# default" behind each. */
enum dt_code dt_config_write(const struct dt_config *c, const struct dt_config_part *part, int n, bool origins,
                             FILE *f) DT_MUST_CHECK;
/* The commented reference of a schema, from the tables; foreign parts as comments. */
void dt_config_schema(const struct dt_config_part *part, int n, FILE *f);
/* SHA-256 (hex) of what dt_config_write would write, without the keys listed (dotted, NULL-terminated, NULL: none; a
 * section name drops all of it). */
void dt_config_hash(const struct dt_config *c, const struct dt_config_part *part, int n, const char *const *without,
                    char hex[65]);

void dt_sha256(const void *data, size_t size, uint8_t out[32]);

/* ---- checkpoints (HDF5 image behind a 512-byte user block with its SHA-256) ---- */
enum dt_ckpt_type { DT_CKPT_F32, DT_CKPT_F64, DT_CKPT_I64, DT_CKPT_U8 };
struct dt_ckpt;
/* An empty one, built in memory. */
struct dt_ckpt *dt_ckpt_new(struct dt_err *err);
/* From a file: size, magic, length and hash are checked before HDF5 sees a byte. DT_ECHECKPOINT, naming the file. */
struct dt_ckpt *dt_ckpt_open(const char *path, struct dt_err *err);
void dt_ckpt_free(struct dt_ckpt *c);
/* Failures stick to the checkpoint (dt_ckpt_err) and later calls do nothing. Paths: "/model/stem/conv/weight". */
void dt_ckpt_put(struct dt_ckpt *c, const char *path, enum dt_ckpt_type type, int rank, const int64_t *dims,
                 const void *data);
void dt_ckpt_put_text(struct dt_ckpt *c, const char *path, const char *text);
bool dt_ckpt_has(struct dt_ckpt *c, const char *path); /* a dataset, or a group with something in it */
/* Exact type and extents or a failure naming the path, what is there and what was expected. */
void dt_ckpt_get(struct dt_ckpt *c, const char *path, enum dt_ckpt_type type, int rank, const int64_t *dims, void *out);
/* Into the caller's arena; NULL on failure. */
const char *dt_ckpt_get_text(struct dt_ckpt *c, const char *path, struct dt_arena *arena);
const struct dt_err *dt_ckpt_err(const struct dt_ckpt *c);
/* Every dataset, in path order. */
struct dt_ckpt_item {
    const char *path;
    enum dt_ckpt_type type;
    bool text;
    int rank;
    int64_t dims[4];
};
bool dt_ckpt_each(struct dt_ckpt *c, bool (*fn)(void *ctx, const struct dt_ckpt_item *item), void *ctx);
/* To <dir>/.tmp-<pid>-<n>, fsync, read back and compare, rename to `path`, fsync the folder. On failure the old file
 * stands, the temporary one is gone, and err says what failed (disk full: DT_ERESOURCE). */
enum dt_code dt_ckpt_save(struct dt_ckpt *c, const char *path, struct dt_err *err) DT_MUST_CHECK;

/* One function for save and load: visiting a state writes it to, or reads it from, a checkpoint below `prefix`. */
struct dt_visit {
    struct dt_ckpt *ckpt;
    bool loading;
    const char *prefix; /* "/loop" */
};
void dt_visit_i64(struct dt_visit *v, const char *name, int64_t *x);
void dt_visit_real(struct dt_visit *v, const char *name, double *x);
void dt_visit_bool(struct dt_visit *v, const char *name, bool *x);
void dt_visit_reals(struct dt_visit *v, const char *name, double *x, int64_t n);
void dt_visit_f32(struct dt_visit *v, const char *name, float *x, int64_t n);

/* ---- JSON (jansson behind it) ---- */
struct dt_json; /* a value; children are owned by their parent */
struct dt_json *dt_json_object(void);
struct dt_json *dt_json_array(void);
void dt_json_free(struct dt_json *j);
/* All accept a NULL object (out of memory) and do nothing. NaN and infinity are written as null. */
void dt_json_num(struct dt_json *o, const char *key, double v); /* 9 significant digits; key NULL: append to an array */
void dt_json_int(struct dt_json *o, const char *key, int64_t v);
void dt_json_str(struct dt_json *o, const char *key, const char *v); /* NULL: null */
void dt_json_bool(struct dt_json *o, const char *key, bool v);
void dt_json_null(struct dt_json *o, const char *key);
struct dt_json *dt_json_put(struct dt_json *o, const char *key, struct dt_json *child); /* takes it, returns it */
bool dt_json_write(const struct dt_json *j, FILE *f, bool indent);                      /* a line feed at the end */
char *dt_json_text(const struct dt_json *j); /* on one line, none at its end; dt_free() it; NULL: out of memory */
struct dt_json *dt_json_read(const char *path, struct dt_err *err); /* NULL: missing or malformed */
/* One value out of memory; the message names `path` and the place. */
struct dt_json *dt_json_parse(const char *text, size_t size, const char *path, struct dt_err *err);
double dt_json_get_num(const struct dt_json *o, const char *key, double missing);
const char *dt_json_get_str(const struct dt_json *o, const char *key, const char *missing);
/* A child, borrowed, NULL: absent; elements of an array; a child taken out of its object, the caller's from then on. */
struct dt_json *dt_json_get(const struct dt_json *o, const char *key);
int dt_json_size(const struct dt_json *array);
struct dt_json *dt_json_at(const struct dt_json *array, int i);
struct dt_json *dt_json_take(struct dt_json *o, const char *key);
/* Writes to a temporary file and renames. */
enum dt_code dt_json_save(const struct dt_json *j, const char *path, struct dt_err *err) DT_MUST_CHECK;

/* ---- run directory: experiments/<name>/<stamp>-<seed>[-n]/ ---- */
struct dt_rundir {
    char path[512];
    int lock_fd; /* flock on run.lock while we own it; -1 */
};
/* Makes it (mkdir is the lock against collisions), ckpt/ inside, and takes the lock. root: "experiments", or run.dir.
 */
enum dt_code dt_rundir_create(struct dt_rundir *d, const char *root, const char *name, int64_t seed,
                              struct dt_err *err) DT_MUST_CHECK;
/* Opens an existing one and takes the lock; a second process is refused, naming the holder's pid. */
enum dt_code dt_rundir_open(struct dt_rundir *d, const char *path, struct dt_err *err) DT_MUST_CHECK;
void dt_rundir_close(struct dt_rundir *d);
/* "<run>/ckpt/last.h5" into buf; returns buf. */
const char *dt_rundir_file(const struct dt_rundir *d, const char *name, char *buf, size_t size);
/* The newest finished run below root/name whose run.json has this config_hash; where there is none, the newest. False:
 * none at all. finished: it has a result.json. */
bool dt_rundir_find(const char *root, const char *name, const char *config_hash, char *path, size_t size,
                    bool *finished);
/* The right to train a run of this config below root/name on behalf of another run: one process at a time has it, until
 * it lets go or ends. A second is refused, naming the first. */
struct dt_claim {
    char path[1024]; /* of the locked file, which is removed afterwards */
    int fd;          /* -1: not held */
};
enum dt_code dt_rundir_claim(struct dt_claim *c, const char *root, const char *name, const char *config_hash,
                             struct dt_err *err) DT_MUST_CHECK;
void dt_rundir_unclaim(struct dt_claim *c);
/* All runs below root, newest first; calls fn with each path. */
bool dt_rundir_each(const char *root, bool (*fn)(void *ctx, const char *path), void *ctx);
/* All kept results below root, by name: folders root/<name> that have a result.json themselves. */
bool dt_rundir_each_kept(const char *root, bool (*fn)(void *ctx, const char *path), void *ctx);

/* ---- run log: JSON lines ---- */
struct dt_runlog;
/* Appends; when keep >= 0 the file is first cut back to `keep` bytes (the checkpoint's mark, so no step appears twice).
 */
struct dt_runlog *dt_runlog_open(const char *path, int64_t keep, struct dt_err *err);
/* Takes and frees row. What cannot be written waits in memory: dt_runlog_sync tries again and reports. */
void dt_runlog_write(struct dt_runlog *l, struct dt_json *row);
int64_t dt_runlog_size(struct dt_runlog *l); /* bytes in the file */
/* Everything is in the file and on the disk. A lost line (no memory, a failed fsync) sticks; otherwise a later call may
 * succeed. */
enum dt_code dt_runlog_sync(struct dt_runlog *l, struct dt_err *err) DT_MUST_CHECK;
void dt_runlog_close(struct dt_runlog *l);
/* Calls fn with every whole line of a run log, in order, until it returns false; the row is fn's to free. Lines that
 * are no JSON are left out and counted in *bad; what follows the last line feed was being written and is left out. */
enum dt_code dt_runlog_each(const char *path, bool (*fn)(void *ctx, struct dt_json *row), void *ctx, int64_t *bad,
                            struct dt_err *err) DT_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
