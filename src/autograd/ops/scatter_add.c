/* scatter_add: y[r] = act(base[r] + the sum of part[row[r]] over the parts that have this row), base NULL: zeros
 *   g = dy (where y > 0 under ReLU)        dbase = g        dpart[i] = g[row[i]] */
#include "autograd/kernels/rows.h"
#include "autograd/ops/each.h"
#include "autograd/ops/pick.h"

#include <dyntrain/ops.h>
#include <string.h>

enum { BASE, PART, MOST_PARTS = 31 /* inputs that a bit of `half` is for, but the base */, BLOCK = 4096 };

struct attr {
    int m, n_parts;
    const struct dt_pick *pick; /* [n_parts] */
    enum dt_act act;
};
struct save {
    int *sample; /* [m][n_parts]: which of the part's samples is added to this row, -1: none */
    int part;    /* whose gradient is being written */
};

static bool infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct attr *a = n->attr;
    char s[64];

    *out = n->in[n->in[BASE] ? BASE : PART]->shape;
    if (out->rank == 0 || (n->in[BASE] && out->d[0] != a->m))
        return dt_fail(err, DT_ESHAPE, "%s does not have %d samples", dt_shape_str(out, s), a->m);
    out->d[0] = a->m;
    for (int i = 0; i < a->n_parts; i++) {
        struct dt_shape x = n->in[PART + i]->shape;

        if (x.rank == 0 || x.d[0] != a->pick[i].n)
            return dt_fail(err, DT_ESHAPE, "%d row numbers for the samples of %s", a->pick[i].n, dt_shape_str(&x, s));
        x.d[0] = a->m;
        if (!dt_shape_equal(&x, out))
            return dt_fail_shapes(err, &n->in[PART + i]->shape, out, "the samples' shapes differ");
        if (!dt_pick_infer(&a->pick[i], a->m, err))
            return false;
    }
    return true;
}

static bool invert(struct dt_node *n)
{
    const struct attr *a = n->attr;
    size_t cells = (size_t)a->m * (size_t)a->n_parts;
    struct save *s = dt_node_alloc(n, sizeof *s);

    n->save = s;
    if (!s)
        return false;
    s->sample = dt_node_alloc(n, cells * sizeof(int) + 1);
    if (!s->sample)
        return false;
    for (size_t i = 0; i < cells; i++)
        s->sample[i] = -1;
    for (int k = 0; k < a->n_parts; k++)
        for (int i = 0; i < a->pick[k].n; i++) {
            int *cell = s->sample + (int64_t)a->pick[k].row[i] * a->n_parts + k;

            if (*cell >= 0) {
                dt_node_fail(n, DT_ESHAPE, "row %d is given twice", a->pick[k].row[i]);
                return false;
            }
            *cell = i;
        }
    return true;
}

/* `len` numbers of row r, from `at` on. */
static void block(const struct dt_node *n, const struct dt_rows_kernel *k, int64_t r, int64_t at, int64_t len, void *y)
{
    static const dt_real zero[BLOCK]; /* of either type */
    const struct attr *a = n->attr;
    const int *sample = ((const struct save *)n->save)->sample + r * a->n_parts;
    int64_t width = dt_shape_sample(&n->out->shape);
    const void *term[MOST_PARTS + 2];
    int terms = 0;

    if (n->in[BASE])
        term[terms++] = dt_at(n->in[BASE], r * width + at);
    for (int i = 0; i < a->n_parts; i++)
        if (sample[i] >= 0)
            term[terms++] = dt_at(n->in[PART + i], sample[i] * width + at);
    while (terms < 2)
        term[terms++] = zero;
    for (int i = 1; i < terms; i++)
        k->add_relu(i == 1 ? term[0] : y, term[i], len, a->act == DT_RELU && i == terms - 1, y);
}

static void value(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end)
{
    const struct dt_rows_kernel *k = dt_rows_kernel(n->out->dtype);
    int64_t width = dt_shape_sample(&n->out->shape);

    for (int64_t r = begin; r < end; r++)
        for (int64_t at = 0; at < width; at += BLOCK)
            block(n, k, r, at, width - at < BLOCK ? width - at : BLOCK, dt_to(to, r * width + at));
}

