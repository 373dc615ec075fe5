/* A plan computes what the tape computes: on every model and on random nets, full and under random choices, for both
 * engines and any batch. */
#include "suites.h"
#include "toy.h"
#include "trial.h"

#include <string.h>

static const double tolerance = 1e-5;

START_TEST(toy_nets)
{
    static const char *const engines[] = { "ref", "auto" };
    struct dt_rng rng = dt_rng_at(5, DT_STREAM_TEST, 5, 0);

    for (uint32_t seed = 0; seed < 40; seed++) {
        struct dt_net *net = toy_net(seed, false, seed % 4 > 0);
        struct trial t = trial_open(engines[seed % 2], net, 1 + toy_rand(&rng, TOY_MAX_BATCH), seed);
        const struct dt_plan_cfg cfg = { .batch = t.n, .keep_norm = seed % 5 == 0 };
        double d;

        trial_perturb(net, seed);
        d = trial_compare(&t, &cfg, 6, &rng);
        ck_assert_msg(d < tolerance, "net %u, engine %s: off by %g", seed, dt_engine_name(t.engine), d);
        trial_close(&t);
        dt_net_free(net);
    }
}
END_TEST

static const struct {
    const char *name;
    bool dynamic;
} models[] = { { "resnet8", true },   { "resnet20", true }, { "resnet56", false },   { "resnext29", false },
               { "resnext29", true }, { "vgg16bn", false }, { "mobilenetv2", true }, { "mcifarnet", false } };

enum { N_MODELS = sizeof models / sizeof *models };

/* The tape makes a primitive for every sub-batch that choices bring about: large batches on the smallest net only. */
START_TEST(all_models)
{
    static const int batches[] = { 1, 2, 7, 128 };
    struct dt_net *net = trial_model(models[_i].name, models[_i].dynamic);
    struct dt_rng rng = dt_rng_at(6, DT_STREAM_TEST, 6, 0);
    int most = strcmp(models[_i].name, "resnet8") == 0 ? 128 : 7;

    for (int b = 0; b < 4 && batches[b] <= most; b++) {
        struct trial t = trial_open("auto", net, batches[b], (uint32_t)b);
        double d;

        if (strcmp(dt_engine_name(t.engine), "ref") != 0 || batches[b] < 2) { /* the reference is slow */
            d = trial_compare(&t, &(struct dt_plan_cfg){ .batch = t.n }, batches[b] > 2 ? 1 : 3, &rng);
            ck_assert_msg(d < tolerance, "%s, batch %d: off by %g", models[_i].name, batches[b], d);
        }
        trial_close(&t);
    }
    dt_net_free(net);
}
END_TEST

Suite *suite_same(void)
{
    Suite *s = suite_create("same");
    TCase *c = tcase_create("plan and tape");

    tcase_add_test(c, toy_nets);
    tcase_add_loop_test(c, all_models, 0, N_MODELS);
    suite_add_tcase(s, c);
    return s;
}
