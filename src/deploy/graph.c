/* graph: ONNX messages made one by one. */
#include "deploy/graph.h"

#include <string.h>

enum { IR_VERSION = 8, OPSET = 13 };

static void *take(struct dt_graph *g, size_t count, size_t size)
{
    void *p = g->err->code ? NULL : dt_arena_calloc(g->arena, count + 1, size);

    if (!p)
        dt_fail(g->err, DT_ENOMEM, "out of memory for an ONNX model");
    return p;
}

/* protobuf-c has no const. */
static char *text(struct dt_graph *g, const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = take(g, n, 1);

    return copy ? memcpy(copy, s, n) : NULL;
}

/* One more pointer at the end of a list that doubles; true when there is room. */
static bool room(struct dt_graph *g, void ***list, size_t n, int *cap)
{
    void **bigger;

    if ((int)n < *cap)
        return true;
    bigger = take(g, 2 * n + 64, sizeof *bigger);
    if (!bigger)
        return false;
    if (n)
        memcpy(bigger, *list, n * sizeof *bigger);
    *list = bigger;
    *cap = (int)(2 * n + 64);
    return true;
}

Onnx__Node *dt_graph_node(struct dt_graph *g, const char *op, int n_in, const char *const *in, const char *out)
{
    enum { MOST_ATTRIBUTES = 8 };
    Onnx__Node *n = take(g, 1, sizeof *n);
    void **list = (void **)g->onnx.node;

    if (!n || !room(g, &list, g->onnx.n_node, &g->node_cap))
        return NULL;
    onnx__node__init(n);
    g->onnx.node = (Onnx__Node **)list;
    g->onnx.node[g->onnx.n_node++] = n;
    n->name = text(g, out);
    n->op_type = text(g, op);
    n->input = take(g, (size_t)n_in, sizeof *n->input);
    n->output = take(g, 1, sizeof *n->output);
    n->attribute = take(g, MOST_ATTRIBUTES, sizeof *n->attribute);
    if (!n->input || !n->output || !n->attribute)
        return NULL;
    for (int i = 0; i < n_in; i++)
        n->input[n->n_input++] = text(g, in[i]);
    n->output[n->n_output++] = text(g, out);
    return g->err->code ? NULL : n;
}

static Onnx__Attribute *attribute(struct dt_graph *g, Onnx__Node *n, const char *name, Onnx__Attribute__Type type)
{
    Onnx__Attribute *a = n ? take(g, 1, sizeof *a) : NULL;

    if (!a)
        return NULL;
    onnx__attribute__init(a);
    a->name = text(g, name);
    a->has_type = 1;
    a->type = type;
    n->attribute[n->n_attribute++] = a;
    return a;
}

void dt_graph_int(struct dt_graph *g, Onnx__Node *n, const char *name, int64_t value)
{
    Onnx__Attribute *a = attribute(g, n, name, ONNX__ATTRIBUTE__TYPE__INT);

    if (!a)
        return;
    a->has_i = 1;
    a->i = value;
}

void dt_graph_ints(struct dt_graph *g, Onnx__Node *n, const char *name, int count, const int64_t *value)
{
    Onnx__Attribute *a = attribute(g, n, name, ONNX__ATTRIBUTE__TYPE__INTS);
    int64_t *copy = a ? take(g, (size_t)count, sizeof *copy) : NULL;

    if (!copy)
        return;
    memcpy(copy, value, (size_t)count * sizeof *copy);
    a->ints = copy;
    a->n_ints = (size_t)count;
}

