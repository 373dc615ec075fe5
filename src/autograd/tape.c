/* tape: recording. Define-by-run: an op is checked, computed and noted down at once, so control flow is plain C and the
 * order of the notes is topological. The first failure sticks; what follows does nothing and returns the dummy. */
#include "autograd/tape.h"

#include <limits.h>
#include <string.h>

static struct dt_tape *tape_new(struct dt_engine *e, bool dry, struct dt_err *err)
{
    struct dt_tape *t = dt_calloc(1, sizeof *t);

    if (!t) {
        dt_fail(err, DT_ENOMEM, "out of memory for a tape");
        return NULL;
    }
    t->engine = e;
    t->dry = dry;
    t->nil = (struct dt_tensor){ .shape = dt_shape0(), .data = &t->nil_value };
    t->small = dt_arena_new(256 << 10, err);
    /* large chunks, so that they come in huge pages; a step that repeats touches the same ones */
    t->large = dt_arena_new(dry ? 1 << 12 : 32 << 20, err);
    t->again = dt_arena_new(dry ? 1 << 12 : 32 << 20, err);
    if (!t->small || !t->large || !t->again) {
        dt_tape_free(t);
        return NULL;
    }
    return t;
}

struct dt_tape *dt_tape_new(struct dt_engine *e, struct dt_err *err)
{
    return tape_new(e, false, err);
}

struct dt_tape *dt_tape_new_dry(struct dt_err *err)
{
    return tape_new(NULL, true, err);
}

void dt_tape_free(struct dt_tape *t)
{
    if (!t)
        return;
    dt_arena_free(t->small);
    dt_arena_free(t->large);
    dt_arena_free(t->again);
    dt_free(t->segment);
    dt_free(t->node);
    dt_free(t->mark);
    dt_free(t->buf);
    dt_free(t);
}

void dt_tape_reset(struct dt_tape *t)
{
    dt_arena_reset(t->small);
    dt_arena_reset(t->large);
    dt_arena_reset(t->again);
    t->n_nodes = t->n_marks = t->n_bufs = t->n_segments = t->depth = 0;
    t->no_grad = t->in_segment = t->again_now = false;
    t->err = (struct dt_err){ 0 };
}

const struct dt_err *dt_tape_err(const struct dt_tape *t)
{
    return &t->err;
}

bool dt_tape_dry(const struct dt_tape *t)
{
    return t->dry;
}

struct dt_engine *dt_tape_engine(const struct dt_tape *t)
{
    return t->engine;
}

void dt_tape_no_grad(struct dt_tape *t, bool off)
{
    t->no_grad = off;
}

void dt_tape_precision(struct dt_tape *t, enum dt_dtype dtype)
{
    t->precision = dtype;
}

enum dt_dtype dt_tape_dtype(const struct dt_tape *t)
{
    return t->precision;
}

size_t dt_tape_peak(const struct dt_tape *t)
{
    return dt_arena_peak(t->small) + dt_arena_peak(t->large) + dt_arena_peak(t->again);
}

static const char *scope(const struct dt_tape *t)
{
    return t->depth ? t->scope[t->depth - 1] : "";
}

static bool note_failure(struct dt_tape *t, const char *where, enum dt_code code, const char *fmt, va_list args)
{
    char msg[sizeof t->err.msg];

    vsnprintf(msg, sizeof msg, fmt, args);
    return dt_fail(&t->err, code, "%s%s%s", where, *where ? ": " : "", msg);
}

struct dt_tensor *dt_tape_fail(struct dt_tape *t, enum dt_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note_failure(t, scope(t), code, fmt, args);
    va_end(args);
    return &t->nil;
}

void dt_node_fail(struct dt_node *n, enum dt_code code, const char *fmt, ...)
{
    char where[256];
    va_list args;

    snprintf(where, sizeof where, "%s%s%s", n->scope, *n->scope ? ": " : "", n->op->name);
    va_start(args, fmt);
    note_failure(n->tape, where, code, fmt, args);
    va_end(args);
}

void dt_tape_push(struct dt_tape *t, const char *name)
{
    const char *path = name;

    if (t->err.code)
        return;
    if (t->depth == DT_MAX_DEPTH) {
        dt_tape_fail(t, DT_ESHAPE, "modules nested deeper than %d", DT_MAX_DEPTH);
        return;
    }
    if (t->depth) {
        path = dt_arena_printf(t->small, "%s/%s", scope(t), name);
        if (!path) {
            dt_tape_fail(t, DT_ENOMEM, "out of memory");
            return;
        }
    }
    t->scope[t->depth++] = path;
}

void dt_tape_pop(struct dt_tape *t)
{
    if (t->err.code)
        return;
    DT_ASSERT(t->depth > 0);
    t->depth--;
}

void *dt_tape_alloc(struct dt_tape *t, size_t bytes)
{
    void *p = t->err.code ? NULL : dt_arena_alloc(bytes < 4096 ? t->small : t->large, bytes);

    if (!p)
        dt_tape_fail(t, DT_ENOMEM, "out of memory for %zu bytes", bytes);
    return p;
}

void *dt_node_alloc(struct dt_node *n, size_t bytes)
{
    struct dt_tape *t = n->tape;
    struct dt_arena *a = t->in_segment || t->again_now ? t->again : bytes < 4096 ? t->small : t->large;
    void *p = t->err.code ? NULL : dt_arena_alloc(a, bytes);

    if (!p)
        dt_node_fail(n, DT_ENOMEM, "out of memory for %zu bytes", bytes);
    return p;
}

