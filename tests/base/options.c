#include "options.h"

#include <float.h>
#include <math.h>

static const char *const kinds[] = { "sgd", "adam", NULL };

static const struct dt_opt inner_table[] = {
    DT_INT(struct inner, depth, "20", 1, 200, "layers"),
    DT_BOOL(struct inner, on, "true", "whether"),
    DT_OPT_END,
};

const struct dt_opt outer_table[] = {
    DT_INT(struct outer, epochs, "160", 1, INFINITY, "epochs"),
    DT_REAL(struct outer, lr, "0.1", DBL_MIN, INFINITY, "learning rate"),
    DT_REAL(struct outer, share, ".5", 0, 1, "share"),
    DT_BOOL(struct outer, nesterov, "false", "Nesterov momentum"),
    DT_STR(struct outer, note, "none", "any text"),
    DT_PICK(struct outer, kind, "adam", kinds, "optimiser"),
    DT_REALS(struct outer, steps, "[0.5, .75]", DBL_MIN, 1, "shares"),
    DT_STRS(struct outer, names, "[]", "names"),
    DT_SECTION(struct outer, in, inner_table, "a section"),
    DT_INT(struct outer, must, NULL, -INFINITY, 9, "required"),
    DT_OPT_END,
};
