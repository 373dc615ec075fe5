/* The file in which the double-precision twin hands its values and gradients to the product's test. One machine, one
 * build: no byte order, no version. A record: case name, tensor name, count, doubles. */
#ifndef DT_TESTS_TWIN_H
#define DT_TESTS_TWIN_H

#include "case_run.h"

struct twin_record {
    char name[96], tensor[24];
    int64_t n;
};

/* Large tensors are thinned out: every TWIN_MAX-th part, so that the file stays a few megabytes. */
enum { TWIN_MAX = 4096 };
static inline int64_t twin_stride(int64_t n)
{
    return n / TWIN_MAX + 1;
}

/* Calls fn for all a run has computed: the result, each gradient, each input that the op may have written. */
typedef void twin_visit_fn(void *ctx, const struct case_run *r, const char *tensor, const dt_real *x, int64_t n);
static inline void twin_visit(const struct case_run *r, twin_visit_fn *fn, void *ctx)
{
    char tensor[24];

    fn(ctx, r, "result", r->y, r->n);
    for (int i = 0; i < r->n_in; i++) {
        snprintf(tensor, sizeof tensor, "%s %d", r->in[i].wanted ? "gradient" : "input", i);
        fn(ctx, r, tensor, r->in[i].wanted ? r->in[i].g : r->in[i].x, r->in[i].n);
    }
}

#endif
