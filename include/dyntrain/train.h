/* train: the loop every method runs in. The loop owns phases, epochs, evaluation, checkpoints, signals and the log; a
 * method is one record with its mathematics. */
#ifndef DYNTRAIN_TRAIN_H
#define DYNTRAIN_TRAIN_H

#include <dyntrain/data.h>
#include <dyntrain/io.h>
#include <dyntrain/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- optimisers and schedules ---- */
enum { DT_SGD, DT_ADAM, DT_ADAMW, DT_RMSPROP };
enum { DT_CONSTANT, DT_COSINE, DT_STEP, DT_ONE_CYCLE };
struct dt_schedule_cfg {
    int name;
    double warmup;         /* epochs of linear rise from 0 (cosine, step, constant) */
    struct dt_reals steps; /* step: epochs at which the rate is multiplied by gamma */
    double gamma;
    double rise;  /* one_cycle: share of the steps in which the rate rises */
    double final; /* cosine, one_cycle: last rate as a share of lr */
};
struct dt_optim_cfg {
    int name;
    double lr, momentum, weight_decay; /* decay on convolution and linear weights only */
    bool nesterov;
    double beta1, beta2, eps; /* Adam, AdamW; RMSProp: beta2 is its decay */
    double clip_norm;         /* of the group's gradient, 0: off */
    struct dt_schedule_cfg schedule;
};
extern const struct dt_opt dt_optim_opts[];
/* Rate at a step of a phase of `total` steps, `per_epoch` steps an epoch. */
double dt_schedule_lr(const struct dt_optim_cfg *cfg, int64_t step, int64_t total, int64_t per_epoch);

/* ---- settings: what a config says, beside the method's own section ---- */
enum { DT_FULL_FAIL, DT_FULL_WAIT };
struct dt_checkpoint_cfg {
    int64_t every_epochs;
    double every_minutes;
    int64_t keep_last;
    bool keep_best; /* by validation accuracy */
    int on_full;    /* fail, wait: when the disk is full */
    double retry_seconds;
};
struct dt_run_cfg {
    const char *dir;    /* root of run directories */
    int64_t threads;    /* 0: all processors */
    bool pin;           /* each to a processor of its own */
    const char *engine; /* auto, dnnl, ref */
    double time_limit;  /* minutes; 0: none. Then: checkpoint, exit 75 */
    int progress;       /* auto, bar, plain, off */
};
enum { DT_UNIT_MACS, DT_UNIT_LATENCY };
struct dt_budget_cfg {    /* of dynamic methods (dt_method.curve) only; 1: what the full network costs */
    double target;        /* the budget that the run's test accuracy is reported at */
    struct dt_reals list; /* those of the curve */
    int unit;
};
enum { DT_BAD_STEP_STOP, DT_BAD_STEP_SKIP };
struct dt_guard_cfg {
    int on_bad_step; /* stop, skip: when a loss or gradient is not finite, or a loss too large */
    int64_t max_skips;
    double max_loss; /* 0: no limit */
};
struct dt_train_cfg {
    bool recompute; /* activations of blocks are computed again in the backward pass, not kept */
};
struct dt_log_cfg {
    int64_t every_steps; /* a metrics line each so many steps; 0: epochs only */
};
enum { DT_FP32, DT_BF16_MIXED, DT_AUTO_PRECISION }; /* of activations and their gradients */
struct dt_settings {
    int64_t version, seed;
    const char *name, *method, *pretrained;
    int precision; /* DT_FP32 ... */
    struct dt_data_cfg data;
    struct dt_model_cfg model;
    struct dt_optim_cfg optim;
    struct dt_checkpoint_cfg checkpoint;
    struct dt_train_cfg train;
    struct dt_guard_cfg guard;
    struct dt_run_cfg run;
    struct dt_log_cfg log;
    struct dt_budget_cfg budget; /* a section that a config of a dynamic method has, and no other */
    const char *network;         /* no key: what results call the network, model.arch or what the method makes of it */
};
extern const struct dt_opt dt_settings_opts[]; /* the sections but `budget` are rows of it */
extern const struct dt_opt dt_budget_opts[];

