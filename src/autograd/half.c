/* half: which type each input of an op comes in. A tape of precision DT_BF16 keeps images in bfloat16 from the first
 * convolution to the last pooling (mixed precision; Micikevicius et al. 2018, Kalamkar et al. 2019): a convolution
 * brings its image there, ops that know the type keep it, all others get dt_real. Casts are ops of the tape like any
 * other. */
#include "autograd/tape.h"

#include <dyntrain/ops.h>

static bool is_half(const struct dt_op *op, int i)
{
    return i < 32 && (op->half >> i & 1);
}

static bool wants_half(const struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor *const *in)
{
    bool any = (op->flags & DT_OP_HALF) && t->precision == DT_BF16;

    for (int i = 0; i < n_in && !any; i++)
        any = in[i] && in[i]->dtype == DT_BF16 && is_half(op, i);
    return any;
}

bool dt_half_inputs(struct dt_tape *t, const struct dt_op *op, int n_in, struct dt_tensor **in, enum dt_dtype *out)
{
    bool half = wants_half(t, op, n_in, in);

    if (op == &dt_op_cast) {
        *out = in[0]->dtype == DT_BF16 ? DT_REAL_DTYPE : DT_BF16;
        return true;
    }
    *out = half && !(op->flags & DT_OP_REAL_OUT) ? DT_BF16 : DT_REAL_DTYPE;
    for (int i = 0; i < n_in; i++) {
        enum dt_dtype want = half && is_half(op, i) ? DT_BF16 : DT_REAL_DTYPE;

        if (in[i] && in[i]->dtype != want)
            in[i] = dt_cast(t, in[i], want);
    }
    return !t->err.code;
}
