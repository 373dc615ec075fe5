/* nn: module trees, choices made while a network runs, and the one cost model.
 *
 * A net owns a tree of modules. Modules own parameters, buffers (running statistics, numbers of a policy) and choices:
 * run this body? how many channels? leave at this exit? A space lists a net's choices, an arch assigns them, a policy
 * decides them. The walk is the only enumeration: optimiser, checkpoint, counting, freezing and printing all use it. */
#ifndef DYNTRAIN_NN_H
#define DYNTRAIN_NN_H

#include <dyntrain/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dt_net;
struct dt_module;
struct dt_run;

/* ---- choices ---- */
enum dt_choice_kind { DT_KEEP, DT_WIDTH, DT_EXIT }; /* run this module? how many channels (a prefix)? leave here? */
enum { DT_N_CHOICE_KINDS = 3 };
enum { DT_PASS, DT_LOOK, DT_LEAVE }; /* values of EXIT: head not run; run, sample goes on; run, sample leaves */
struct dt_choice {
    const char *path; /* dotted name of the module that owns it */
    enum dt_choice_kind kind;
    int max; /* value 0..max: KEEP 1, WIDTH the channels (0 counts as 1: a layer is never empty), EXIT 2 */
    int tie; /* another choice that must agree, -1: none */
};
struct dt_space {
    int n;
    const struct dt_choice *choice; /* index = column of an arch; in walk order */
};
struct dt_arch {
    int rows, n; /* rows = 1 (all samples alike) or the batch */
    int *value;  /* [rows][n] */
    struct dt_tensor *
        *gate; /* NULL, or one a choice (NULL entries: none): [rows], WIDTH [rows,c]; for gradients, MASK only */
};

/* Decides choices. Its network is a second tree, `policy`, of the same dt_net. It is asked once about the whole plan
 * (choice -1), at the input or behind `at`, and again at every exit whose head was run: about its logits, with the rest
 * in the last run->exit. Numbers from outside the net come to a look by dt_callback. A look may return NULL where it
 * has nothing to see; decide is called all the same. */
struct dt_policy {
    const char *name;
    struct dt_net *net;
    struct dt_module *at; /* looks at what this module puts out; NULL: at the input, before the net */
    struct dt_tensor *(*look)(struct dt_policy *, struct dt_run *, int choice,
                              struct dt_tensor *x); /* ops only: counted, compiled; or NULL */
    void (*decide)(struct dt_policy *, struct dt_run *, int choice,
                   const struct dt_tensor *seen); /* numbers to run->arch: no ops, not run dry; or NULL */
};

enum dt_exec { DT_MASK, DT_SKIP }; /* same mathematics, two executions, held equal by a test */
struct dt_exit {                   /* a head that was run, and for whom; alike in both executions */
    int choice, n;
    const int *row; /* NULL: all rows */
    struct dt_tensor *features, *logits;
};
struct dt_run { /* one step: set the first part anew for each; the arch may live in the tape's arena */
    struct dt_tape *tape;
    struct dt_net *net;       /* set by dt_net_forward and dt_forward */
    struct dt_policy *policy; /* NULL: arch is the plan */
    struct dt_arch arch;      /* n = 0: everything at its maximum, exits passed (with a policy: one is made) */
    enum dt_exec exec;
    bool training;
    bool freeze_stats; /* training statistics, running ones left alone (baseline passes) */
    int recalibrate;   /* k = 1, 2, ...: the k-th batch of a recalibration of batch norm, in frozen modules too: running
                          statistics become the plain average over the batches so far; 0: none */
    const double *budget; /* one a row, or NULL */
    struct dt_rng rng;    /* dropout; each use takes the next value */
    int n;                /* here and now: how many samples, and which rows of the arch (NULL: all) */
    const int *row;
    struct dt_tensor *weight;   /* the weight batch norm sees, or NULL */
    struct dt_tensor *seen;     /* what the policy's look returned */
    struct dt_tensor *features; /* what the last head pooled: a head leaves it here */
    struct dt_exit *exit;       /* left for the losses; in the tape's arena */
    int n_exits;
    struct dt_module *tail; /* the norm that takes the sum of a residual block into its own passes, or NULL (keep.c): */
    struct dt_tensor *base; /* act(base + its result) */
    enum dt_act act;
};

