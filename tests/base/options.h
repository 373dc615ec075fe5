/* The table that the option tests share: one row of each kind. */
#ifndef DT_TESTS_BASE_OPTIONS_H
#define DT_TESTS_BASE_OPTIONS_H

#include <dyntrain/base.h>

struct inner {
    int64_t depth;
    bool on;
};
struct outer {
    int64_t epochs;
    double lr, share;
    bool nesterov;
    const char *note;
    int kind;
    struct dt_reals steps;
    struct dt_strs names;
    struct inner in;
    int64_t must;
};
enum { EPOCHS, LR, SHARE, NESTEROV, NOTE, KIND, STEPS, NAMES, IN, MUST };
extern const struct dt_opt outer_table[];

#endif
