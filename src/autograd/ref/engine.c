/* The reference engine's record. */
#include "autograd/infer.h"
#include "autograd/ref/ref.h"

#include <cblas.h>

static struct dt_engine *ref_open(struct dt_err *err)
{
    struct dt_ref *e = dt_calloc(1, sizeof *e);

    if (!e) {
        dt_fail(err, DT_ENOMEM, "out of memory for an engine");
        return NULL;
    }
    e->base.class_ = &dt_engine_ref;
    openblas_set_num_threads(1); /* the threads are ours, over fixed chunks */
    return &e->base;
}

static void ref_close(struct dt_engine *engine)
{
    struct dt_ref *e = (struct dt_ref *)engine;

    dt_scratch_free(&e->weights);
    dt_scratch_free(&e->columns);
    dt_scratch_free(&e->partial);
    dt_scratch_free(&e->wide[0]);
    dt_scratch_free(&e->wide[1]);
    dt_free(e);
}

static bool bf16(bool fast)
{
    return !fast;
}

const struct dt_engine_class dt_engine_ref = {
    .name = "ref",
    .open = ref_open,
    .close = ref_close,
    .conv_forward = dt_ref_conv_forward,
    .conv_backward_data = dt_ref_conv_backward_data,
    .conv_backward_weights = dt_ref_conv_backward_weights,
    .bf16 = bf16,
    .infer = &dt_infer_ref,
};

void dt_blas_version(char *buf, size_t size)
{
    snprintf(buf, size, "%s", openblas_get_config());
}
