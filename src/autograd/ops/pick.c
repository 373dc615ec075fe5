/* pick: rows of a tensor by number. A row may be picked more than once: its gradients add up in the order of the picks,
 * whatever the number of threads. */
#include "autograd/ops/pick.h"

#include "autograd/kernels/rows.h"
#include "autograd/ops/each.h"

#include <string.h>

bool dt_pick_infer(const struct dt_pick *p, int limit, struct dt_err *err)
{
    for (int i = 0; p->row && i < p->n; i++)
        if (p->row[i] < 0 || p->row[i] >= limit)
            return dt_fail(err, DT_ESHAPE, "row %d (number %d of %d) is not in 0..%d", p->row[i], i, p->n, limit - 1);
    return true;
}

static void value(struct dt_node *n, struct dt_grad y, int64_t begin, int64_t end)
{
    const struct dt_pick *p = n->attr;
    int64_t width = dt_shape_sample(&n->out->shape);

    for (int64_t i = begin; i < end; i++)
        memcpy(dt_to(y, i * width), dt_at(n->in[0], p->row[i] * width), (size_t)width * dt_dtype_size(n->out->dtype));
}

void dt_pick_forward(struct dt_node *n)
{
    const struct dt_pick *p = n->attr;

    dt_each_row(n, dt_each_out(n), p->n, dt_shape_sample(&n->out->shape), value);
}

/* n->save: next[r], the first pick of row r, and behind the rows next[rows + i], the one after pick i; -1: none. */
static bool list_picks(struct dt_node *n)
{
    const struct dt_pick *p = n->attr;
    int rows = n->in[0]->shape.d[0], *next = dt_node_alloc(n, (size_t)(rows + p->n) * sizeof(int) + 1);

    n->save = next;
    if (!next)
        return false;
    for (int i = 0; i < rows + p->n; i++)
        next[i] = -1;
    for (int i = p->n - 1; i >= 0; i--) { /* from behind, so that a list begins with its first */
        next[rows + i] = next[p->row[i]];
        next[p->row[i]] = i;
    }
    return true;
}

/* Rows of the input. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct dt_rows_kernel *k = dt_rows_kernel(n->out->dtype);
    const int *next = n->save, rows = n->in[0]->shape.d[0];
    int64_t width = dt_shape_sample(&n->out->shape);
    size_t bytes = (size_t)width * dt_dtype_size(n->out->dtype);

    for (int64_t r = begin; r < end; r++) {
        void *to = dt_to(dx, r * width);
        bool add = dx.add;

        if (!add && next[r] < 0)
            memset(to, 0, bytes);
        for (int i = next[r]; i >= 0; i = next[rows + i], add = true)
            if (add)
                k->add_relu(to, dt_grad_at(n->out, i * width), width, false, to);
            else
                memcpy(to, dt_grad_at(n->out, i * width), bytes);
    }
}

void dt_pick_backward(struct dt_node *n)
{
    struct dt_grad dx = dt_grad_in(n, 0);

    if (dt_wanted(dx) && list_picks(n))
        dt_each_row(n, dx, n->in[0]->shape.d[0], dt_shape_sample(&n->out->shape), slope);
}
