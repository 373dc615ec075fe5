/* pick: rows of a tensor by number. A row may be picked more than once: its gradients add up in the order of the picks,
 * so threads share the work by column. */
#include "autograd/ops/pick.h"

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
        memcpy(y.g + i * width, n->in[0]->data + p->row[i] * width, (size_t)width * sizeof(dt_real));
}

/* Columns [begin, end) of all rows. */
static void slope(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct dt_pick *p = n->attr;
    int64_t width = dt_shape_sample(&n->out->shape);

    for (int64_t r = 0; !dx.add && r < n->in[0]->shape.d[0]; r++)
        memset(dx.g + r * width + begin, 0, (size_t)(end - begin) * sizeof(dt_real));
    for (int i = 0; i < p->n; i++) {
        const dt_real *restrict dy = n->out->grad + i * width;
        dt_real *restrict g = dx.g + p->row[i] * width;

        for (int64_t k = begin; k < end; k++)
            g[k] += dy[k];
    }
}

void dt_pick_forward(struct dt_node *n)
{
    const struct dt_pick *p = n->attr;

    dt_each_row(n, dt_each_out(n), p->n, dt_shape_sample(&n->out->shape), value);
}

void dt_pick_backward(struct dt_node *n)
{
    const struct dt_pick *p = n->attr;

    dt_each_row(n, dt_grad_in(n, 0), dt_shape_sample(&n->out->shape), p->n, slope);
}
