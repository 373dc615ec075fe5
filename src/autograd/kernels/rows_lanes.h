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

/* Where the activation has a slope: of what goes into it or of what comes out, which is the same. */
static inline M FN(slope)(V v, enum dt_act act)
{
    M on = (M)(v > (V){ 0 });

    if (act == DT_RELU6)
        on &= (M)(v < (V){ 0 } + (dt_real)6);
    return on;
}

static inline unsigned FN(to_bits)(M on)
{
#if defined(__AVX512F__) && LANES == 16
    return _mm512_movepi32_mask((__m512i)on);
#elif defined(__AVX2__) && LANES == 16
    __m256 half[2];

    memcpy(half, &on, sizeof half);
    return (unsigned)_mm256_movemask_ps(half[0]) | (unsigned)_mm256_movemask_ps(half[1]) << 8;
#elif defined(__AVX2__) && LANES == 8
    return (unsigned)_mm256_movemask_ps((__m256)on);
#else
    unsigned bits = 0;

    for (int i = 0; i < LANES; i++)
        bits |= (unsigned)(on[i] & 1) << i;
    return bits;
#endif
}

/* A word is filled from its first bit on. */
static inline void FN(put_bits)(uint16_t *word, int shift, unsigned bits)
{
    *word = (uint16_t)(LANES == 16 || shift == 0 ? bits : *word | bits << shift);
}

/* v in the lanes whose bits are set, else 0 */
static inline V FN(select)(unsigned bits, V v)
{
#if defined(__AVX512F__) && LANES == 16
    return (V)_mm512_maskz_mov_ps((__mmask16)bits, (__m512)v);
#else
    M one;

    for (int i = 0; i < LANES; i++)
        one[i] = (dt_mask)1 << i;
    return (V)((M)v & (M)((((M){ 0 } + (dt_mask)bits) & one) != 0));
#endif
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

/* bits: those of LANES channels from `shift` on, in words that are `words` apart; may be NULL. */
static inline void FN(scale)(const elem *x, const elem *base, int64_t rows, int64_t c, const dt_real *a,
                             const dt_real *b, enum dt_act act, elem *y, uint16_t *bits, int shift, int64_t words)
{
    V va = FN(load)(a), vb = FN(load)(b);

    for (int64_t r = 0; r < rows; r++) {
        V v = va * FN(get)(x + r * c) + vb;

        if (base)
            v += FN(get)(base + r * c);
        FN(set)(y + r * c, FN(activate)(v, act));
        if (bits)
            FN(put_bits)(bits + r * words, shift, FN(to_bits)(FN(slope)(v, act)));
    }
}

/* g of one row, by bits or else by y; kept in `masked` as well where that is asked for. */
static inline V FN(masked)(const elem *dy, const elem *y, const uint16_t *bits, int shift, enum dt_act act,
                           elem *masked)
{
    V g = FN(get)(dy);

    if (bits)
        g = FN(select)((unsigned)*bits >> shift, g);
    else if (act != DT_LINEAR)
        g = (V)((M)g & FN(slope)(FN(get)(y), act));
    if (masked)
        FN(set)(masked, g);
    return g;
}

static inline void FN(grad_stats)(const elem *x, const elem *dy, const elem *y, const uint16_t *bits, int shift,
                                  int64_t words, enum dt_act act, elem *masked, int64_t rows, int64_t step,
                                  const dt_real *mean, dt_real *dg, dt_real *db)
{
    V m = FN(load)(mean), s = FN(load)(db), q = FN(load)(dg);

    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * step;
        V g = FN(masked)(dy + at, y ? y + at : NULL, bits ? bits + r * words : NULL, shift, act,
                         masked ? masked + at : NULL);

        s += g;
        q += g * (FN(get)(x + at) - m);
    }
    FN(store)(db, s);
    FN(store)(dg, q);
}

static inline void FN(grad_input)(const elem *x, const elem *dy, const elem *y, const uint16_t *bits, int shift,
                                  int64_t words, enum dt_act act, int64_t rows, int64_t step, const dt_real *mean,
                                  const dt_real *a, const dt_real *p, const dt_real *q, bool add, elem *dx)
{
    V vm = FN(load)(mean), va = FN(load)(a), vp = FN(load)(p), vq = FN(load)(q);

    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r * step;
        V g = FN(masked)(dy + at, y ? y + at : NULL, bits ? bits + r * words : NULL, shift, act, NULL);

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
    FN(put)(dx, FN(masked)(dy, y, NULL, 0, act, NULL), add);
}

#undef V
#undef M
#undef H
#undef U
#undef FN
