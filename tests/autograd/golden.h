/* Reading tests/golden/layers.txt: cases of named tensors, written by tools/gen_golden.py. */
#ifndef DT_TESTS_GOLDEN_H
#define DT_TESTS_GOLDEN_H

#include <dyntrain/tensor.h>

enum { GOLDEN_MAX = 20 };

struct golden_tensor {
    char kind[8], name[16]; /* kind: in, fixed, cot, out, grad, after */
    struct dt_shape shape;
    dt_real *v;
};
struct golden_case {
    char label[64];
    int n;
    struct golden_tensor t[GOLDEN_MAX];
};

/* The case with this label; fails the test when there is none. */
void golden_read(const char *file, const char *label, struct golden_case *c);
void golden_free(struct golden_case *c);
int golden_count(const char *file);
/* NULL: not in this case. */
struct golden_tensor *golden_find(struct golden_case *c, const char *kind, const char *name);

#endif