/* ---- modules ---- */
enum dt_init {
    DT_INIT_ZERO,
    DT_INIT_ONE,
    DT_INIT_VALUE,
    DT_INIT_HE_FAN_OUT,
    DT_INIT_HE_FAN_IN,
    DT_INIT_LINEAR,
    DT_INIT_NORMAL
};
struct dt_param {
    struct dt_tensor tensor;
    const char *name; /* "weight" */
    const char *path; /* "net/stage1/block0/body/conv1/conv/weight" */
    struct dt_module *owner;
    struct dt_param *next; /* in its module */
    bool buffer;           /* walked and saved, never trained */
    bool decay;            /* weight decay applies: convolution and linear weights only */
    enum dt_init init;
    double value;  /* INIT_VALUE: the value; INIT_NORMAL: the deviation; INIT_LINEAR: the fan in, 0: from the shape */
    size_t offset; /* of its first element in the net's flat x and g; of a buffer: in the third array */
};
struct dt_module_class {
    const char *name;
    size_t size; /* of the instance; its first member is struct dt_module */
    struct dt_tensor *(*forward)(struct dt_module *m, struct dt_run *run, struct dt_tensor *x);
    void (*describe)(const struct dt_module *m, char *buf, size_t size); /* "3x3, 16 -> 32, stride 2"; or NULL */
};
struct dt_module {
    const struct dt_module_class *class_;
    const char *name, *path; /* "block0", "net/stage1/block0" */
    struct dt_net *net;
    struct dt_module *parent, *child, *next; /* children in order of creation */
    struct dt_param *param;
    struct dt_module *tail;        /* the norm without activation whose result is this module's, or NULL */
    int choice[DT_N_CHOICE_KINDS]; /* index in the space; -1: none */
    bool block;                    /* a segment of the tape, where that recomputes (dt_segment_begin) */
    bool frozen;                   /* running statistics, no dropout, no gradients */
};

/* Building. A net that has failed (dt_net_err) makes every call below harmless: they return usable dummies, never NULL.
 */
struct dt_net *dt_net_new(uint64_t seed, struct dt_err *err); /* NULL when out of memory */
void dt_net_free(struct dt_net *net);
const struct dt_err *dt_net_err(const struct dt_net *net);
/* A new module under `parent`, NULL: the root of a tree (its name must be "net" or "policy"). */
struct dt_module *dt_module_new(struct dt_net *net, struct dt_module *parent, const struct dt_module_class *cls,
                                const char *name_fmt, ...) DT_PRINTF(4, 5);
struct dt_param *dt_param_new(struct dt_module *m, const char *name, struct dt_shape shape, enum dt_init init,
                              double value, bool decay);
struct dt_param *dt_buffer_new(struct dt_module *m, const char *name, struct dt_shape shape, double value);
void dt_choice_new(struct dt_module *m, enum dt_choice_kind kind, int max);
void dt_choice_tie(struct dt_module *m, struct dt_module *with, enum dt_choice_kind kind);
/* Collects the space, lays parameters out in one flat x and one flat g (buffers in a third array), initialises each
 * parameter from its own random stream, and runs the largest and smallest arch dry on [1,h,w,c], heads included, so
 * that an impossible network dies here with its path. Nothing can be added afterwards. */
enum dt_code dt_net_finish(struct dt_net *net, int h, int w, int c, struct dt_err *err) DT_MUST_CHECK;
struct dt_module *dt_net_root(struct dt_net *net);   /* tree "net" */
struct dt_module *dt_net_policy(struct dt_net *net); /* tree "policy", NULL: none */
const struct dt_space *dt_net_space(const struct dt_net *net);
struct dt_shape dt_net_input(const struct dt_net *net);              /* [1,h,w,c] */
struct dt_module *dt_net_find(struct dt_net *net, const char *path); /* NULL: none */
/* Flat arrays of all trainable parameters, walk order; a subtree is one range. Every parameter begins on a 64-byte
 * boundary; the gaps hold zeros, and zero gradients. The size is therefore not the number of parameters. */
size_t dt_net_size(const struct dt_net *net);
dt_real *dt_net_x(struct dt_net *net);
dt_real *dt_net_g(struct dt_net *net);
void dt_net_touch(struct dt_net *net); /* data has changed: raises every version, packs are renewed */
void dt_net_zero_grad(struct dt_net *net);

struct dt_visitor { /* any may be NULL; a false return stops the walk, which then returns false */
    void *ctx;
    bool (*module)(void *ctx, struct dt_module *m, int depth);
    bool (*param)(void *ctx, struct dt_param *p); /* parameters and buffers */
};
bool dt_net_walk(struct dt_net *net, const struct dt_visitor *v);
bool dt_module_walk(struct dt_module *m, const struct dt_visitor *v);
void dt_module_freeze(struct dt_module *m, bool frozen); /* the whole subtree: no gradient, running statistics */

/* ---- running ---- */
/* The whole net under run->tape, arch, policy: x [n,h,w,c] -> logits of those that went to the end, run->n of them,
 * rows run->row of the batch (NULL: all), alike in both executions; NULL only if nobody did. */
struct dt_tensor *dt_net_forward(struct dt_net *net, struct dt_run *run, struct dt_tensor *x);
/* One module, in its scope. x NULL (nobody is left): NULL. */
struct dt_tensor *dt_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x);
/* act(base + body(x)) for the samples that keep `body` (which owns the KEEP choice, or none: always), act(base) for the
 * others. x and base have the current samples. Bodies nest; no sample may leave the net within one. */
struct dt_tensor *dt_keep(struct dt_run *run, struct dt_module *body, struct dt_tensor *base, struct dt_tensor *x,
                          enum dt_act act);
