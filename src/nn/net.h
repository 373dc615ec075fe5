/* net: what owns modules, parameters, buffers and choices. Inside nn only. */
#ifndef DT_NN_NET_H
#define DT_NN_NET_H

#include <dyntrain/nn.h>

enum { DT_TREE_NET, DT_TREE_POLICY, DT_N_TREES };

/* A choice as it was made; dt_net_finish gives it its column in the space. */
struct dt_choice_made {
    struct dt_choice_made *next;
    struct dt_module *owner, *with; /* with: must agree; NULL: free */
    enum dt_choice_kind kind;
    int max;
};

struct dt_net {
    struct dt_arena *arena;
    struct dt_err err; /* the first failure while building */
    uint64_t seed;
    bool finished;
    struct dt_module *root[DT_N_TREES];
    struct dt_choice_made *made;
    struct dt_space space;
    struct dt_shape input;
    /* Flat arrays in walk order; every parameter begins on a 64-byte boundary, the gaps hold zeros for ever. */
    size_t size, n_buffer;
    dt_real *x, *g, *b;
    struct dt_param **param; /* parameters and buffers, walk order */
    int n_params;
    struct dt_tape *dry; /* for dt_cost */
    /* What building calls return after a failure. */
    struct dt_module *dummy;
    struct dt_param dummy_param;
};

/* Writes the first values of a parameter: a pure function of the seed and its number in walk order. (init.c) */
void dt_param_init(struct dt_param *p, uint64_t seed, uint32_t number);

#endif
