/* gemm: matrix products by OpenBLAS, one thread a call, parallel over fixed chunks of the rows of c. */
#include "autograd/ref/ref.h"

#include <cblas.h>

#ifdef DT_F64
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

enum {
    MAX_CHUNKS = 16, /* every chunk packs b again, so not too many */
    MIN_ROWS = 16,
    MIN_WORK = 1 << 18 /* multiply-accumulates worth waking a thread for */
};

struct product {
    bool ta, tb, add;
    int m, n, k, lda, ldb, ldc;
    const dt_real *a, *b;
    dt_real *c;
};

void dt_gemm_serial(bool ta, bool tb, int m, int n, int k, const dt_real *a, int lda, const dt_real *b, int ldb,
                    bool add, dt_real *c, int ldc)
{
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda, b, ldb,
         add ? 1 : 0, c, ldc);
}

static void product_chunk(void *ctx, int64_t begin, int64_t end, int64_t chunk)
{
    const struct product *p = ctx;

    (void)chunk;
    dt_gemm_serial(p->ta, p->tb, (int)(end - begin), p->n, p->k, p->a + (p->ta ? begin : begin * p->lda), p->lda, p->b,
                   p->ldb, p->add, p->c + begin * p->ldc, p->ldc);
}

/* From the shape alone. */
static int64_t rows_a_chunk(int m, int n, int k)
{
    int64_t rows = (m - 1) / MAX_CHUNKS + 1, row_work = (int64_t)n * k + 1;

    if (rows * row_work < MIN_WORK)
        rows = MIN_WORK / row_work + 1;
    return (rows + MIN_ROWS - 1) / MIN_ROWS * MIN_ROWS;
}

void dt_gemm(bool ta, bool tb, int m, int n, int k, const dt_real *a, int lda, const dt_real *b, int ldb, bool add,
             dt_real *c, int ldc)
{
    struct product p = { ta, tb, add, m, n, k, lda, ldb, ldc, a, b, c };

    if (m < 1 || n < 1)
        return;
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
    dt_par_for(m, rows_a_chunk(m, n, k), product_chunk, &p);
}
