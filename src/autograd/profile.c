/* profile: time, work and traffic by op kind, over as many steps as it is on. */
#include "autograd/tape.h"

#include <string.h>

struct dt_profile_row *dt_profile_row_of(struct dt_tape *t, const struct dt_op *op)
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

int64_t dt_node_bytes(const struct dt_node *n)
{
    int64_t bytes = bytes_of(n->out);

    for (int i = 0; i < n->n_in; i++)
        bytes += n->in[i] ? bytes_of(n->in[i]) : 0;
    return bytes;
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
