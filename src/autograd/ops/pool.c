/* pool: the geometry average and max pooling share. */
#include "autograd/ops/pool.h"

#include "autograd/ops/each.h"

/* Windows along a side. */
static int count(const struct dt_pool *p, int side)
{
    int room = side + 2 * p->pad - p->size, n = room / p->stride + 1;

    return p->ceil && room % p->stride && n * p->stride < side + p->pad ? n + 1 : n;
}

bool dt_pool_infer(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    const struct dt_pool *p = n->attr;
    const struct dt_shape *x = &n->in[0]->shape;
    char s[64];

    if (!dt_infer_rank(x, 4, "[n,h,w,c]", err))
        return false;
    if (p->size < 1 || p->stride < 1)
        return dt_fail(err, DT_ESHAPE, "size %d and stride %d must be at least 1", p->size, p->stride);
    if (p->pad < 0 || p->pad > p->size / 2) /* as PyTorch: else a window could see padding alone */
        return dt_fail(err, DT_ESHAPE, "padding %d is not in 0..%d, half the size", p->pad, p->size / 2);
    if (x->d[1] < 1 || x->d[2] < 1 || x->d[1] > INT32_MAX / 2 / x->d[2] || x->d[1] + 2 * p->pad < p->size ||
        x->d[2] + 2 * p->pad < p->size)
        return dt_fail(err, DT_ESHAPE, "a window of %d does not fit %s", p->size, dt_shape_str(x, s));
    *out = *x;
    out->d[1] = count(p, x->d[1]);
    out->d[2] = count(p, x->d[2]);
    return true;
}

static void span(const struct dt_pool *p, int o, int limit, int *begin, int *end)
{
    int from = o * p->stride - p->pad, to = from + p->size;

    *begin = from > 0 ? from : 0;
    *end = to < limit ? to : limit;
}

struct dt_window dt_pool_window(const struct dt_node *n, int oy, int ox)
{
    struct dt_window w;

    span(n->attr, oy, n->in[0]->shape.d[1], &w.y0, &w.y1);
    span(n->attr, ox, n->in[0]->shape.d[2], &w.x0, &w.x1);
    return w;
}
