/* The optimisers, through dt_train_update, against PyTorch's (tools/gen_optim_golden.py). */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "tiny.h"

enum { N = 5, STEPS = 5 };

static void read_line(FILE *f, const char *word, double *v, int n)
{
    char head[16];

    ck_assert_int_eq(fscanf(f, "%15s", head), 1);
    ck_assert_str_eq(head, word);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(fscanf(f, "%lf", &v[i]), 1);
}

static int pick(const char *name)
{
    static const char *const names[] = { "sgd", "adam", "adamw", "rmsprop" };

    for (int i = 0; i < 4; i++)
        if (!strcmp(names[i], name))
            return i;
    ck_abort_msg("unknown optimiser %s", name);
    return -1;
}

static bool read_case(FILE *f, struct dt_optim_cfg *cfg)
{
    char name[16];
    int nesterov;

    if (fscanf(f, " case %15s", name) != 1)
        return false;
    cfg->name = pick(name);
    ck_assert_int_eq(fscanf(f, "%lf %lf %d %lf %lf %lf %lf %lf", &cfg->lr, &cfg->momentum, &nesterov, &cfg->beta1,
                            &cfg->beta2, &cfg->eps, &cfg->weight_decay, &cfg->clip_norm),
                     8);
    cfg->nesterov = nesterov != 0;
    return true;
}

static void run_case(FILE *f, struct tiny *b, const double *x, double g[STEPS][N])
{
    double want[N];

    for (int i = 0; i < N; i++)
        b->weight[i] = (dt_real)x[i];
    ck_assert_int_eq(dt_train_group(&b->l.t, "net", &b->cfg), DT_OK);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < N; i++)
            b->weight_grad[i] = (dt_real)g[s][i];
        ck_assert_int_eq(dt_train_update(&b->l.t, 1), DT_OK);
        read_line(f, "x", want, N);
        for (int i = 0; i < N; i++) {
            ck_assert_double_eq_tol(b->weight[i], want[i], 2e-6);
            ck_assert(b->weight_grad[i] == 0); /* cleared on the way */
        }
    }
}

START_TEST(equal_pytorch)
{
    FILE *f = fopen(DT_GOLDEN_DIR "/optim.txt", "r");
    double x[N], g[STEPS][N];
    struct tiny b;
    int cases = 0;

    ck_assert_ptr_nonnull(f);
    read_line(f, "x", x, N);
    for (int s = 0; s < STEPS; s++)
        read_line(f, "g", g[s], N);
    for (;;) {
        tiny_open(&b, N);
        if (!read_case(f, &b.cfg)) {
            tiny_close(&b);
            break;
        }
        run_case(f, &b, x, g);
        tiny_close(&b);
        cases++;
    }
    ck_assert_int_eq(cases, 10);
    fclose(f);
}
END_TEST

Suite *suite_optim(void)
{
    Suite *s = suite_create("optim");
    TCase *c = tcase_create("golden");

    tcase_add_test(c, equal_pytorch);
    suite_add_tcase(s, c);
    return s;
}
