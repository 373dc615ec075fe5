/* Lines, and the padded copies of an image that consist of them. A part of prefix_isa.c. */

INLINE V load(const void *p)
{
    V v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(void *p, V v)
{
    memcpy(p, &v, sizeof v);
}

/* max(0, v); a NaN stays one, so that the finite check sees it */
INLINE V rectify(V v)
{
    return (V)((U)v & ~(U)(v < (V){ 0 }));
}

INLINE V from_bf16(H h)
{
    return (V)(__builtin_convertvector(h, U) << 16);
}

/* To the nearest, ties to even; a NaN stays one. */
INLINE H to_bf16(V v)
{
#ifdef __AVX512BF16__
    return (H)_mm512_cvtneps_pbh((__m512)v);
#else
    U u = (U)v, nan = (U)(v != v);

    return __builtin_convertvector((((u + 0x7fff + (u >> 16 & 1)) & ~nan) | ((u | 0x400000) & nan)) >> 16, H);
#endif
}

INLINE float one_from_bf16(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

INLINE uint16_t one_to_bf16(float f)
{
    return to_bf16((V){ 0 } + f)[0];
}

/* The columns [*lo, *hi) of a plane that lie in the image. */
INLINE void valid_columns(const struct dt_prefix_copy *c, int plane, int *lo, int *hi)
{
    int first = c->col0 + plane, n = c->w - first; /* columns j with 0 <= first + j step < w */

    *lo = first < 0 ? (-first + c->col_step - 1) / c->col_step : 0;
    *hi = n > 0 ? (n + c->col_step - 1) / c->col_step : 0;
    *hi = *hi < c->cols ? *hi : c->cols;
    *lo = *lo < *hi ? *lo : *hi;
}

/* max(0, a x + b) of LANES channels, where asked for */
INLINE V before(const struct dt_prefix_copy *c, int channel, V x)
{
    x = load(c->scale + channel) * x + load(c->shift + channel);
    return c->relu ? rectify(x) : x;
}

/* A whole line of fp32 or bf16, rescaled or as it is */
INLINE void copy_line(const struct dt_prefix_copy *c, bool bf16, int channel, const char *src, char *dst)
{
    if (!c->scale) {
        UNROLL for (int v = 0; v < NV; v++) store(dst + v * sizeof(V), load(src + v * sizeof(V)));
    } else if (!bf16) {
        UNROLL for (int v = 0; v < NV; v++)
            store(dst + v * sizeof(V), before(c, channel + v * LANES, load(src + v * sizeof(V))));
    } else {
        UNROLL for (int v = 0; v < 2 * NV; v++)
        {
            H h;

            memcpy(&h, src + v * sizeof h, sizeof h);
            h = to_bf16(before(c, channel + v * LANES, from_bf16(h)));
            memcpy(dst + v * sizeof h, &h, sizeof h);
        }
    }
}

/* The last, incomplete block of channels, n of them */
struct tail {
    float scale[2 * DT_PREFIX_WORDS], shift[2 * DT_PREFIX_WORDS];
    struct dt_prefix_copy copy; /* with these */
    U keep[NV];                 /* bits of a line that are there */
    size_t bytes;
};

static void tail_of(const struct dt_prefix_copy *c, bool bf16, int channel, struct tail *t)
{
    size_t n = (size_t)(c->channels - channel);
    uint8_t keep[DT_PREFIX_LINE] = { 0 };

    memset(t, 0, sizeof *t);
    t->copy = *c;
    t->bytes = n * (bf16 ? 2 : 4);
    memset(keep, 0xff, t->bytes);
    memcpy(t->keep, keep, sizeof keep);
    if (c->scale) {
        memcpy(t->scale, c->scale + channel, n * sizeof *t->scale);
        memcpy(t->shift, c->shift + channel, n * sizeof *t->shift);
        t->copy.scale = t->scale;
        t->copy.shift = t->shift;
    }
}

/* `room`: a whole line may be read, though only its beginning counts. */
INLINE void copy_tail(const struct tail *t, bool bf16, bool room, const char *src, char *dst)
{
    char line[DT_PREFIX_LINE] = { 0 };

    if (!room)
        src = memcpy(line, src, t->bytes);
    copy_line(&t->copy, bf16, 0, src, dst);
    UNROLL for (int v = 0; v < NV; v++) store(dst + v * sizeof(V), (V)((U)load(dst + v * sizeof(V)) & t->keep[v]));
}

/* One row of one plane and block: n columns */
INLINE void copy_row(const struct dt_prefix_copy *c, bool bf16, int channel, const struct tail *tail, int n,
                     const char *src, char *dst)
{
    size_t step = (size_t)c->col_step * c->pixel;

    if (!tail)
        for (int j = 0; j < n; j++, src += step, dst += DT_PREFIX_LINE)
            copy_line(c, bf16, channel, src, dst);
    else
        for (int j = 0; j < n; j++, src += step, dst += DT_PREFIX_LINE)
            copy_tail(tail, bf16, c->end - src >= DT_PREFIX_LINE, src, dst);
}

/* Zero lines: a call of memset for a line or two takes longer. */
INLINE void clear(char *dst, int lines)
{
    for (int k = 0; k < lines * NV; k++)
        store(dst + (size_t)k * sizeof(V), (V){ 0 });
}

INLINE void copy(const struct dt_prefix_copy *c, bool bf16)
{
    int per = bf16 ? 2 * DT_PREFIX_WORDS : DT_PREFIX_WORDS;
    size_t plane_bytes = (size_t)c->cols * DT_PREFIX_LINE;
    struct tail tail;

    if (c->channels % per)
        tail_of(c, bf16, c->channels / per * per, &tail);
    for (int p = 0; p < c->planes; p++) {
        int lo, hi;
        ptrdiff_t first;

        valid_columns(c, p, &lo, &hi);
        first = (c->col0 + p + lo * c->col_step) * (ptrdiff_t)c->pixel;
        for (int channel = 0, block = 0; channel < c->channels; channel += per, block++)
            for (int r = 0; r < c->rows; r++) {
                int row = c->row0 + r * c->row_step;
                char *dst = c->dst + (size_t)block * c->block + (size_t)(r * c->planes + p) * plane_bytes;
                const char *src = c->src + (size_t)channel * (bf16 ? 2 : 4);

                if (row < 0 || row >= c->h || lo == hi) {
                    clear(dst, c->cols);
                    continue;
                }
                clear(dst, lo);
                clear(dst + (size_t)hi * DT_PREFIX_LINE, c->cols - hi);
                copy_row(c, bf16, channel, channel + per > c->channels ? &tail : NULL, hi - lo,
                         src + (ptrdiff_t)row * c->w * (ptrdiff_t)c->pixel + first, dst + (size_t)lo * DT_PREFIX_LINE);
            }
    }
}

static void copy_f32(const struct dt_prefix_copy *c)
{
    copy(c, false);
}

static void copy_bf16(const struct dt_prefix_copy *c)
{
    copy(c, true);
}

/* LANES channels of one column as bf16 bits in words; `n` of them are there */
INLINE U column_bits(const struct dt_prefix_copy *c, const char *src, int channel, int n)
{
    H h = { 0 };

    if (n <= 0)
        return (U){ 0 };
    if (n >= LANES)
        memcpy(&h, src, sizeof h);
    else
        memcpy(&h, src, (size_t)n * sizeof(uint16_t));
    if (c->scale && n >= LANES) {
        h = to_bf16(before(c, channel, from_bf16(h)));
    } else if (c->scale) {
        for (int k = 0; k < n; k++) {
            float x = c->scale[channel + k] * one_from_bf16(h[k]) + c->shift[channel + k];

            h[k] = one_to_bf16(c->relu && x < 0 ? 0 : x);
        }
    }
    return __builtin_convertvector(h, U);
}

/* One row of one plane, LANES channels wide: n of them are there. */
INLINE void pair_row(const struct dt_prefix_copy *c, bool halves, int lo, int hi, int channel, int n, const char *src,
                     char *dst)
{
    ptrdiff_t next = (ptrdiff_t)c->col_step * (ptrdiff_t)c->pixel;
    int step = halves ? 2 : 1;
    U a, b = column_bits(c, src, channel, lo <= 0 && hi > 0 ? n : 0);

    for (int j = 0; j < c->cols * step; j += step, dst += DT_PREFIX_LINE) {
        a = halves && j > 0 ? column_bits(c, src + j * next, channel, j >= lo && j < hi ? n : 0) : b;
        b = column_bits(c, src + (j + 1) * next, channel, j + 1 >= lo && j + 1 < hi ? n : 0);
        store(dst, (V)(a | b << 16));
    }
}

static void copy_pairs(const struct dt_prefix_copy *c, bool halves)
{
    size_t plane_bytes = (size_t)c->cols * DT_PREFIX_LINE;
    struct dt_prefix_copy full = *c; /* in columns, of which a pair has two */

    full.cols = c->cols * (halves ? 2 : 1) + 1;
    for (int channel = 0; channel < c->channels; channel += LANES)
        for (int r = 0; r < c->rows; r++)
            for (int p = 0; p < c->planes; p++) {
                int row = c->row0 + r * c->row_step, lo = 0, hi = 0, n = c->channels - channel;
                char *dst = c->dst + (size_t)(channel / DT_PREFIX_WORDS) * c->block +
                            (size_t)(r * c->planes + p) * plane_bytes +
                            (size_t)(channel % DT_PREFIX_WORDS) * sizeof(float);
                const char *src = c->src + ((ptrdiff_t)row * c->w + c->col0 + p) * (ptrdiff_t)c->pixel + channel * 2;

                if (row >= 0 && row < c->h)
                    valid_columns(&full, p, &lo, &hi);
                if (n >= LANES)
                    pair_row(c, halves, lo, hi, channel, LANES, src, dst);
                else
                    pair_row(c, halves, lo, hi, channel, n, src, dst);
            }
}
