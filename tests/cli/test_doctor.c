/* doctor: what it knows of the machine, and which kernels OpenBLAS runs. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "suites.h"

START_TEST(machine)
{
    static const char *const rates[] = { "f32_gflops", "gemm_gflops", "memory_gbs", "cache_gbs" };
    struct cli *c = cli_open();
    struct dt_json *j;

    cli_ok(c, "doctor --json");
    j = cli_json(c);
    ck_assert(dt_json_get_num(j, "threads", 0) >= 1);
    ck_assert(dt_json_get_num(j, "memory_bytes", 0) > 1e6);
    ck_assert_str_ne(dt_json_get_str(j, "engine", ""), "");
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        ck_assert_msg(dt_json_get_num(j, rates[i], 0) > 0, "no %s in: %s", rates[i], c->out);
    ck_assert_ptr_nonnull(dt_json_get(j, "bf16_gflops")); /* may be null */
    dt_json_free(j);
    cli_ok(c, "doctor");
    ck_assert_ptr_nonnull(strstr(c->out, "GFLOP/s fp32 multiply-add\n"));
    cli_close(c);
}
END_TEST

/* What oneDNN may use of the processor, and what `auto` then is; with all of AMD's AVX512-BF16 it is bf16. */
START_TEST(auto_is_fp32_where_bf16_is_emulated)
{
    static const char *const isa[] = { "AVX512_CORE", "ALL" };
#if defined(__x86_64__)
    bool amd = __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512bf16");
#else
    bool amd = false;
#endif
    struct cli *c = cli_open();

    for (int k = 0; k < (amd ? 2 : 1); k++) {
        struct dt_json *j;

        setenv("DNNL_MAX_CPU_ISA", isa[k], 1);
        cli_ok(c, "doctor --json");
        j = cli_json(c);
        bool half = k > 0 && !strcmp(dt_json_get_str(j, "engine", ""), "dnnl");

        ck_assert_str_eq(dt_json_get_str(j, "auto_precision", ""), half ? "bf16" : "fp32");
        dt_json_free(j);
    }
    unsetenv("DNNL_MAX_CPU_ISA");
    cli_close(c);
}
END_TEST

static void check_core(struct cli *c, const char *core, const char *by)
{
    struct dt_json *j;

    cli_ok(c, "doctor --json");
    j = cli_json(c);
    ck_assert_str_eq(dt_json_get_str(j, "blas_core", ""), core);
    ck_assert_msg(!by || !strcmp(dt_json_get_str(j, "blas_core_by", ""), by), "%s", c->out);
    dt_json_free(j);
}

START_TEST(the_users_core_stands)
{
    struct cli *c = cli_open();

    setenv("OPENBLAS_CORETYPE", "SANDYBRIDGE", 1);
    check_core(c, "Sandybridge", "OPENBLAS_CORETYPE");
    unsetenv("OPENBLAS_CORETYPE");
    cli_close(c);
}
END_TEST

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) /* which wants to be loaded first */
#define CAN_PRELOAD 1
#else
#define CAN_PRELOAD 0
#endif

#if CAN_PRELOAD
START_TEST(an_old_core_is_replaced)
{
    struct cli *c = cli_open();
    char preload[600];

    setenv("LD_PRELOAD", DT_WRONG_CORE, 1);
    cli_ok(c, "doctor");
    if (!strstr(c->out, "SKYLAKEX") && !__builtin_cpu_supports("avx512vl")) { /* Haswell is right */
        unsetenv("LD_PRELOAD");
        cli_close(c);
        return;
    }
    check_core(c, "SKYLAKEX", "OPENBLAS_CORETYPE");
    cli_ok(c, "list models"); /* the words on the command line have come through */
    ck_assert_ptr_nonnull(strstr(c->out, "resnet20"));
    snprintf(preload, sizeof preload, "%s:/usr/libexec/valgrind/vgpreload_core-amd64-linux.so", DT_WRONG_CORE);
    setenv("LD_PRELOAD", preload, 1); /* a file that may be missing: the loader goes on without it */
    ck_assert_int_eq(cli_run(c, "doctor --json"), 0);
    ck_assert_ptr_nonnull(strstr(c->out, "\"blas_core\": \"Haswell\""));
    ck_assert_ptr_nonnull(strstr(c->out, "not the best"));
    unsetenv("LD_PRELOAD");
    cli_close(c);
}
END_TEST
#endif

Suite *suite_doctor(void)
{
    Suite *s = suite_create("doctor");
    TCase *c = tcase_create("doctor");

    tcase_set_timeout(c, 300);
    tcase_add_test(c, machine);
    tcase_add_test(c, auto_is_fp32_where_bf16_is_emulated);
    tcase_add_test(c, the_users_core_stands);
#if CAN_PRELOAD
    tcase_add_test(c, an_old_core_is_replaced);
#endif
    suite_add_tcase(s, c);
    return s;
}
