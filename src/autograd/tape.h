/* tape: what tape.c, backward.c, profile.c and cost.c share. Ops see none of it (they have op.h). */
#ifndef DT_AUTOGRAD_TAPE_H
#define DT_AUTOGRAD_TAPE_H

#include "autograd/op.h"

enum { DT_MAX_DEPTH = 64, DT_MAX_OP_KINDS = 64 };

/* A gradient buffer of the reverse sweep, handed from tensor to tensor. */
struct dt_grad_buf {
    void *data;
    size_t bytes;
    bool free;
};

/* Nodes [begin, end), of which `out` alone keeps its data. (segment.c) */
struct dt_segment {
    int begin, end;
    struct dt_tensor *out;
};

struct dt_tape {
    struct dt_engine *engine; /* borrowed; NULL on a dry tape */
    struct dt_arena *small;   /* nodes, tensor headers, attributes */
    struct dt_arena *large;   /* activations, gradients, what ops save */
    struct dt_arena *again;   /* the same of the segment at hand, but no gradients */
    struct dt_err err;
    bool dry, no_grad, profiling;
    enum dt_dtype precision;

    struct dt_node **node; /* grows; kept over resets */
    int n_nodes, cap;

    struct dt_mark *mark; /* grows; kept over resets */
    int n_marks, mark_cap;

    struct dt_segment *segment; /* in the order of the nodes; grows; kept over resets */
    int n_segments, segment_cap;
    bool recompute;  /* stays over resets */
    bool in_segment; /* forward: one has begun, at node `first` */
    int first;
    bool again_now; /* backward: the segment `at_segment` has been computed again, and is in memory */
    int at_segment;

    const char *scope[DT_MAX_DEPTH]; /* full paths; scope[depth - 1] is the current one */
    int depth;

    struct dt_grad_buf *buf; /* grows; kept over resets */
    int n_bufs, buf_cap;

    struct dt_tensor nil; /* what failed calls return: never NULL, one element, no gradient */
    dt_real nil_value;

    struct dt_profile_row row[DT_MAX_OP_KINDS];
    int n_rows;
};

/* The tensor whose memory x lives in: views lead back to their source. */
struct dt_tensor *dt_tensor_owner(struct dt_tensor *x);
/* Memory for a node's result, but for a view. False: failed. */
bool dt_node_place(struct dt_node *n);

/* Computes the segment that a node is in once more, unless it is in memory already or the node is in none. Failures are
 * kept in the tape. dt_segment_leave() at the end of a sweep. */
void dt_segment_enter(struct dt_tape *t, int node);
void dt_segment_leave(struct dt_tape *t);

/* Around a node's forward or backward: notes time, work, traffic and reorders where the tape profiles. */
enum dt_profile_part { DT_PROFILE_FORWARD, DT_PROFILE_BACKWARD, DT_PROFILE_AGAIN };
struct dt_profile_mark {
    double start;
    int64_t reorders, reorder_bytes;
};
struct dt_profile_mark dt_profile_begin(const struct dt_tape *t);
void dt_profile_end(struct dt_node *n, struct dt_profile_mark mark, enum dt_profile_part part);
/* Gives a gradient buffer back to the sweep's pool. */
void dt_grad_release(struct dt_tape *t, const void *data);

#endif
