/* The option table: its defaults are what the documentation says, and they open. */
#include "files.h"
#include "suites.h"

#include <string.h>

static const struct dt_opt *find(const struct dt_opt *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    ck_abort_msg("no option %s", name);
    return NULL;
}

START_TEST(test_defaults)
{
    struct dt_err err = { 0 };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_data_cfg cfg;
    struct dt_dataset *d;

    ck_assert(dt_opt_defaults(dt_data_opts, &cfg, arena, &err));
    ck_assert_int_eq(cfg.dataset, DT_FASHION_MNIST);
    ck_assert_str_eq(cfg.dir, "");
    ck_assert_double_eq(cfg.val_split, 0.1);
    ck_assert_int_eq(cfg.batch, 128);
    ck_assert_int_eq(cfg.workers, 1);
    ck_assert_int_eq(cfg.limit, 0);
    ck_assert_int_eq(cfg.size, 32);
    ck_assert_int_eq(cfg.augment.crop_pad, 0);
    ck_assert(!cfg.augment.hflip);
    ck_assert_int_eq(cfg.augment.cutout, 0);
    cfg.dataset = DT_SYNTH;
    d = test_open(&cfg, 1);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_TRAIN], 1800);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_VAL], 200);
    ck_assert_int_eq(dt_dataset_info(d)->n[DT_TEST], 500);
    ck_assert_int_eq(dt_dataset_info(d)->classes, 4);
    ck_assert_int_eq(dt_dataset_info(d)->h, 16);
    ck_assert_int_eq(dt_dataset_info(d)->c, 3);
    dt_dataset_free(d);
    dt_arena_free(arena);
}
END_TEST

/* The names in the table stand in the order of the enum. */
START_TEST(test_names)
{
    static const char *const name[] = { "fashion_mnist", "cifar10", "cifar100", "synth", "folder", "idx" };
    static const int value[] = { DT_FASHION_MNIST, DT_CIFAR10, DT_CIFAR100, DT_SYNTH, DT_FOLDER, DT_IDX };
    struct dt_data_cfg cfg = { 0 };
    struct dt_err err = { 0 };

    for (int i = 0; i < 6; i++) {
        ck_assert(dt_opt_set(find(dt_data_opts, "dataset"), &cfg, name[i], NULL, &err));
        ck_assert_int_eq(cfg.dataset, value[i]);
    }
    ck_assert(!dt_opt_set(find(dt_data_opts, "dataset"), &cfg, "cifar", NULL, &err));
}
END_TEST

START_TEST(test_ranges)
{
    static const struct {
        const char *name, *text;
    } wrong[] = { { "val_split", "1" }, { "batch", "0" }, { "workers", "-1" }, { "limit", "-5" }, { "size", "4" } };
    struct dt_data_cfg cfg = { 0 };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct dt_err err = { 0 };

        ck_assert(!dt_opt_set(find(dt_data_opts, wrong[i].name), &cfg, wrong[i].text, NULL, &err));
    }
}
END_TEST

Suite *suite_options(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");

    tcase_add_test(t, test_defaults);
    tcase_add_test(t, test_names);
    tcase_add_test(t, test_ranges);
    suite_add_tcase(s, t);
    return s;
}
