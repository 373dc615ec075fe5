/* dnnl: the oneDNN engine (C API 2.6; f32, and bf16 activations). Activations are dense channels-last (nhwc); for the
 * weights the primitive chooses the layout, which makes nhwc as fast as oneDNN's own blocked activations. The only
 * folder that includes <dnnl.h>.
 *
 * primitive.c  geometry to primitive descriptor to primitive      cache.c   primitives by geometry and direction
 * layout.c     OIHW to the primitive's weight layout and back     pack.c    copies in that layout, hung on the weights
 * conv.c       the engine's three functions                       prefix.c  what our own kernel computes instead
 * time.c       bare primitives against the clock                  infer.c   convolutions of inference plans */
#ifndef DT_AUTOGRAD_DNNL_ENGINE_H
#define DT_AUTOGRAD_DNNL_ENGINE_H

#include "autograd/engine.h"

#include <dnnl.h>

enum dt_dnnl_dir { DT_DNNL_FORWARD, DT_DNNL_DATA, DT_DNNL_WEIGHTS };

/* What a primitive depends on. All ints, so that keys compare as memory. oneDNN plans its work for a thread count. */
struct dt_dnnl_key {
    struct dt_conv_geom geom;
    int dir; /* enum dt_dnnl_dir */
    int bias;
    int threads;
};

/* Where oneDNN keeps element (row, i, tap) of OIHW weights, row being the output channel over all groups: at
 * row[row] + in[i] + tap[tap]. Any blocked layout is such a sum, as each index splits into digits of its own. */
struct dt_dnnl_layout {
    dnnl_memory_desc_t desc;
    size_t bytes; /* padding of channel blocks included */
    int o, ci, taps;
    int64_t *row, *in, *tap; /* one block of memory, owned through `row` */
};

enum { DT_DNNL_X, DT_DNNL_W, DT_DNNL_Y, DT_DNNL_SCRATCH, DT_DNNL_B, DT_DNNL_N_ARGS };

struct dt_dnnl_conv {
    struct dt_dnnl_conv *next; /* in its bucket */
    struct dt_dnnl_key key;
    uint64_t used; /* when, by the engine's count of lookups */
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[DT_DNNL_N_ARGS]; /* memory objects, made once */
    const void *handle[DT_DNNL_N_ARGS];  /* what they point at now */
    struct dt_dnnl_layout layout;        /* of the weights, or of their gradient */
    size_t scratch_bytes;
};

enum { DT_DNNL_BUCKETS = 512, DT_DNNL_MAX_CONVS = 2048 };

struct dt_dnnl {
    struct dt_engine base;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct dt_dnnl_conv *bucket[DT_DNNL_BUCKETS];
    int n_convs;
    uint64_t lookups;
    struct dt_scratch scratchpad; /* the primitives' own */
    struct dt_scratch weights;    /* in a primitive's layout: what has no pack; weight gradients */
    struct dt_scratch data;       /* a data gradient that has to be added */
    double fault;                 /* tests: 1, else every gradient is multiplied by it */
};

/* Turns a status into a failure that names the call and the convolution; true when it is a success. */
bool dt_dnnl_ok(dnnl_status_t status, const char *call, const struct dt_dnnl_key *k, struct dt_err *err);

/* The descriptor of the primitive for activations in `layout` (dnnl_format_tag_any: its choice), with a scratchpad of
 * ours. An implementation that is oneDNN's plain reference is refused: it takes seconds a layer. NULL: failed. */
dnnl_primitive_desc_t dt_dnnl_describe(struct dt_dnnl *e, const struct dt_dnnl_key *k, dnnl_format_tag_t layout,
                                       struct dt_err *err);
/* Fills in everything of `c` but next and used. On failure what was made is left for dt_dnnl_conv_close(). */
bool dt_dnnl_conv_open(struct dt_dnnl *e, const struct dt_dnnl_key *k, dnnl_primitive_desc_t desc,
                       struct dt_dnnl_conv *c, struct dt_err *err);
void dt_dnnl_conv_close(struct dt_dnnl_conv *c);
/* One run; b is NULL but for a forward pass with bias. x, w, y: activations in, weights, activations out, or their
 * gradients. */
bool dt_dnnl_conv_run(struct dt_dnnl *e, struct dt_dnnl_conv *c, const void *x, const void *w, const void *y,
                      const void *b, struct dt_err *err);

/* The cached primitive, made when it is not there. NULL: failed. Good until the next call. */
struct dt_dnnl_conv *dt_dnnl_conv_find(struct dt_dnnl *e, const struct dt_conv_geom *g, enum dt_dnnl_dir dir, bool bias,
                                       struct dt_err *err);
void dt_dnnl_cache_clear(struct dt_dnnl *e);

bool dt_dnnl_layout_init(struct dt_dnnl_layout *l, const dnnl_memory_desc_t *desc, const struct dt_conv_geom *g,
                         struct dt_err *err);
void dt_dnnl_layout_free(struct dt_dnnl_layout *l);
void dt_dnnl_layout_pack(const struct dt_dnnl_layout *l, const float *oihw, void *packed); /* padding zeroed */
/* oihw = (add ? oihw : 0) + factor * packed */
void dt_dnnl_layout_unpack(const struct dt_dnnl_layout *l, const float *packed, double factor, bool add, float *oihw);

/* A layout of weights: a primitive's, or (prefix) prefix_conv's of one type, for the forward pass or `data`. */
struct dt_dnnl_pack_kind {
    dnnl_memory_desc_t desc;
    bool prefix, data;
    int type;
};
/* Memory for the weights in a layout: the tensor's pack, or the engine's scratch when the tensor is not a parameter.
 * stale: they have to be put there. NULL: failed. */
void *dt_dnnl_pack(struct dt_dnnl *e, const struct dt_dnnl_pack_kind *kind, size_t bytes, struct dt_tensor *w,
                   bool *stale, struct dt_err *err);
/* The weights in this layout: the tensor's pack, renewed when it is out of date; or the engine's scratch when the
 * tensor is not a parameter. NULL: failed. */
const void *dt_dnnl_weights(struct dt_dnnl *e, const struct dt_dnnl_layout *l, struct dt_tensor *w, struct dt_err *err);

/* What prefix_conv computes in place of oneDNN (prefix.c), and its three directions as engine.h has them. */
bool dt_dnnl_suits_prefix(const struct dt_conv_geom *g, enum dt_dnnl_dir dir);
bool dt_dnnl_prefix_forward(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                            const dt_real *b, void *y, struct dt_err *err);
bool dt_dnnl_prefix_backward_data(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                                  void *dx, bool add, struct dt_err *err);
bool dt_dnnl_prefix_backward_weights(struct dt_dnnl *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                     dt_real *dw, bool add, struct dt_err *err);

/* Notes a copy of so many bytes from one layout to another. */
static inline void dt_dnnl_reordered(struct dt_dnnl *e, size_t bytes)
{
    e->base.reorders++;
    e->base.reorder_bytes += (int64_t)bytes;
}

/* The engine's functions, see engine.h. */
bool dt_dnnl_conv_forward(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                          const dt_real *b, void *y, struct dt_err *err);
bool dt_dnnl_conv_backward_data(struct dt_engine *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                                void *dx, bool add, struct dt_err *err);
bool dt_dnnl_conv_backward_weights(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                   dt_real *dw, bool dw_add, dt_real *db, bool db_add, struct dt_err *err);
bool dt_dnnl_conv_time(struct dt_engine *e, const struct dt_conv_geom *g, bool data, int runs, double out[3],
                       struct dt_err *err);

#endif
