/* each: the loops simple ops share. All run in fixed chunks under dt_par_for, so no result depends on the thread count.
 *
 * Results go to a struct dt_grad, the output's data (dt_each_out) as well as a gradient (dt_grad_in): one loop serves
 * writing and adding, and where nobody wants the result (g NULL) nothing runs. */
#ifndef DT_AUTOGRAD_OPS_EACH_H
#define DT_AUTOGRAD_OPS_EACH_H

#include "autograd/op.h"

/* y[i] = f(a[i], b[i]) for n neighbours; a or b NULL where the op has none. Never adds: dt_each does. */
typedef void dt_each_fn(const void *attr, int64_t n, const dt_real *restrict a, const dt_real *restrict b,
                        dt_real *restrict y);
void dt_each(int64_t count, dt_each_fn *f, const void *attr, const dt_real *a, const dt_real *b, struct dt_grad to);

/* Rows [begin, end) of whatever the op calls a row; writes or adds where `to` says. */
typedef void dt_row_fn(struct dt_node *n, struct dt_grad to, int64_t begin, int64_t end);
/* `work`: elements touched a row, from which the chunk size follows. */
void dt_each_row(struct dt_node *n, struct dt_grad to, int64_t rows, int64_t work, dt_row_fn *fn);

struct dt_grad dt_each_out(struct dt_node *n); /* the output's data, to be written */
void dt_each_forward(struct dt_node *n, dt_each_fn *f);
/* Gradient of input i, which has the shape of the output. */
void dt_each_backward(struct dt_node *n, int i, dt_each_fn *f, const dt_real *a, const dt_real *b);
/* d in[i] = d out, element by element: the buffer changes hands where it can. */
void dt_each_pass(struct dt_node *n, int i);

void dt_each_fill(int64_t count, double value, struct dt_grad to);
/* `rows` runs of `width` elements, `from_step` apart, to places `to_step` apart. */
void dt_each_run(int64_t rows, int width, const dt_real *from, int from_step, struct dt_grad to, int to_step);

double dt_run_sum(const dt_real *x, int64_t n);                   /* one thread */
double dt_run_dot(const dt_real *x, const dt_real *y, int64_t n); /* one thread */
double dt_each_sum(const dt_real *x, int64_t n);                  /* all threads */

/* Shapes as rows of the last dimension, and as samples of the first. */
int dt_shape_last(const struct dt_shape *s);       /* 1 for rank 0 */
int64_t dt_shape_rows(const struct dt_shape *s);   /* product of all but the last */
int64_t dt_shape_sample(const struct dt_shape *s); /* product of all but the first */
/* Rank and sides, or "expected [n,h,w,c], got [3,4]". */
bool dt_infer_rank(const struct dt_shape *s, int rank, const char *expected, struct dt_err *err);
/* in[0]'s shape, which must have a last dimension that is not empty. */
bool dt_infer_rows(const struct dt_node *n, struct dt_shape *out, struct dt_err *err);

/* A copy of v[n] in the tape. NULL: v is NULL, which a dry tape allows, or the tape has failed. */
const int *dt_tape_ints(struct dt_tape *t, const int *v, int64_t n);

#endif
