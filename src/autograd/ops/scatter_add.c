/* scatter_add: y = act(base), y[row[i]] = act(base[row[i]] + x[i])   base [m,...]   x [n,...]   rows distinct
 *   g = dy (where y > 0 under ReLU)        dbase = g        dx[i] = g[row[i]] */
#include "autograd/ops/each.h"
#include "autograd/ops/pick.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { BASE, X };

struct attr {
    struct dt_pick pick;
    enum dt_act act;
};

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct attr *a = n->attr;
    struct dt_shape x = n->in[X]->shape;
    char s[64];

    *out = n->in[BASE]->shape;
    if (x.rank == 0 || out->rank == 0 || x.d[0] != a->pick.n)
        return dt_fail(err, DT_ESHAPE, "%d row numbers for the samples of %s", a->pick.n, dt_shape_str(&x, s));
    x.d[0] = out->d[0];
    if (!dt_shape_equal(&x, out))
        return dt_fail_shapes(err, &n->in[X]->shape, out, "the samples' shapes differ");
    return dt_pick_infer(&a->pick, out->d[0], err);
}

/* n->save: for each row of base the sample that is added, -1 for none. */
static bool invert(struct dt_node *n)
{
    const struct dt_pick *p = &((const struct attr *)n->attr)->pick;
    int m = n->in[BASE]->shape.d[0], *sample = dt_node_alloc(n, (size_t)m * sizeof(int));

    n->save = sample;
    if (!sample)
        return false;
    for (int r = 0; r < m; r++)
        sample[r] = -1;
    for (int i = 0; i < p->n; i++) {
        if (sample[p->row[i]] >= 0) {
            dt_node_fail(n, DT_ESHAPE, "row %d is given twice", p->row[i]);
            return false;
        }
        sample[p->row[i]] = i;
    }
    return true;
}

static void add(const dt_real *restrict a, const dt_real *restrict b, int64_t n, dt_real *restrict y)
{
    for (int64_t k = 0; k < n; k++)
        y[k] = a[k] + b[k];
}

static void value(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end)
{
    bool relu = ((const struct attr *)n->attr)->act == DT_RELU;
    int64_t width = dt_shape_sample(&n->out->shape);
    const int *sample = n->save;

    for (int64_t r = begin; r < end; r++) {
        const dt_real *base = n->in[BASE]->data + r * width;
        dt_real *y = to.g + r * width;

        if (sample[r] >= 0)
            add(base, n->in[X]->data + sample[r] * width, width, y);
        else
            memcpy(y, base, (size_t)width * sizeof *y);
        for (int64_t k = 0; relu && k < width; k++)
            y[k] = y[k] < 0 ? 0 : y[k];
    }
}

static void forward(struct dt_node *n)
{
    if (invert(n))
        dt_each_row(n, dt_each_out(n), n->out->shape.d[0], dt_shape_sample(&n->out->shape), value);
}

/* In place: the result's gradient is not needed any more. */
static void mask(struct dt_node *n, struct dt_grad g, int64_t begin, int64_t end)
{
    int64_t width = dt_shape_sample(&n->out->shape);
    const dt_real *restrict y = n->out->data;

    for (int64_t i = begin * width; i < end * width; i++)
        g.g[i] = y[i] > 0 ? g.g[i] : 0;
}

static void slope_x(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const struct attr *a = n->attr;
    int64_t width = dt_shape_sample(&n->out->shape);

    for (int64_t i = begin; i < end; i++) {
        const dt_real *restrict dy = n->out->grad + a->pick.row[i] * width;
        dt_real *restrict g = dx.g + i * width;

        for (int64_t k = 0; k < width; k++)
            g[k] = (dx.add ? g[k] : 0) + dy[k];
    }
}

/* x first: base may take the buffer away. */
static void backward(struct dt_node *n)
{
    const struct attr *a = n->attr;
    int64_t width = dt_shape_sample(&n->out->shape);

    if (a->act == DT_RELU)
        dt_each_row(n, (struct dt_grad){ .g = n->out->grad, .add = false }, n->out->shape.d[0], width, mask);
    dt_each_row(n, dt_grad_in(n, X), a->pick.n, width, slope_x);
    dt_each_pass(n, BASE);
}

const struct dt_op dt_op_scatter_add = {
    .name = "scatter_add",
    .n_in = 2,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

struct dt_tensor *dt_scatter_add(struct dt_tape *t, struct dt_tensor *base, struct dt_tensor *x, const int *row, int n,
                                 enum dt_act act)
{
    DT_ASSERT(act != DT_RELU6);
    return dt_tape_apply(t, &dt_op_scatter_add, 2, (struct dt_tensor *[]){ base, x },
                         &(struct attr){ { n, dt_tape_ints(t, row, n) }, act });
}