static void forward(struct dt_node *n)
{
    if (invert(n))
        dt_each_row(n, dt_each_out(n), n->out->shape.d[0], dt_shape_sample(&n->out->shape), value);
}

/* In place: the result's gradient is not needed any more. */
static void mask(struct dt_node *n, struct dt_grad g, int64_t begin, int64_t end)
{
    int64_t width = dt_shape_sample(&n->out->shape), at = begin * width;

    dt_rows_kernel(n->out->dtype)
        ->act_grad(dt_to(g, at), dt_at(n->out, at), (end - begin) * width, DT_RELU, false, dt_to(g, at));
}

static void pass(const struct dt_node *n, int64_t from, struct dt_grad to, int64_t at)
{
    int64_t width = dt_shape_sample(&n->out->shape);
    const void *dy = dt_grad_at(n->out, from * width);
    void *dx = dt_to(to, at * width);

    if (to.add)
        dt_rows_kernel(n->out->dtype)->add_relu(dx, dy, width, false, dx);
    else
        memcpy(dx, dy, (size_t)width * dt_dtype_size(n->out->dtype));
}

static void slope_part(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    const int *row = ((const struct attr *)n->attr)->pick[((const struct save *)n->save)->part].row;

    for (int64_t i = begin; i < end; i++)
        pass(n, row[i], dx, i);
}

static void slope_base(struct dt_node *n, struct dt_grad dx, int64_t begin, int64_t end)
{
    for (int64_t r = begin; r < end; r++)
        pass(n, r, dx, r);
}

/* The parts first: base may take the buffer away. */
static void backward(struct dt_node *n)
{
    const struct attr *a = n->attr;
    struct save *s = n->save;
    int64_t width = dt_shape_sample(&n->out->shape);

    if (a->act == DT_RELU)
        dt_each_row(n, (struct dt_grad){ .g = n->out->grad, .half = n->out->half_grad }, a->m, width, mask);
    for (s->part = 0; s->part < a->n_parts; s->part++)
        dt_each_row(n, dt_grad_in(n, PART + s->part), a->pick[s->part].n, width, slope_part);
    if (n->in[BASE] && !dt_grad_hand_over(n, BASE))
        dt_each_row(n, dt_grad_in(n, BASE), a->m, width, slope_base);
}

const struct dt_op dt_op_scatter_add = {
    .name = "scatter_add",
    .half = 0xffffffff,
    .attr_size = sizeof(struct attr),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .macs = dt_macs_none,
};

static struct dt_tensor *some(struct dt_tape *t, struct dt_tensor *base, int m, const struct dt_scatter *part, int n,
                              enum dt_act act)
{
    struct dt_pick *pick = dt_tape_alloc(t, (size_t)n * sizeof *pick + 1);
    struct dt_tensor *in[MOST_PARTS + 1] = { base };

    if (!pick) /* the tape says why */
        return base ? base : part->x;
    for (int i = 0; i < n; i++) {
        in[PART + i] = part[i].x;
        pick[i] = (struct dt_pick){ part[i].n, dt_tape_ints(t, part[i].row, part[i].n) };
    }
    return dt_tape_apply(t, &dt_op_scatter_add, PART + n, in, &(struct attr){ m, n, pick, act });
}

struct dt_tensor *dt_scatter_sum(struct dt_tape *t, struct dt_tensor *base, int m, const struct dt_scatter *part, int n,
                                 enum dt_act act)
{
    DT_ASSERT(act != DT_RELU6 && (base || n > 0));
    for (; n > MOST_PARTS; part += MOST_PARTS, n -= MOST_PARTS)
        base = some(t, base, m, part, MOST_PARTS, DT_LINEAR);
    return some(t, base, m, part, n, act);
}

struct dt_tensor *dt_scatter_add(struct dt_tape *t, struct dt_tensor *base, struct dt_tensor *x, const int *row, int n,
                                 enum dt_act act)
{
    return dt_scatter_sum(t, base, base->shape.rank ? base->shape.d[0] : 0, &(struct dt_scatter){ x, row, n }, 1, act);
}
