/* loop: what the files of this folder share. One struct holds a run: settings, network, data, groups, counters, files.
 *
 *   run.c       whole runs: train, resume           session.c     engine, data, network of a run
 *   loop.c      phases, epochs, steps               evaluate.c    accuracy of the static net
 *   curve.c     accuracy against cost               latency.c     time of one image
 *   curve_text.c  as a table, as CSV                published.c   what publications report
 *   group.c     optimisers over parameter ranges    ema.c         moving average of the weights
 *   checkpoint.c, weights.c                         record.c      metrics.jsonl, perf.jsonl, progress
 *   result.c    result.json, run.json               signals.c     INT, TERM, USR1
 *   memory.c    what a training needs
 *   space.c     full disks                          guard.c       numbers that go bad
 *   pretrained.c  what a run starts from            model.c       nets out of checkpoints
 *   describe.c  data sets in checkpoints */
#ifndef DT_TRAIN_LOOP_H
#define DT_TRAIN_LOOP_H

#include <dyntrain/train.h>

#include "train/optim/optim.h"

enum { DT_MAX_GROUPS = 72, DT_N_SPLITS = 3 };

/* ---- groups: a subtree and its optimiser ---- */
struct dt_segment {
    int64_t begin, end; /* in the group's range */
    bool decay;
};
struct dt_group {
    char name[128]; /* the path, '/' as '.': its folder in the checkpoint */
    const struct dt_optimiser *optimiser;
    const struct dt_optim_cfg *cfg;
    int64_t begin, n; /* in the net's flat arrays */
    dt_real *x, *g, *slot[DT_MAX_SLOTS];
    struct dt_segment *segment; /* cover the range in order */
    int n_segments;
    double *partial; /* sums of squares, one a chunk */
    double norm, lr; /* of the latest update */
    int64_t count;   /* updates so far */
};
struct dt_ema {
    double decay; /* 0: off */
    int64_t count;
    int64_t n, size; /* parameters; with buffers */
    dt_real *x;      /* the shadow: parameters, then buffers */
    struct dt_param **buffer;
    int n_buffers;
};

struct dt_guard {
    dt_real *buffers; /* running statistics before the step; NULL: bad steps are not left out */
    int64_t skipped;  /* steps left out in this run */
};

struct dt_loop {
    struct dt_train t; /* what methods see; t.loop is this struct */
    struct dt_setup setup;
    struct dt_loader *train, *eval[DT_N_SPLITS];
    struct dt_group group[DT_MAX_GROUPS];
    int n_groups;
    struct dt_ema ema;
    struct dt_guard guard;
    bool finished;         /* every phase has ended */
    int64_t per_epoch;     /* steps an epoch of this phase */
    int64_t epochs;        /* of this phase */
    int64_t epoch_of_run;  /* over all phases: names the order of the samples */
    double best;           /* validation accuracy of ckpt/best.h5, -1: none */
    double seconds_before; /* spent training in earlier processes */
    double started;        /* clock: of this process */
    double deadline;       /* clock; 0: none */
    double saved;          /* clock: last checkpoint */
    bool waiting;          /* for space on the disk, which has been said */
    double last_loss;      /* of the latest step; NAN: it updated nothing */
    int64_t steps_here;    /* of this phase, in this process, for the remaining time */
    double phase_started;  /* since when */
    /* the run directory; path empty: none (a model opened to look at) */
    struct dt_rundir dir;
    const struct dt_job *job;
    const struct dt_data_info *described; /* NULL: the data set is opened; else all that is needed of it */
    const struct dt_loop *parent;         /* the run that this one is nested in, NULL: none */
    double memory_of_named;               /* dry run: the most that a run needs which this one has trained first */
    bool settings_changed;                /* by a resume: config.resolved.yaml is written anew */
    char config_hash[65], started_at[32];
    const char *config_text; /* resolved, as kept in every checkpoint */
    FILE *log;
    struct dt_runlog *metrics, *perf;
    int64_t metrics_keep; /* the mark of the checkpoint that was loaded, 0 at the start */
    struct dt_progress *progress;
    double progress_shown;
};

