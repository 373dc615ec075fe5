/* The case table: every op with the inputs on which the contract holds. A generic test runs over all of it, so an op
 * without a case fails one, and a new case is checked for everything at once. */
#ifndef DT_TESTS_OP_CASE_H
#define DT_TESTS_OP_CASE_H

#include <dyntrain/ops.h>

#include "autograd/op.h"

enum { CASE_MAX_IN = 8 };

/* What an input is filled with. Numerical differences need room: no number may lie on a kink of its op. */
enum case_domain {
    NO_INPUT,
    ANY,      /* [-1, 1] */
    WIDE,     /* [-4, 4] */
    EXTREME,  /* [-300, 300]: exp() of it overflows a float */
    SMALL,    /* [-0.1, 0.1] */
    POSITIVE, /* [0.5, 1.5] */
    AWAY,     /* [-1, 1] without (-0.1, 0.1) */
    OFF6,     /* [-3, 9], at least 0.1 from 0 and from 6 */
    ODD,      /* an odd integer +- 0.1: ODD + EVEN is never near 0 */
    EVEN,
    STRETCH,     /* [1, 2] and [14, 15] in turn: what is normalised ends below 6 or above */
    SIGNED,      /* about -1 and +1 in turn along the rows: normalised, it stays off 0 */
    RANKS,       /* all different, 0.01 apart at least */
    FIRST_FIXED, /* from here on: takes no gradient */
    RUNNING_MEAN = FIRST_FIXED,
    RUNNING_VAR,
    ACTIVE_NONE, /* sample weights 0 and 1: none, the second, the first and the last, all but every third */
    ACTIVE_ONE,
    ACTIVE_TWO,
    ACTIVE_MOST,
    ACTIVE_ALL,
    ACTIVE_GROUPS, /* [n,g]: all, the second and all but every third, group by group */
    CHANCES,       /* [n,k], rows that sum to 1 */
    LOSS_WEIGHTS   /* [0, 2], the first of them 0 */
};

struct case_in {
    struct dt_shape shape;
    enum case_domain domain;
};
#define S0(dom)                                                                                                        \
    {                                                                                                                  \
        { 0, { 0 } }, dom                                                                                              \
    }
#define S1(dom, a)                                                                                                     \
    {                                                                                                                  \
        { 1, { a } }, dom                                                                                              \
    }
#define S2(dom, a, b)                                                                                                  \
    {                                                                                                                  \
        { 2, { a, b } }, dom                                                                                           \
    }
#define S3(dom, a, b, c)                                                                                               \
    {                                                                                                                  \
        { 3, { a, b, c } }, dom                                                                                        \
    }
#define S4(dom, a, b, c, d)                                                                                            \
    {                                                                                                                  \
        { 4, { a, b, c, d } }, dom                                                                                     \
    }

enum {
    CASE_STATS = 1, /* statistics enter: floats get the wider tolerance */
    CASE_CONV = 2,  /* the engine's convolution computes it */
    CASE_STEP = 4,  /* the gradient is not the derivative (straight-through): it is the identity */
    CASE_IDS = 16,  /* refused for its ids, which a dry tape does not look at */
    CASE_ALIAS = 8  /* may return its input itself */
};

struct op_case {
    const struct dt_op *op;
    const char *label;
    struct case_in in[CASE_MAX_IN]; /* up to the first NO_INPUT */
    struct dt_tensor *(*build)(struct dt_tape *t, struct dt_tensor *const *in, const struct op_case *c);
    int k[5]; /* what the builder passes on */
    double p[2];
    const int *ids; /* labels, rows, actions */
    int64_t macs;   /* exact */
    unsigned flags;
    enum dt_code expect; /* not DT_OK: refused so, */
    const char *text;    /* with this in the message */
};

int op_case_count(void);
const struct op_case *op_case_at(int i);
int op_case_n_in(const struct op_case *c);

/* The parts of the table. */
struct op_case_list {
    const struct op_case *c;
    int n;
};
extern const struct op_case_list cases_batch, cases_conv, cases_loss, cases_norm, cases_pointwise, cases_pool,
    cases_shape;
#define CASE_LIST(name, table) const struct op_case_list name = { table, (int)(sizeof(table) / sizeof(table)[0]) }

#endif