/* A tensor header in the tape; its data is the caller's business. */
static struct dt_tensor *tensor_new(struct dt_tape *t, struct dt_shape shape)
{
    struct dt_tensor *x = t->err.code ? NULL : dt_arena_calloc(t->small, 1, sizeof *x);

    if (!x)
        return dt_tape_fail(t, DT_ENOMEM, "out of memory");
    x->shape = shape;
    return x;
}

struct dt_tensor *dt_tape_leaf(struct dt_tape *t, struct dt_shape shape, const dt_real *data)
{
    struct dt_tensor *x = tensor_new(t, shape);

    DT_ASSERT(data || t->dry || t->err.code);
    if (x != &t->nil)
        memcpy(&x->data, &data, sizeof data); /* borrowed: no op writes to a leaf but batch norm's running statistics */
    return x;
}

/* The product of the sides in bytes; false when it does not fit, which no real network reaches. */
static bool shape_bytes(const struct dt_shape *s, enum dt_dtype dtype, size_t *bytes)
{
    *bytes = dt_dtype_size(dtype);
    for (int i = 0; i < s->rank; i++)
        if (s->d[i] < 0 || !dt_mul_size(*bytes, (size_t)s->d[i], bytes))
            return false;
    return *bytes <= PTRDIFF_MAX;
}

static struct dt_node *node_new(struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor *const *in,
                                const void *attr)
{
    struct dt_node *n = dt_arena_calloc(t->small, 1, sizeof *n);

    if (!n)
        return NULL;
    n->op = op;
    n->tape = t;
    n->n_in = n_in;
    n->scope = scope(t);
    n->in = dt_arena_alloc(t->small, (size_t)n_in * sizeof(struct dt_tensor *) + 1);
    if (!n->in)
        return NULL;
    if (n_in)
        memcpy(n->in, in, (size_t)n_in * sizeof(struct dt_tensor *));
    if (op->attr_size) {
        n->attr = dt_arena_alloc(t->small, op->attr_size);
        if (!n->attr)
            return NULL;
        memcpy(n->attr, attr, op->attr_size);
    }
    return n;
}

static bool node_room(struct dt_tape *t)
{
    int cap = t->cap ? 2 * t->cap : 256;
    struct dt_node **grown;

    if (t->n_nodes < t->cap)
        return true;
    grown = dt_realloc(t->node, (size_t)cap * sizeof(struct dt_node *));
    if (!grown)
        return false;
    t->node = grown;
    t->cap = cap;
    return true;
}

struct dt_tensor *dt_tensor_owner(struct dt_tensor *x)
{
    while (x->node && (x->node->op->flags & DT_OP_ALIAS))
        x = x->node->in[0];
    return x;
}

static void note_use(const struct dt_node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        struct dt_tensor *x = n->in[i] ? dt_tensor_owner(n->in[i]) : NULL;

        if (x && x->node)
            x->node->last_use = n->index;
    }
}

static bool wants_grad(const struct dt_node *n)
{
    if (n->tape->no_grad || (n->op->flags & DT_OP_NONDIFF))
        return false;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] && n->in[i]->wants_grad)
            return true;
    return false;
}

bool dt_node_place(struct dt_node *n)
{
    size_t bytes;
    void *p;

    if (!shape_bytes(&n->out->shape, n->out->dtype, &bytes)) {
        dt_node_fail(n, DT_ENOMEM, "result too large to address");
        return false;
    }
    if (n->op->flags & DT_OP_ALIAS)
        return true;
    p = dt_node_alloc(n, bytes);
    if (n->out->dtype == DT_BF16)
        n->out->half = p;
    else
        n->out->data = p;
    return p != NULL;
}

static void compute(struct dt_node *n)
{
    struct dt_profile_mark mark = dt_profile_begin(n->tape);

    n->op->forward(n);
    dt_profile_end(n, mark, DT_PROFILE_FORWARD);
}

struct dt_tensor *dt_tape_apply(struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor *const *in,
                                const void *attr)
{
    enum dt_dtype dtype = DT_REAL_DTYPE;
    struct dt_err why = { 0 };
    struct dt_shape shape = { 0 };
    struct dt_node *n;

    if (t->err.code)
        return &t->nil;
    n = node_new(t, op, n_in, in, attr);
    if (!n)
        return dt_tape_fail(t, DT_ENOMEM, "%s: out of memory", op->name);
    if (!dt_half_inputs(t, op, n_in, n->in, &dtype))
        return &t->nil;
    if (!node_room(t)) /* after the casts, which are nodes themselves */
        return dt_tape_fail(t, DT_ENOMEM, "%s: out of memory", op->name);
    n->index = t->n_nodes; /* behind the casts */
    if (!op->infer(n, &shape, &why)) {
        dt_node_fail(n, why.code, "%s", why.msg);
        return &t->nil;
    }
    n->out = tensor_new(t, shape);
    if (t->err.code)
        return &t->nil;
    n->out->node = n;
    n->out->dtype = dtype;
    n->out->wants_grad = wants_grad(n);
    if (!t->dry) {
        if (!dt_node_place(n))
            return &t->nil;
        compute(n);
        if (t->err.code)
            return &t->nil;
    }
    n->last_use = n->index;
    note_use(n);
    DT_ASSERT(t->n_nodes < t->cap);
    t->node[t->n_nodes++] = n;
    return n->out;
}