/* ---- methods ---- */
struct dt_train;
struct dt_curve; /* accuracy against cost: src/train/curve.h */
struct dt_setup;
struct dt_net_plan { /* what a network is made from */
    struct dt_setup *setup;
    struct dt_model_cfg model; /* its classes known */
    struct dt_shape input;     /* [1,h,w,c] */
    const struct dt_method *const *methods;
};
struct dt_phase {
    const char *name;
    int64_t epochs; /* 0: dt_method.epochs is asked */
    int64_t steps;  /* 0: one call a batch of the loader; else that many calls without a batch */
    enum dt_code (*open)(struct dt_train *t);  /* on entering and on resuming: groups, derived nets; from config and
                                                  visited state alone */
    enum dt_code (*begin)(struct dt_train *t); /* on entering only */
    enum dt_code (*step)(struct dt_train *t, const struct dt_batch *b); /* ends in dt_train_update */
    enum dt_code (*end)(struct dt_train *t);
};
struct dt_eval { /* accuracies as fractions */
    double accuracy, top5, loss, macs_mean;
    int64_t n;
};
struct dt_method {
    const char *name, *summary;
    const struct dt_opt *opts; /* its section of the config, named like the method: schema, --help and docs */
    size_t cfg_size;
    const struct dt_phase *phase; /* ends with a NULL name */
    int64_t (*epochs)(const struct dt_train *t, int phase);
    size_t state_size; /* of dt_train_state() */
    /* Builds the trees of the network where that is not model.arch as it stands: heads added, networks joined. May give
     * settings.network another name. NULL: dt_model_build. */
    enum dt_code (*net)(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err);
    enum dt_code (*build)(struct dt_train *t); /* adds a policy tree before dt_net_finish; NULL: nothing */
    /* Before anything is trained or written, in dry runs as well, not on resuming: are the files there that it will
     * want when all is trained? NULL: it wants none. */
    enum dt_code (*ready)(struct dt_train *t);
    /* The policy, too, starts from what is in settings.pretrained; NULL: it never does. */
    bool (*policy_pretrained)(const struct dt_train *t);
    enum dt_code (*evaluate)(struct dt_train *t, enum dt_split split, struct dt_eval *out);
    void (*visit)(struct dt_train *t, struct dt_visit *v); /* its state, one function for save and load */
    void (*close)(struct dt_train *t);
    /* Its points over a split and which of them is the result (the test accuracy of a run); NULL: the static net is.
     * Adopted averages and running statistics are in place. Once the run is trained, or for `eval`. */
    enum dt_code (*curve)(struct dt_train *t, enum dt_split split, struct dt_curve *out);
};

/* What a method's functions work with. Read-only but for what the comments say. */
struct dt_train {
    const struct dt_method *method;
    const struct dt_settings *set;
    void *cfg;   /* the method's section */
    void *state; /* the method's own, zeroed at the start */
    struct dt_engine *engine;
    struct dt_tape *tape; /* of the run's precision */
    struct dt_net *net;
    struct dt_dataset *data;
    struct dt_err err;                 /* a method's functions report here */
    int64_t phase, epoch, batch, step; /* step: over the whole run */
    double loss_sum, correct_sum;      /* of this epoch so far: add to them in step() */
    int64_t seen;
    struct dt_loop *loop; /* the loop's own */
};

/* Gives the subtree at `path` ("net", "policy", "net/stage3") an optimiser for this phase; what has none is frozen.
 * Called from open(). */
enum dt_code dt_train_group(struct dt_train *t, const char *path, const struct dt_optim_cfg *cfg) DT_MUST_CHECK;
/* Gradients are in: check of the numbers (DT_ENUMERIC before anything is changed; the loop stops, or leaves the step
 * out), clip, optimisers, EMA, zero gradients. */
enum dt_code dt_train_update(struct dt_train *t, double loss) DT_MUST_CHECK;
/* Exponential moving average of all parameters and buffers, evaluated and saved in their place at the end. 0: off. */
void dt_train_ema(struct dt_train *t, double decay);
/* "fp32" or "bf16": what the run computes in. */
const char *dt_train_precision(const struct dt_train *t);
/* A stream that is a pure function of (seed, stream, step). */
struct dt_rng dt_train_rng(const struct dt_train *t, enum dt_stream stream);
/* The images of a split in their order, in batches of data.batch, not augmented; owned by the run. NULL: t->err. */
struct dt_loader *dt_train_loader(struct dt_train *t, enum dt_split split);
/* The network over a split as its method means it: the method's evaluate(), or the static net where it has none. */
enum dt_code dt_train_evaluate(struct dt_train *t, enum dt_split split, struct dt_eval *out) DT_MUST_CHECK;
/* The static net over a split: accuracy, top-5, mean loss. */
enum dt_code dt_evaluate_static(struct dt_train *t, enum dt_split split, struct dt_eval *out) DT_MUST_CHECK;

extern const struct dt_method dt_method_supervised;

