/* graph: an ONNX graph under construction, all of it in one arena. The first failure sticks, as on a tape. */
#ifndef DT_DEPLOY_GRAPH_H
#define DT_DEPLOY_GRAPH_H

#include <dyntrain/tensor.h>

#include "onnx.pb-c.h"

struct dt_graph {
    struct dt_arena *arena;
    struct dt_err *err;
    Onnx__Graph onnx;
    int node_cap, initializer_cap;
};

/* A node with one output; attributes are added afterwards. NULL: out of memory, kept in err. */
Onnx__Node *dt_graph_node(struct dt_graph *g, const char *op, int n_in, const char *const *in, const char *out);
void dt_graph_int(struct dt_graph *g, Onnx__Node *n, const char *name, int64_t value);
void dt_graph_ints(struct dt_graph *g, Onnx__Node *n, const char *name, int count, const int64_t *value);
/* Named constants; both return the name. Values are copied. */
const char *dt_graph_floats(struct dt_graph *g, const char *name, const struct dt_shape *shape, const dt_real *value);
const char *dt_graph_int64s(struct dt_graph *g, const char *name, int count, const int64_t *value);
/* "n" free, then the sides. */
Onnx__ValueInfo *dt_graph_value(struct dt_graph *g, const char *name, int count, const int64_t *side);
const char *dt_graph_name(struct dt_graph *g, const char *what, int number); /* "what_number" */

/* The model around the graph, as bytes. */
unsigned char *dt_graph_pack(struct dt_graph *g, size_t *size);

#endif
