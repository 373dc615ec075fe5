/* doctor: what this machine and this build offer. --version prints its first part. */
#include "autograd/engine.h"
#include "autograd/kernels/rows.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifndef DT_VERSION
#error "DT_VERSION comes from meson.build"
#endif

static void put(struct dt_json *j, const char *key, const char *value)
{
    if (j)
        dt_json_str(j, key, value);
    else
        printf("%-12s %s\n", key, value);
}

/* Negative: unknown. */
static void put_bytes(struct dt_json *j, const char *key, int64_t bytes, const char *what)
{
    char name[32];

    snprintf(name, sizeof name, "%s_bytes", key);
    if (j)
        dt_json_int(j, name, bytes);
    else if (bytes >= 0)
        printf("%-12s %.1f GiB%s\n", key, (double)bytes / (1 << 30), what);
    else
        printf("%-12s unknown\n", key);
}

/* 0: there is none. */
static void put_rate(struct dt_json *j, const char *key, double rate, const char *unit, const char *what)
{
    if (j && rate > 0)
        dt_json_num(j, key, rate);
    else if (j)
        dt_json_null(j, key);
    else if (rate > 0)
        printf("%-12s %7.0f %s %s\n", "", rate, unit, what);
}

static void libraries(struct dt_json *j)
{
    char buf[256];

    put(j, "dyntrain", DT_VERSION);
    put(j, "compute", dt_engine_versions(buf, sizeof buf));
    put(j, "files", dt_io_versions(buf, sizeof buf));
}

/* run.pin is tried out: containers may forbid it. */
static void threads(struct dt_json *j)
{
    bool pins = dt_par_pin(true);

    dt_par_pin(false);
    if (j) {
        dt_json_int(j, "threads", dt_par_threads());
        dt_json_int(j, "processors", dt_par_processors());
        dt_json_bool(j, "pinning", pins);
    } else {
        printf("%-12s %d on %d processor%s; run.pin %s\n", "threads", dt_par_threads(), dt_par_processors(),
               dt_par_processors() == 1 ? "" : "s", pins ? "binds each to one of its own" : "is refused by the system");
    }
}

static void precision(struct dt_json *j, bool bf16)
{
    if (j)
        dt_json_str(j, "auto_precision", bf16 ? "bf16" : "fp32");
    else
        printf("%-12s auto is %s here\n", "precision", bf16 ? "bf16" : "fp32");
}

static void machine(struct dt_json *j)
{
    struct dt_err err = { 0 };
    struct dt_engine *e = dt_engine_new("auto", &err);
    struct statvfs fs;
    const char *data = getenv("DYNTRAIN_DATA");
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    put(j, "engine", e ? dt_engine_name(e) : err.msg);
    put(j, "kernels", dt_rows_kernel(DT_REAL_DTYPE)->isa);
    if (e)
        precision(j, dt_engine_bf16(e, true));
    threads(j);
    put_bytes(j, "memory", pages > 0 ? (int64_t)pages * page : -1, "");
    put_bytes(j, "disk", statvfs(".", &fs) == 0 ? (int64_t)(fs.f_bavail * fs.f_frsize) : -1, " free here");
    put(j, "data", data || j ? data : "DYNTRAIN_DATA is not set (only CIFAR needs it, or data.dir in the config)");
    dt_engine_free(e);
}

static void blas(struct dt_json *j)
{
    if (j) {
        dt_json_str(j, "blas_core", dt_blas_core());
        dt_json_str(j, "blas_core_by", dt_cli_blas_core_by());
    } else {
        printf("%-12s OpenBLAS runs its kernels for %s (%s)\n", "blas", dt_blas_core(), dt_cli_blas_core_by());
    }
}

/* The exit status. */
static int rates(struct dt_json *j)
{
    struct dt_err err = { 0 };
    struct dt_probe p;

    if (dt_probe(&p, &err))
        return dt_cli_fail(&err);
    if (!j)
        printf("%-12s the best of short runs on %d thread%s, %s\n", "probe", dt_par_threads(),
               dt_par_threads() == 1 ? "" : "s", p.isa);
    put_rate(j, "f32_gflops", p.f32_gflops, "GFLOP/s", "fp32 multiply-add");
    put_rate(j, "bf16_gflops", p.bf16_gflops, "GFLOP/s", "bf16 multiply-add");
    put_rate(j, "gemm_gflops", p.gemm_gflops, "GFLOP/s", "fp32 matrix product, OpenBLAS");
    put_rate(j, "memory_gbs", p.memory_gbs, "GB/s   ", "from memory");
    put_rate(j, "cache_gbs", p.cache_gbs, "GB/s   ", "from the second cache");
    return 0;
}

static int run(const struct dt_args *args)
{
    struct dt_json *j = args->json ? dt_json_object() : NULL;
    int status = 0;

    libraries(j);
    if (args->command) { /* --version stops here */
        machine(j);
        blas(j);
        status = rates(j);
    }
    if (status == 0 && j)
        return dt_cli_print_json(j);
    dt_json_free(j);
    return status;
}

const struct dt_command dt_cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "versions, engine, processor, memory, disk",
    .flags = "json",
    .min_operands = 0,
    .max_operands = 0,
    .run = run,
};
