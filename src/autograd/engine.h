/* engine: who computes convolutions. Two of them behind one small interface: oneDNN (dnnl/) and the plain reference
 * (ref/: im2col + OpenBLAS). All tensors channels-last and dense, weights OIHW as the checkpoint has them; an engine
 * that wants another layout keeps a pack on the weight tensor and renews it when the tensor's version has moved. */
#ifndef DT_AUTOGRAD_ENGINE_H
#define DT_AUTOGRAD_ENGINE_H

#include <dyntrain/tensor.h>

struct dt_conv_geom {
    int n, h, w, i; /* input */
    int o, oh, ow;  /* output */
    int kh, kw, stride, pad, groups;
    int half; /* x, y and their gradients are DT_BF16: void below; weights, bias and their gradients never */
};

struct dt_node;
struct dt_conv_geom dt_conv_geom_of(const struct dt_node *n); /* of a conv2d node that has been through infer */

struct dt_engine_class {
    const char *name;
    struct dt_engine *(*open)(struct dt_err *err);
    void (*close)(struct dt_engine *e);
    /* y = x * w + b (b may be NULL) */
    bool (*conv_forward)(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, struct dt_tensor *w,
                         const dt_real *b, void *y, struct dt_err *err);
    /* dx = (add ? dx : 0) + dy * w' */
    bool (*conv_backward_data)(struct dt_engine *e, const struct dt_conv_geom *g, const void *dy, struct dt_tensor *w,
                               void *dx, bool add, struct dt_err *err);
    /* dw = (add ? dw : 0) + x' * dy; db likewise unless NULL */
    bool (*conv_backward_weights)(struct dt_engine *e, const struct dt_conv_geom *g, const void *x, const void *dy,
                                  dt_real *dw, bool dw_add, dt_real *db, bool db_add, struct dt_err *err);
    bool (*bf16)(bool fast); /* see dt_engine_bf16 */
    /* tests: multiplies every gradient the engine returns by this factor, to show that a 0.1% fault is caught; NULL:
     * cannot */
    void (*plant_fault)(struct dt_engine *e, double factor);
    /* Times the bare primitives of this convolution, warm, median of `runs`, in the faster layout; seconds, to out[3]:
     * forward, data (0 when !data), weights. NULL: the engine has none. */
    bool (*conv_time)(struct dt_engine *e, const struct dt_conv_geom *g, bool data, int runs, double out[3],
                      struct dt_err *err);
    const struct dt_infer_class *infer; /* convolutions of inference plans, see infer.h */
};

struct dt_engine {
    const struct dt_engine_class *class_; /* first member of every engine's own struct */
    int64_t reorders, reorder_bytes;      /* so far: weights into the engine's layout, their gradients out of it */
};

/* "oneDNN 2.6.3", "OpenBLAS 0.3.21 ..." into buf */
void dt_dnnl_version(char *buf, size_t size);
void dt_blas_version(char *buf, size_t size);

/* The kernels OpenBLAS runs ("Haswell"), and the value of OPENBLAS_CORETYPE with which it would run faster ones on this
 * processor, NULL: none. It is read before main(). (ref/core.c) */
const char *dt_blas_core(void);
const char *dt_blas_core_wanted(void);
/* The rule behind it: what a processor with these instructions should run in place of `core`. */
const char *dt_blas_core_better(const char *core, bool has_avx2, bool has_avx512);

extern const struct dt_engine_class dt_engine_ref;
extern const struct dt_engine_class dt_engine_dnnl; /* only with the meson option `onednn` */

/* c[m,n] = (add ? c : 0) + op(a) op(b), row-major, leading dimensions lda ldb ldc; OpenBLAS, one thread a call,
 * parallel over fixed row chunks: the same bits for any thread count. Both engines use it. (ref/gemm.c) */
void dt_gemm(bool ta, bool tb, int m, int n, int k, const dt_real *a, int lda, const dt_real *b, int ldb, bool add,
             dt_real *c, int ldc);

/* out[c] = (add ? out : 0) + the sum of the rows of x[rows, c], which is of type `dtype`; the same bits for any thread
 * count, needs no memory. (ref/column_sum.c) */
void dt_column_sum(int64_t rows, int c, const void *x, enum dt_dtype dtype, bool add, dt_real *out);

/* A buffer an engine keeps and grows as needed. What it held is gone after dt_scratch_need(). (engine.c) */
struct dt_scratch {
    void *data;
    size_t bytes;
};
bool dt_scratch_need(struct dt_scratch *s, size_t bytes, struct dt_err *err);
void dt_scratch_free(struct dt_scratch *s);

#endif
