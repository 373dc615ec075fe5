/* profile: time, work and traffic by op kind, over as many steps as it is on. */
#include "autograd/engine.h"
#include "autograd/tape.h"

#include <string.h>

/* NULL when the table is full. */
static struct dt_profile_row *row_of(struct dt_tape *t, const struct dt_op *op)
{
    for (int i = 0; i < t->n_rows; i++)
        if (t->row[i].op == op->name)
            return &t->row[i];
    if (t->n_rows == DT_MAX_OP_KINDS)
        return NULL;
    t->row[t->n_rows] = (struct dt_profile_row){ .op = op->name };
    return &t->row[t->n_rows++];
}

static int64_t bytes_of(const struct dt_tensor *x)
{
    return dt_numel(&x->shape) * (int64_t)dt_dtype_size(x->dtype);
}

/* Operands and results, activations and parameters. */
static int64_t node_bytes(const struct dt_node *n)
{
    int64_t bytes = bytes_of(n->out);

    for (int i = 0; i < n->n_in; i++)
        bytes += n->in[i] ? bytes_of(n->in[i]) : 0;
    return bytes;
}

static int64_t wanted_bytes(const struct dt_node *n)
{
    int64_t bytes = 0;

    for (int i = 0; i < n->n_in; i++)
        bytes += n->in[i] && n->in[i]->wants_grad ? bytes_of(n->in[i]) : 0;
    return bytes;
}

struct dt_profile_mark dt_profile_begin(const struct dt_tape *t)
{
    struct dt_profile_mark mark = { 0 };

    if (!t->profiling)
        return mark;
    if (t->engine) {
        mark.reorders = t->engine->reorders;
        mark.reorder_bytes = t->engine->reorder_bytes;
    }
    mark.start = dt_now();
    return mark;
}

void dt_profile_end(struct dt_node *n, struct dt_profile_mark mark, enum dt_profile_part part)
{
    struct dt_tape *t = n->tape;
    struct dt_profile_row *row = t->profiling ? row_of(t, n->op) : NULL;
    double seconds = t->profiling ? dt_now() - mark.start : 0;

    if (!row)
        return;
    if (part == DT_PROFILE_AGAIN) {
        row->backward_s += seconds;
    } else if (part == DT_PROFILE_BACKWARD) {
        row->backward_s += seconds;
        row->grad_bytes += node_bytes(n) + wanted_bytes(n);
    } else {
        row->forward_s += seconds;
        row->calls++;
        row->macs += n->op->macs(n);
        row->bytes += node_bytes(n);
    }
    if (t->engine) {
        n->reorders += t->engine->reorders - mark.reorders;
        n->reorder_bytes += t->engine->reorder_bytes - mark.reorder_bytes;
        row->reorders += t->engine->reorders - mark.reorders;
    }
}

void dt_tape_profile(struct dt_tape *t, bool on)
{
    if (on && !t->profiling)
        t->n_rows = 0;
    t->profiling = on;
}

int dt_tape_profile_rows(const struct dt_tape *t, struct dt_profile_row *rows, int max)
{
    int n = t->n_rows < max ? t->n_rows : max;

    if (n)
        memcpy(rows, t->row, (size_t)n * sizeof *rows);
    return n;
}
