/* One convolution with its operands, its results and the truth, for the tests of the engines. */
#ifndef DT_TESTS_CONV_TRIAL_H
#define DT_TESTS_CONV_TRIAL_H

#include "autograd/engine.h"

#ifdef DT_F64
#define TOLERANCE 1e-12
#else
#define TOLERANCE 2e-5
#endif

enum { X, W, B, Y, DY, DX, DW, DB, N_BUFS };

struct trial {
    struct dt_conv_geom g;
    size_t n[N_BUFS];
    dt_real *v[N_BUFS];
    double *want[N_BUFS]; /* Y (with bias), DX, DW, DB: by direct summation in double precision */
    struct dt_tensor weight;
};

struct dt_conv_geom trial_geom(const int v[9]); /* n, h, w, i, o, kernel, stride, pad, groups */
void trial_open(struct trial *t, struct dt_conv_geom g);
void trial_close(struct trial *t);
/* Forward and both gradients; with `add` the gradients are added to what trial_off() knows. */
bool trial_run(struct dt_engine *e, struct trial *t, bool bias, bool add, struct dt_err *err);
/* The largest difference from the truth as a share of the largest value. */
double trial_off(const struct trial *t, int buf, bool add);
/* Fails the test unless every result of trial_run() is right. */
void trial_check(const struct trial *t, const char *engine, bool bias, bool add);

#endif