/* ---- whole runs ---- */
struct dt_outcome {
    char run[512]; /* the run directory */
    struct dt_eval test;
    double train_minutes;
    double memory; /* dry run: bytes that training needs, about; 0: unknown */
};
struct dt_job { /* what the command line says */
    const char *config_path;
    int n_overrides;
    const char *const *overrides;
    const struct dt_method *const *methods; /* the table, NULL-terminated; handed down from cli */
    const char *command;                    /* for result.json */
    FILE *table;                            /* where a dynamic method's curve is printed; NULL: nowhere */
    const char *run_path;                   /* resume: the run directory */
    bool dry_run;                           /* check everything, train nothing */
    int64_t epochs;                         /* resume: train up to so many instead; 0: as configured */
};
/* Trains from a config in a new run directory, or from a run directory's last checkpoint. First INT, TERM, HUP or USR1:
 * the step is finished, a checkpoint written, DT_EINTERRUPT, DT_ETERM or DT_ESTOPPED returned; second: the process ends
 * at once. */
enum dt_code dt_run_train(const struct dt_job *job, struct dt_outcome *out, struct dt_err *err) DT_MUST_CHECK;
enum dt_code dt_run_resume(const struct dt_job *job, struct dt_outcome *out, struct dt_err *err) DT_MUST_CHECK;

/* The checkpoint that a path means: the file itself, or the last one of a run directory. */
enum { DT_PATH = 1024 };
enum dt_code dt_checkpoint_in(const char *path, char file[DT_PATH], struct dt_err *err) DT_MUST_CHECK;

/* A trained net, for eval, predict, export: from a run directory or a checkpoint file (config inside). */
struct dt_model; /* settings, data set, engine, net with weights */
/* What of the data set is needed. It is opened for its images; the rest is in the checkpoint. Only those of before that
 * was so leave the normalisation, and for data.dataset folder and idx the classes, to the data. */
enum dt_model_data { DT_MODEL_SHAPE, DT_MODEL_SCALE, DT_MODEL_IMAGES };
struct dt_model *dt_model_open(const char *path, enum dt_model_data data, const struct dt_method *const *methods,
                               int n_overrides, const char *const *overrides, struct dt_err *err);
void dt_model_close(struct dt_model *m);
struct dt_train *dt_model_train(struct dt_model *m); /* as a method's functions see it */

/* A config's training step, measured on random images of its shape: no data is needed, no run directory made. */
enum { DT_BENCH_ROWS = 64, DT_BENCH_BATCH = 128, DT_BENCH_REORDERS = 512 };
struct dt_bench_reorder { /* copies between layouts in one step, by module */
    char scope[112];
    const char *op;
    int64_t n, bytes;
};
struct dt_bench {
    const char *phase; /* with the most epochs: the one that is timed */
    double step_s;     /* median of its steps */
    double infer1_s;   /* of the full net: medians at batch 1 and at DT_BENCH_BATCH */
    double infer_batch_s;
    double loader_s;       /* a batch, of waiting for the loader */
    size_t peak_rss;       /* bytes, of the whole process while it trained */
    const char *precision; /* see dt_train_precision */
    int steps;             /* that the rows are about */
    int n_rows;
    struct dt_profile_row row[DT_BENCH_ROWS];
    int n_reorders; /* modules with reorders, at most as many as there is room for */
    struct dt_bench_reorder reorder[DT_BENCH_REORDERS];
};
enum dt_code dt_bench_run(const char *config, int n_overrides, const char *const *overrides,
                          const struct dt_method *const *methods, struct dt_bench *out,
                          struct dt_err *err) DT_MUST_CHECK;

/* Settings of a config, checked, all errors collected; owns config and structs. For summary, bench, config, data. */
struct dt_setup {
    struct dt_config *config;
    struct dt_settings set;
    const struct dt_method *method;
    void *cfg;
    struct dt_arena *arena;
};
/* Prints nothing: dt_config_error() has the lines when DT_ECONFIG is returned. */
enum dt_code dt_setup_load(struct dt_setup *s, const char *path, int n_overrides, const char *const *overrides,
                           const struct dt_method *const *methods, struct dt_err *err) DT_MUST_CHECK;
void dt_setup_free(struct dt_setup *s);
/* The trees of the network that the setup describes; the caller calls dt_net_finish. */
enum dt_code dt_setup_net(struct dt_net *net, const struct dt_net_plan *plan, struct dt_err *err) DT_MUST_CHECK;
enum dt_code dt_setup_write(const struct dt_setup *s, bool origins, FILE *f) DT_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
