/* The double-precision twin of the autograd tests: runs the suites that need it, or, given a file name, writes the
 * values and gradients of every case to it. */
#include "suites.h"
#include "twin.h"

#include <string.h>
#include <support.h>

static void put(void *ctx, const struct case_run *r, const char *tensor, const dt_real *x, int64_t n)
{
    FILE *f = ctx;
    int64_t stride = twin_stride(n);
    struct twin_record head = { .n = (n + stride - 1) / stride };

    case_name(r->c, head.name);
    snprintf(head.tensor, sizeof head.tensor, "%s", tensor);
    fwrite(&head, sizeof head, 1, f);
    for (int64_t i = 0; i < n; i += stride) {
        double v = (double)x[i];

        fwrite(&v, sizeof v, 1, f);
    }
}

static const char *path;

START_TEST(write_values)
{
    FILE *f = fopen(path, "wb");
    struct dt_engine *e = engine_open("ref");

    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < op_case_count(); i++) {
        struct case_run r;

        if (op_case_at(i)->expect)
            continue;
        case_open(&r, op_case_at(i), e);
        case_grad(&r, 0);
        twin_visit(&r, put, f);
        case_close(&r);
    }
    dt_engine_free(e);
    ck_assert(!ferror(f));
    ck_assert_int_eq(fclose(f), 0);
}
END_TEST

/* Not a test, but it asserts as tests do. */
static Suite *dump_suite(void)
{
    Suite *s = suite_create("dump");
    TCase *tc = tcase_create("dump");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, write_values);
    suite_add_tcase(s, tc);
    return s;
}

static dt_suite_fn *const suites[] = { contract_suite, batch_norm_suite, bits_suite, gradcheck_suite,
                                       golden_suite,   curve_suite,      NULL };
static dt_suite_fn *const dump[] = { dump_suite, NULL };

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "dump") == 0) {
        path = argv[2];
        return dt_test_main(1, argv, dump);
    }
    return dt_test_main(argc, argv, suites);
}