/* ---- constants ---- */
static const char *constant(struct dt_graph *g, const char *name, int rank, const int *side, int32_t type,
                            const void *value, size_t bytes)
{
    Onnx__Tensor *t = take(g, 1, sizeof *t);
    void **list = (void **)g->onnx.initializer;

    if (!t || !room(g, &list, g->onnx.n_initializer, &g->initializer_cap))
        return name;
    onnx__tensor__init(t);
    g->onnx.initializer = (Onnx__Tensor **)list;
    g->onnx.initializer[g->onnx.n_initializer++] = t;
    t->name = text(g, name);
    t->has_data_type = t->has_raw_data = 1;
    t->data_type = type;
    t->dims = take(g, (size_t)rank, sizeof *t->dims);
    t->raw_data.data = take(g, bytes, 1);
    if (!t->dims || !t->raw_data.data)
        return name;
    t->n_dims = (size_t)rank;
    for (int i = 0; i < rank; i++)
        t->dims[i] = side[i];
    t->raw_data.len = bytes;
    memcpy(t->raw_data.data, value, bytes);
    return name;
}

const char *dt_graph_floats(struct dt_graph *g, const char *name, const struct dt_shape *shape, const dt_real *value)
{
    return constant(g, name, shape->rank, shape->d, ONNX__TENSOR__TYPE__FLOAT, value,
                    (size_t)dt_numel(shape) * sizeof *value);
}

const char *dt_graph_int64s(struct dt_graph *g, const char *name, int count, const int64_t *value)
{
    return constant(g, name, 1, &count, ONNX__TENSOR__TYPE__INT64, value, (size_t)count * sizeof *value);
}

const char *dt_graph_name(struct dt_graph *g, const char *what, int number)
{
    const char *name = g->err->code ? NULL : dt_arena_printf(g->arena, "%s_%d", what, number);

    if (!name)
        dt_fail(g->err, DT_ENOMEM, "out of memory for an ONNX model");
    return name ? name : "";
}

/* ---- what goes in and out ---- */
Onnx__ValueInfo *dt_graph_value(struct dt_graph *g, const char *name, int count, const int64_t *side)
{
    Onnx__ValueInfo *v = take(g, 1, sizeof *v);
    Onnx__ValueType *type = take(g, 1, sizeof *type);
    Onnx__ValueType__TensorType *tensor = take(g, 1, sizeof *tensor);
    Onnx__Shape *shape = take(g, 1, sizeof *shape);
    Onnx__Shape__Dimension *dim = take(g, (size_t)count + 1, sizeof *dim);

    if (!v || !type || !tensor || !shape || !dim)
        return NULL;
    onnx__value_info__init(v);
    onnx__value_type__init(type);
    onnx__value_type__tensor_type__init(tensor);
    onnx__shape__init(shape);
    v->name = text(g, name);
    v->type = type;
    type->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = ONNX__TENSOR__TYPE__FLOAT;
    tensor->shape = shape;
    shape->dim = take(g, (size_t)count + 1, sizeof *shape->dim);
    for (int i = 0; i <= count && shape->dim; i++) {
        onnx__shape__dimension__init(&dim[i]);
        dim[i].dim_param = i ? NULL : text(g, "n");
        dim[i].has_dim_value = i > 0;
        dim[i].dim_value = i ? side[i - 1] : 0;
        shape->dim[shape->n_dim++] = &dim[i];
    }
    return g->err->code ? NULL : v;
}

unsigned char *dt_graph_pack(struct dt_graph *g, size_t *size)
{
    Onnx__Model model = ONNX__MODEL__INIT;
    Onnx__OperatorSet set = ONNX__OPERATOR_SET__INIT, *sets = &set;
    unsigned char *bytes;

    set.domain = text(g, "");
    set.has_version = model.has_ir_version = 1;
    set.version = OPSET;
    model.ir_version = IR_VERSION;
    model.producer_name = text(g, "dyntrain");
    model.producer_version = text(g, DT_VERSION);
    model.doc_string = text(g, "image: [n,c,h,w], normalised as in training; logits: before softmax");
    model.graph = &g->onnx;
    model.opset_import = &sets;
    model.n_opset_import = 1;
    if (g->err->code)
        return NULL;
    *size = onnx__model__get_packed_size(&model);
    bytes = take(g, *size, 1);
    if (bytes)
        onnx__model__pack(&model, bytes);
    return bytes;
}
