/* The bodies of the row kernels for LANES channels at a time; included once per width, no guard on purpose. Pointers
 * are at the block's first channel; a row is `c` numbers further than the one before. Four accumulators hide the
 * latency of the additions and shorten each chain of roundings. */
#define V DT_PASTE(vec, LANES)
#define M DT_PASTE(mask, LANES)
#define FN(name) DT_PASTE(name, LANES)

typedef dt_real V __attribute__((vector_size(LANES * sizeof(dt_real))));
typedef dt_mask M __attribute__((vector_size(LANES * sizeof(dt_real))));

static inline V FN(load)(const dt_real *p)
{
    V v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline void FN(store)(dt_real *p, V v)
{
    memcpy(p, &v, sizeof v);
}

/* max(0, v); a NaN stays one, so that the finite check sees it */
static inline V FN(rectify)(V v)
{
    return (V)((M)v & ~(M)(v < (V){ 0 }));
}

/* v where y > 0, else 0 */
static inline V FN(where)(V y, V v)
{
    return (V)((M)v & (M)(y > (V){ 0 }));
}

static inline void FN(put)(dt_real *dst, V v, bool add)
{
    FN(store)(dst, add ? FN(load)(dst) + v : v);
}

static void FN(stats)(const dt_real *x, int64_t rows, int64_t c, const dt_real *shift, dt_real *sum, dt_real *sq)
{
    V k = FN(load)(shift), s[4] = { 0 }, q[4] = { 0 };
    int64_t r = 0;

    for (; r + 4 <= rows; r += 4)
        for (int i = 0; i < 4; i++) {
            V d = FN(load)(x + (r + i) * c) - k;

            s[i] += d;
            q[i] += d * d;
        }
    for (; r < rows; r++) {
        V d = FN(load)(x + r * c) - k;

        s[0] += d;
        q[0] += d * d;
    }
    FN(put)(sum, (s[0] + s[1]) + (s[2] + s[3]), true);
    FN(put)(sq, (q[0] + q[1]) + (q[2] + q[3]), true);
}

static void FN(scale)(const dt_real *x, int64_t rows, int64_t c, const dt_real *a, const dt_real *b, bool relu,
                      dt_real *y)
{
    V va = FN(load)(a), vb = FN(load)(b);

    for (int64_t r = 0; r < rows; r++) {
        V v = va * FN(load)(x + r * c) + vb;

        FN(store)(y + r * c, relu ? FN(rectify)(v) : v);
    }
}

static void FN(grad_stats)(const dt_real *x, const dt_real *dy, const dt_real *y, int64_t rows, int64_t c,
                           const dt_real *mean, dt_real *dg, dt_real *db)
{
    V m = FN(load)(mean), s[4] = { 0 }, q[4] = { 0 };
    int64_t r = 0;

    for (; r + 4 <= rows; r += 4)
        for (int i = 0; i < 4; i++) {
            V g = FN(load)(dy + (r + i) * c);

            if (y)
                g = FN(where)(FN(load)(y + (r + i) * c), g);
            s[i] += g;
            q[i] += g * (FN(load)(x + (r + i) * c) - m);
        }
    for (; r < rows; r++) {
        V g = FN(load)(dy + r * c);

        if (y)
            g = FN(where)(FN(load)(y + r * c), g);
        s[0] += g;
        q[0] += g * (FN(load)(x + r * c) - m);
    }
    FN(put)(db, (s[0] + s[1]) + (s[2] + s[3]), true);
    FN(put)(dg, (q[0] + q[1]) + (q[2] + q[3]), true);
}

static void FN(grad_input)(const dt_real *x, const dt_real *dy, const dt_real *y, int64_t rows, int64_t c,
                           const dt_real *mean, const dt_real *a, const dt_real *p, const dt_real *q, bool add,
                           dt_real *dx)
{
    V vm = FN(load)(mean), va = FN(load)(a), vp = FN(load)(p), vq = FN(load)(q);

    for (int64_t r = 0; r < rows; r++) {
        V g = FN(load)(dy + r * c);

        if (y)
            g = FN(where)(FN(load)(y + r * c), g);
        FN(put)(dx + r * c, va * g + (vp * (FN(load)(x + r * c) - vm) + vq), add);
    }
}

static inline void FN(add_relu)(const dt_real *a, const dt_real *b, bool relu, dt_real *y)
{
    V v = FN(load)(a) + FN(load)(b);

    FN(store)(y, relu ? FN(rectify)(v) : v);
}

static inline void FN(relu_grad)(const dt_real *dy, const dt_real *y, bool add, dt_real *dx)
{
    FN(put)(dx, FN(where)(FN(load)(y), FN(load)(dy)), add);
}

#undef V
#undef M
#undef FN
