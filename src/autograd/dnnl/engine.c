/* The oneDNN engine's record. */
#include "autograd/dnnl/dnnl_engine.h"
#include "autograd/infer.h"

static void dnnl_close(struct dt_engine *engine)
{
    struct dt_dnnl *e = (struct dt_dnnl *)engine;

    dt_dnnl_cache_clear(e);
    if (e->stream)
        dnnl_stream_destroy(e->stream);
    if (e->engine)
        dnnl_engine_destroy(e->engine);
    dt_scratch_free(&e->scratchpad);
    dt_scratch_free(&e->weights);
    dt_scratch_free(&e->data);
    dt_free(e);
}

static struct dt_engine *dnnl_open(struct dt_err *err)
{
    struct dt_dnnl *e = dt_calloc(1, sizeof *e);

    if (!e) {
        dt_fail(err, DT_ENOMEM, "out of memory for an engine");
        return NULL;
    }
    e->base.class_ = &dt_engine_dnnl;
    e->fault = 1;
    dt_par_set_threads(dt_par_threads()); /* oneDNN plans for OpenMP's count: it has to be ours */
    if (!dt_dnnl_ok(dnnl_engine_create(&e->engine, dnnl_cpu, 0), "engine", NULL, err) ||
        !dt_dnnl_ok(dnnl_stream_create(&e->stream, e->engine, dnnl_stream_default_flags), "stream", NULL, err)) {
        dnnl_close(&e->base);
        return NULL;
    }
    return &e->base;
}

static bool has(dnnl_cpu_isa_t wanted)
{
    return ((int)dnnl_get_effective_cpu_isa() & (int)wanted) == (int)wanted;
}

static bool amd(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_is("amd");
#else
    return false;
#endif
}

/* AVX512-BF16 alone does not make bf16 the faster one. AMD's units do twice as many products in it as in fp32; Intel's
 * do half as many (Emerald Rapids without AMX: 170 GFLOP/s beside 340) and leave bf16 to AMX. From CPUID, not from a
 * timing: on one machine `auto` always means the same. */
static bool bf16(bool fast)
{
    return fast ? has(dnnl_cpu_isa_avx512_core_amx) || (has(dnnl_cpu_isa_avx512_core_bf16) && amd())
                : has(dnnl_cpu_isa_avx512_core);
}

static void plant_fault(struct dt_engine *engine, double factor)
{
    ((struct dt_dnnl *)engine)->fault = factor;
}

const struct dt_engine_class dt_engine_dnnl = {
    .name = "dnnl",
    .open = dnnl_open,
    .close = dnnl_close,
    .conv_forward = dt_dnnl_conv_forward,
    .conv_backward_data = dt_dnnl_conv_backward_data,
    .conv_backward_weights = dt_dnnl_conv_backward_weights,
    .bf16 = bf16,
    .plant_fault = plant_fault,
    .conv_time = dt_dnnl_conv_time,
    .infer = &dt_infer_dnnl,
};

void dt_dnnl_version(char *buf, size_t size)
{
    const dnnl_version_t *v = dnnl_version();

    snprintf(buf, size, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}
