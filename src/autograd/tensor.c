/* tensor: shapes and the packs that hang on weights. */
#include "autograd/op.h"

#include <stdio.h>

int64_t dt_numel(const struct dt_shape *s)
{
    int64_t n = 1;

    for (int i = 0; i < s->rank; i++)
        n *= s->d[i];
    return n;
}

bool dt_shape_equal(const struct dt_shape *a, const struct dt_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->d[i] != b->d[i])
            return false;
    return true;
}

const char *dt_shape_str(const struct dt_shape *s, char buf[64])
{
    size_t at = 0;

    buf[at++] = '[';
    for (int i = 0; i < s->rank && at < 50; i++)
        at += (size_t)snprintf(buf + at, 64 - at, "%s%d", i ? "," : "", s->d[i]);
    snprintf(buf + at, 64 - at, "]");
    return buf;
}

struct dt_shape dt_shape0(void)
{
    return (struct dt_shape){ .rank = 0 };
}

struct dt_shape dt_shape1(int a)
{
    return (struct dt_shape){ .rank = 1, .d = { a } };
}

struct dt_shape dt_shape2(int a, int b)
{
    return (struct dt_shape){ .rank = 2, .d = { a, b } };
}

struct dt_shape dt_shape4(int n, int h, int w, int c)
{
    return (struct dt_shape){ .rank = 4, .d = { n, h, w, c } };
}

bool dt_infer_given(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    char s[64];

    *out = *(const struct dt_shape *)n->attr;
    for (int i = 0; i < out->rank; i++)
        if (out->d[i] < 0)
            return dt_fail(err, DT_ESHAPE, "a side of %s is negative", dt_shape_str(out, s));
    return true;
}

bool dt_infer_same(const struct dt_node *n, struct dt_shape *out, struct dt_err *err)
{
    (void)err;
    *out = n->in[0]->shape;
    return true;
}

int64_t dt_macs_none(const struct dt_node *n)
{
    (void)n;
    return 0;
}

bool dt_fail_shapes(struct dt_err *err, const struct dt_shape *a, const struct dt_shape *b, const char *why)
{
    char as[64], bs[64];

    return dt_fail(err, DT_ESHAPE, "%s does not fit %s: %s", dt_shape_str(a, as), dt_shape_str(b, bs), why);
}