/* setup.c: parts of the schema for one method; `part` has room for 2 + number of methods. Returns how many. */
int dt_setup_parts(struct dt_setup *s, const struct dt_method *const *methods, struct dt_config_part *part);
enum { DT_MAX_METHODS = 32 };
/* Names a run: where the data and the results are, and how the run is executed, is left out. */
void dt_setup_hash(struct dt_setup *s, char hex[65]);

/* group.c */
void dt_groups_clear(struct dt_loop *l);
void dt_groups_visit(struct dt_loop *l, struct dt_ckpt *ckpt, bool loading);

/* ema.c */
void dt_ema_update(struct dt_loop *l);
void dt_ema_swap(struct dt_loop *l); /* average in the net, raw weights in the shadow; again: back */
void dt_ema_free(struct dt_ema *e);

/* weights.c: parameters and buffers by name, "/model/..." and "/policy/..." */
void dt_weights_put(struct dt_net *net, struct dt_ckpt *ckpt, const char *root);
/* `file` is for the message, which lists what is missing, extra or of another shape. net_only: the policy tree, on
 * either side, is left alone, and so are heads on the way (owners of an EXIT) that the file does not have. */
enum dt_code dt_weights_get(struct dt_net *net, struct dt_ckpt *ckpt, const char *root, bool net_only, const char *file,
                            struct dt_err *err) DT_MUST_CHECK;
/* The net of the checkpoint into one module of a larger net. */
enum dt_code dt_weights_get_below(struct dt_module *m, struct dt_ckpt *ckpt, const char *file,
                                  struct dt_err *err) DT_MUST_CHECK;

/* checkpoint.c */
enum dt_code dt_loop_save(struct dt_loop *l, const char *name) DT_MUST_CHECK; /* "ckpt/last.h5" */
enum dt_code dt_loop_save_batch(struct dt_loop *l, const char *name, const struct dt_batch *b) DT_MUST_CHECK;
/* Counters and the method's state, then open(), then weights and optimisers. */
enum dt_code dt_loop_load(struct dt_loop *l, const char *path) DT_MUST_CHECK;
/* The same without what only training needs. */
enum dt_code dt_loop_load_model(struct dt_loop *l, struct dt_ckpt *c, const char *path) DT_MUST_CHECK;

/* describe.c: shape, classes and normalisation of the images, below /data. get: false: err; only when there is one. */
void dt_describe_put(const struct dt_dataset *d, struct dt_ckpt *c, struct dt_err *err);
bool dt_describe_get(struct dt_ckpt *c, const char *path, struct dt_arena *arena, struct dt_data_info *info,
                     struct dt_err *err);

/* session.c */
enum dt_code dt_session_open(struct dt_loop *l) DT_MUST_CHECK;
void dt_session_close(struct dt_loop *l);
/* A net of this description for images of the run's data set. */
struct dt_net *dt_session_net(struct dt_loop *l, struct dt_setup *s, bool build, struct dt_err *err);

/* loop.c */
enum dt_code dt_loop_open_phase(struct dt_loop *l) DT_MUST_CHECK;
enum dt_code dt_loop_run(struct dt_loop *l) DT_MUST_CHECK; /* from where the counters stand to the end of the run */
enum dt_code dt_loop_evaluate(struct dt_loop *l, enum dt_split split, struct dt_eval *out) DT_MUST_CHECK;
enum dt_code dt_loop_stop(struct dt_loop *l); /* DT_OK, or why to stop after this step */
double dt_loop_minutes(const struct dt_loop *l);

/* memory.c: over all phases, in bytes */
struct dt_memory {
    double has, needs; /* the process now; in training, about. 0: not known */
    double left;       /* what can be had beyond `has`, -1: not known */
    int64_t batch;     /* that fits, where data.batch does not */
};
/* Enters all phases and takes two steps of each, so the net is of no use afterwards. DT_ENOMEM: it cannot fit. */
enum dt_code dt_estimate_memory(struct dt_loop *l, struct dt_memory *out) DT_MUST_CHECK;
double dt_memory_left(void); /* -1: not known */

