/* The product against its double-precision twin: values and gradients of every case, with each engine. The twin runs as
 * a program of its own and leaves a file. A fault of 0.1% planted in oneDNN's gradients must be seen. */
#include "suites.h"
#include "twin.h"

#include "autograd/engine.h"

#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <support.h>
#include <sys/wait.h>

static char folder[256], path[300];
extern char **environ;

/* The environment without what chooses among our own suites, to be freed by the caller. */
static char **environment(void)
{
    size_t n = 0, kept = 0;
    char **e;

    while (environ[n])
        n++;
    e = dt_calloc(n + 1, sizeof *e);
    ck_assert_ptr_nonnull(e);
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "CK_", 3) != 0)
            e[kept++] = environ[i];
    return e;
}

/* Runs in the parent of all tests, where no OpenMP has run. */
static void run_twin(void)
{
    char program[] = DT_TWIN, dump[] = "dump";
    char *argv[] = { program, dump, path, NULL }, **env = environment();
    int status;
    pid_t pid;

    dt_test_mkdir(folder);
    snprintf(path, sizeof path, "%s/values", folder);
    ck_assert_int_eq(posix_spawn(&pid, program, NULL, NULL, argv, env), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    dt_free(env);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the twin failed: run `%s dump FILE`", program);
}

static void drop_values(void)
{
    dt_test_rmdir(folder);
}

/* A comparison that runs over the records of one case. */
struct comparison {
    FILE *f;
    int n_tensors;
    double worst[CASE_MAX_IN + 1]; /* of each tensor: largest error over its tolerance; above 1: differs */
};

/* Places f at the first record of the case. */
static void find(FILE *f, const struct op_case *c)
{
    struct twin_record head;
    char name[96];

    case_name(c, name);
    while (fread(&head, sizeof head, 1, f) == 1) {
        if (strcmp(head.name, name) == 0) {
            ck_assert_int_eq(fseek(f, -(long)sizeof head, SEEK_CUR), 0);
            return;
        }
        ck_assert_int_eq(fseek(f, (long)(head.n * (int64_t)sizeof(double)), SEEK_CUR), 0);
    }
    ck_abort_msg("the twin did not write %s", name);
}

static void compare(void *ctx, const struct case_run *r, const char *tensor, const dt_real *x, int64_t n)
{
    struct comparison *cmp = ctx;
    int64_t stride = twin_stride(n);
    double max = 0, worst = 0, tol = r->c->flags & CASE_STATS ? 1e-4 : 2e-5, *want;
    struct twin_record head;

    ck_assert_uint_eq(fread(&head, sizeof head, 1, cmp->f), 1);
    ck_assert_str_eq(head.tensor, tensor);
    ck_assert_int_eq(head.n, (n + stride - 1) / stride);
    want = dt_malloc((size_t)(head.n + 1) * sizeof *want);
    ck_assert_ptr_nonnull(want);
    ck_assert_uint_eq(fread(want, sizeof *want, (size_t)head.n, cmp->f), (size_t)head.n);
    for (int64_t i = 0; i < head.n; i++) {
        double error = fabs((double)x[i * stride] - want[i]);

        max = fmax(max, fabs(want[i]));
        worst = error > worst || isnan(error) ? error : worst;
    }
    /* exact zeros must be near zero */
    cmp->worst[cmp->n_tensors++] = isnan(worst) ? INFINITY : worst / fmax(tol * max, 1e-7);
    dt_free(want);
}

static struct comparison held_to_twin(const struct op_case *c, struct dt_engine *e)
{
    struct comparison cmp = { .f = fopen(path, "rb") };
    struct case_run r;

    ck_assert_ptr_nonnull(cmp.f);
    find(cmp.f, c);
    case_open(&r, c, e);
    case_grad(&r, 0);
    twin_visit(&r, compare, &cmp);
    case_close(&r);
    fclose(cmp.f);
    return cmp;
}

START_TEST(engines_match_the_twin)
{
    const struct op_case *c = op_case_at(_i);
    char name[96];

    for (int k = 0; k < n_engines && !c->expect; k++) {
        struct dt_engine *e = engine_open(engines[k]);
        struct comparison cmp = held_to_twin(c, e);

        for (int i = 0; i < cmp.n_tensors; i++)
            ck_assert_msg(cmp.worst[i] <= 1, "%s, %s: %s: %.3g of the tolerance", engines[k], case_name(c, name),
                          i ? "a gradient or input" : "result", cmp.worst[i]);
        dt_engine_free(e);
    }
}
END_TEST

#if DT_ONEDNN
/* The bias gradient is a sum of our own in both engines. */
START_TEST(planted_fault_is_seen)
{
    const struct op_case *c = op_case_at(_i);
    struct dt_engine *e = engine_open("dnnl");
    struct comparison cmp;

    if (!c->expect && (c->flags & CASE_CONV) && c->in[0].shape.d[0] > 0) {
        ck_assert(e->class_->plant_fault != NULL);
        e->class_->plant_fault(e, 1.001);
        cmp = held_to_twin(c, e);
        ck_assert_msg(cmp.worst[0] <= 1, "%s: the result is no gradient", c->label);
        ck_assert_msg(cmp.worst[1] > 1, "%s: fault in the data gradient not seen", c->label);
        ck_assert_msg(cmp.worst[2] > 1, "%s: fault in the weight gradient not seen", c->label);
    }
    dt_engine_free(e);
}
END_TEST
#endif

Suite *twin_suite(void)
{
    Suite *s = suite_create("twin");
    TCase *tc = tcase_create("cases");

    tcase_add_unchecked_fixture(tc, run_twin, drop_values);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, engines_match_the_twin, 0, op_case_count());
#if DT_ONEDNN
    tcase_add_loop_test(tc, planted_fault_is_seen, 0, op_case_count());
#endif
    suite_add_tcase(s, tc);
    return s;
}