/* The sum of n bodies, neighbours from `first` on, each over the samples that keep it: [n,...] of `shape`. */
struct dt_tensor *dt_keep_sum(struct dt_run *run, struct dt_module *first, int n, struct dt_shape shape,
                              struct dt_tensor *x);
/* Runs `head` (owner of the EXIT choice) for those who do not pass, lets the policy decide, and returns `x` for those
 * who go on (NULL: nobody). In a dt_seq, a child that owns an EXIT is run like this. */
struct dt_tensor *dt_exit(struct dt_run *run, struct dt_module *head, struct dt_tensor *x);
/* Building: a dt_seq called `name` that owns an EXIT, behind the module at `after` (a path, "net/stage2/block0"), to be
 * filled with a head. NULL and err: there is no such module, or its parent is no dt_seq. */
struct dt_module *dt_exit_new(struct dt_net *net, const char *after, const char *name, struct dt_err *err);
/* Value of a choice for current sample i; its maximum (EXIT: DT_PASS) when the arch is empty. */
int dt_run_value(const struct dt_run *run, int choice, int i);
/* An arch in the tape's arena, every value at its maximum, EXIT at DT_PASS. */
struct dt_arch dt_arch_full(struct dt_tape *tape, const struct dt_space *space, int rows);

/* ---- cost ---- */
struct dt_cost {
    int64_t macs, params,
        act_bytes; /* conv and linear MACs, counted once; act_bytes: peak by last use, batch 1, fp32 */
};
/* The ops of one row of an arch (NULL: full) at batch 1 on a dry tape, with the policy's look (NULL: none). */
enum dt_code dt_trace(struct dt_net *net, struct dt_policy *policy, const int *row, struct dt_tape *dry,
                      struct dt_err *err) DT_MUST_CHECK;
enum dt_code dt_cost(struct dt_net *net, struct dt_policy *policy, const int *row, struct dt_cost *out,
                     struct dt_err *err) DT_MUST_CHECK;

/* ---- layers ---- */
/* Once a WIDTH has narrowed a tensor (skipping execution, not training, the whole batch agrees), layers take a prefix
 * of their input channels: the missing ones are zero. Otherwise an unequal number is an error, as ever. */
struct dt_conv_norm_cfg {                 /* convolution, batch norm, activation: the unit WIDTH belongs to */
    int out, kernel, stride, pad, groups; /* pad -1: kernel/2; groups 0: 1; groups -1: depthwise */
    bool relu, relu6, width;              /* width: owns a WIDTH choice */
    double momentum, eps;                 /* 0: 0.1, 1e-5 */
};
struct dt_module *dt_conv_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out,
                                int kernel, int stride, int pad, int groups, bool bias);
struct dt_module *dt_norm_layer(struct dt_net *n, struct dt_module *parent, const char *name, int c, bool relu);
struct dt_module *dt_conv_norm(struct dt_net *n, struct dt_module *parent, const char *name, int in,
                               const struct dt_conv_norm_cfg *cfg);
struct dt_module *dt_linear_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int out);
struct dt_module *dt_dropout_layer(struct dt_net *n, struct dt_module *parent, const char *name, double p);
struct dt_module *dt_max_pool_layer(struct dt_net *n, struct dt_module *parent, const char *name, int size, int stride,
                                    int pad);
/* global average pool, then linear: the classifier of every model */
struct dt_module *dt_head_layer(struct dt_net *n, struct dt_module *parent, const char *name, int in, int classes);
/* runs its children in order */
struct dt_module *dt_seq(struct dt_net *n, struct dt_module *parent, const char *name);

/* ---- models ---- */
enum { DT_SHORTCUT_A, DT_SHORTCUT_B };
struct dt_model_cfg {
    const char *arch;                /* of dt_model_names(), or any resnet<6n+2> */
    int64_t classes;                 /* 0: the data set's */
    int shortcut;                    /* ResNets */
    int64_t width;                   /* ResNets: channels of the first stage, 16 */
    int64_t cardinality, path_width; /* resnext29: 4 paths, 16 channels each in stage 1 */
    double dropout;                  /* mcifarnet, alexnet: 0.5 */
    bool dynamic;                    /* residual blocks and paths own KEEP choices */
};
extern const struct dt_opt dt_model_opts[];
/* Builds tree "net" into `net` for images [h,w,c]; the caller may add a policy tree, then calls dt_net_finish. */
enum dt_code dt_model_build(struct dt_net *net, const struct dt_model_cfg *cfg, int channels,
                            struct dt_err *err) DT_MUST_CHECK;
/* The same below `root`, a dt_seq of the caller's: for a net that is made of several. */
enum dt_code dt_model_build_in(struct dt_net *net, struct dt_module *root, const struct dt_model_cfg *cfg, int channels,
                               struct dt_err *err) DT_MUST_CHECK;
/* Names of all models, NULL-terminated ("resnet20", ...). */
const char *const *dt_model_names(void);

#ifdef __cplusplus
}
#endif
#endif