/* guard.c */
enum dt_code dt_guard_open(struct dt_loop *l) DT_MUST_CHECK; /* with a phase */
void dt_guard_free(struct dt_guard *g);
void dt_guard_before(struct dt_loop *l); /* a step */
enum dt_code dt_guard_loss(struct dt_train *t, double loss) DT_MUST_CHECK;
enum dt_code dt_guard_gradient(struct dt_train *t, const char *group, double norm) DT_MUST_CHECK;
/* After a step that failed with DT_ENUMERIC: saves it; DT_OK: it is left out, and all is as before. */
enum dt_code dt_guard_failed(struct dt_loop *l, const struct dt_batch *b) DT_MUST_CHECK;

/* space.c. Waits as checkpoint.on_full says: true, and `err` cleared: try again. False: it stands, because it is
 * another failure, waiting is not wanted, or the run is asked to stop. */
bool dt_wait_for_space(struct dt_loop *l, struct dt_err *err);
/* Is there room for the checkpoints that this run will keep, each as large as that of step 0? */
enum dt_code dt_check_space(struct dt_loop *l) DT_MUST_CHECK;

/* evaluate.c: class k's rank among the logits of its row, 0: the highest */
int dt_logit_rank(const dt_real *logits, int classes, int k);

/* signals.c */
void dt_signals_catch(void);
void dt_signals_release(void);
enum dt_code dt_signals_code(void); /* DT_OK, DT_EINTERRUPT, DT_ETERM, DT_ESTOPPED */

/* record.c */
enum dt_code dt_record_open(struct dt_loop *l, bool fresh) DT_MUST_CHECK;
void dt_record_close(struct dt_loop *l);
void dt_record_step(struct dt_loop *l);
void dt_record_epoch(struct dt_loop *l, const struct dt_eval *val, double seconds, double eval_seconds, double wait);
void dt_record_progress(struct dt_loop *l);

/* result.c */
enum dt_code dt_run_json(struct dt_loop *l, const char *status) DT_MUST_CHECK;
/* The run over the test set: result.json, curve.csv, the table; `test` gets the numbers of the curve's target. */
enum dt_code dt_loop_result(struct dt_loop *l, struct dt_eval *test) DT_MUST_CHECK;
const char *dt_isa_name(void); /* widest vectors of this processor */

/* pretrained.c: the checkpoint that `from` means: a file, a run directory, or a config, whose run is found, resumed or
 * trained first. */
enum dt_code dt_checkpoint_of(struct dt_loop *l, const char *key, const char *from, char path[DT_PATH]) DT_MUST_CHECK;
enum dt_code dt_pretrained_load(struct dt_loop *l) DT_MUST_CHECK;

/* model.c: settings and nets out of checkpoints */
enum dt_code dt_setup_of_checkpoint(struct dt_setup *s, struct dt_ckpt *c, const char *path, int n_overrides,
                                    const char *const *overrides, const struct dt_method *const *methods,
                                    struct dt_err *err) DT_MUST_CHECK;
/* The static net of a checkpoint, frozen, for the images of this run; `s` must outlive it. NULL: t.err has it. */
struct dt_net *dt_teacher_open(struct dt_loop *l, const char *path, struct dt_setup *s);
/* The same of a config that has not been trained yet, for a dry run. */
struct dt_net *dt_teacher_untrained(struct dt_loop *l, const char *config, struct dt_setup *s);

/* run.c: a job, for the sake of `parent` (NULL: of the user) */
enum dt_code dt_job_train(const struct dt_job *job, const struct dt_loop *parent, struct dt_outcome *out,
                          struct dt_err *err) DT_MUST_CHECK;
enum dt_code dt_job_resume(const struct dt_job *job, const struct dt_loop *parent, struct dt_outcome *out,
                           struct dt_err *err) DT_MUST_CHECK;

#endif
