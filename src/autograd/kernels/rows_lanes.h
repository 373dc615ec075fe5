/* The bodies of the row kernels for LANES channels at a time; included once per width, no guard on purpose. Pointers
 * are at the block's first channel; a row is `step` numbers further than the one before. */
#define V DT_PASTE(vec, LANES)
#define M DT_PASTE(mask, LANES)
#define H DT_PASTE(halves, LANES)
#define U DT_PASTE(words, LANES)
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

#if DT_ROWS_HALF
typedef dt_bf16 H __attribute__((vector_size(LANES * sizeof(dt_bf16))));
typedef uint32_t U __attribute__((vector_size(LANES * sizeof(uint32_t))));

static inline V FN(get)(const elem *p)
{
    H h;

    memcpy(&h, p, sizeof h);
    return (V)(__builtin_convertvector(h, U) << 16);
}

/* To nearest, ties to even. A NaN of the processor's making (0x7fc00000 with either sign) stays one. */
static inline void FN(set)(elem *p, V v)
{
    U u = (U)v;
    H h = __builtin_convertvector((u + 0x7fff + (u >> 16 & 1)) >> 16, H);

    memcpy(p, &h, sizeof h);
}
#else
static inline V FN(get)(const elem *p)
{
    return FN(load)(p);
}

static inline void FN(set)(elem *p, V v)
{
    FN(store)(p, v);
}
#endif

/* max(0, v); a NaN stays one, so that the finite check sees it */
static inline V FN(rectify)(V v)
{
    return (V)((M)v & ~(M)(v < (V){ 0 }));
}

static inline V FN(activate)(V v, enum dt_act act)
{
    V six = (V){ 0 } + (dt_real)6;
    M over = (M)(v > six);

    if (act == DT_LINEAR)
        return v;
    if (act == DT_RELU6)
        v = (V)(((M)six & over) | ((M)v & ~over));
    return FN(rectify)(v);
}

/* v where the activation that gave y has a slope, else 0 */
static inline V FN(where)(V y, V v, enum dt_act act)
{
    M on = (M)(y > (V){ 0 });

    if (act == DT_RELU6)
        on &= (M)(y < (V){ 0 } + (dt_real)6);
    return (V)((M)v & on);
}

static inline void FN(put)(elem *dst, V v, bool add)
{
    FN(set)(dst, add ? FN(get)(dst) + v : v);
}

static inline void FN(stats)(const elem *x, int64_t rows, int64_t step, const dt_real *shift, dt_real *sum, dt_real *sq)
{
    V k = FN(load)(shift), s = FN(load)(sum), q = FN(load)(sq);

    for (int64_t r = 0; r < rows; r++) {
        V d = FN(get)(x + r * step) - k;

        s += d;
        q += d * d;
    }
    FN(store)(sum, s);
    FN(store)(sq, q);
}

static inline void FN(scale)(const elem *x, const elem *base, int64_t rows, int64_t c, const dt_real *a,
                             const dt_real *b, enum dt_act act, elem *y)
{
    V va = FN(load)(a), vb = FN(load)(b);

    for (int64_t r = 0; r < rows; r++) {
        V v = va * FN(get)(x + r * c) + vb;

        if (base)
            v += FN(get)(base + r * c);
        FN(set)(y + r * c, FN(activate)(v, act));
    }
}

/* g of one row; kept in `masked` as well where that is asked for. */
static inline V FN(masked)(const elem *dy, const elem *y, enum dt_act act, elem *masked)
{
    V g = FN(get)(dy);

    if (act != DT_LINEAR)
        g = FN(where)(FN(get)(y), g, act);
    if (masked)
        FN(set)(masked, g);
    return g;
}

static inline void FN(grad_stats)(const elem *x, const elem *dy, const elem *y, enum dt_act act, elem *masked,
                                  int64_t rows, int64_t step, const dt_real *mean, dt_real *dg, dt_real *db)
{
    V m = FN(load)(mean), s = FN(load)(db), q = FN(load)(dg);

    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * step;
        V g = FN(masked)(dy + at, y ? y + at : NULL, act, masked ? masked + at : NULL);

        s += g;
        q += g * (FN(get)(x + at) - m);
    }
    FN(store)(db, s);
    FN(store)(dg, q);
}

static inline void FN(grad_input)(const elem *x, const elem *dy, const elem *y, enum dt_act act, int64_t rows,
                                  int64_t step, const dt_real *mean, const dt_real *a, const dt_real *p,
                                  const dt_real *q, bool add, elem *dx)
{
    V vm = FN(load)(mean), va = FN(load)(a), vp = FN(load)(p), vq = FN(load)(q);

    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * step;
        V g = FN(masked)(dy + at, y ? y + at : NULL, act, NULL);

        FN(put)(dx + at, va * g + (vp * (FN(get)(x + at) - vm) + vq), add);
    }
}

static inline void FN(add_relu)(const elem *a, const elem *b, bool relu, elem *y)
{
    V v = FN(get)(a) + FN(get)(b);

    FN(set)(y, relu ? FN(rectify)(v) : v);
}

static inline void FN(act_grad)(const elem *dy, const elem *y, enum dt_act act, bool add, elem *dx)
{
    FN(put)(dx, FN(masked)(dy, y, act, NULL), add);
}

#undef V
#undef M
#undef H
#undef U
#undef FN
