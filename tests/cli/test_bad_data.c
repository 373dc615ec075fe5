/* Data that is missing or damaged: one line that names the file; exit 4. A training that diverges: exit 6. */
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "suites.h"

enum { N_TRAIN = 60, N_TEST = 20, SIDE = 8, IMAGES_HEADER = 16, LABELS_HEADER = 8 };

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void write_half(const char *name, int n)
{
    uint8_t images[IMAGES_HEADER + N_TRAIN * SIDE * SIDE] = { 0, 0, 8, 3 };
    uint8_t labels[LABELS_HEADER + N_TRAIN] = { 0, 0, 8, 1 };
    char path[64];

    put_u32(images + 4, (uint32_t)n);
    put_u32(images + 8, SIDE);
    put_u32(images + 12, SIDE);
    put_u32(labels + 4, (uint32_t)n);
    for (int i = 0; i < n; i++) {
        labels[LABELS_HEADER + i] = (uint8_t)(i % 10);
        memset(images + IMAGES_HEADER + i * SIDE * SIDE, 25 * (i % 10), SIDE * SIDE / 2);
    }
    snprintf(path, sizeof path, "mnist/%s-images-idx3-ubyte", name);
    cli_write(path, images, (size_t)(IMAGES_HEADER + n * SIDE * SIDE));
    snprintf(path, sizeof path, "mnist/%s-labels-idx1-ubyte", name);
    cli_write(path, labels, (size_t)(LABELS_HEADER + n));
}

static void write_set(void)
{
    mkdir("mnist", 0700);
    write_half("train", N_TRAIN);
    write_half("t10k", N_TEST);
}

static void change_byte(const char *path, long at, uint8_t value)
{
    FILE *f = fopen(path, "r+b");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    ck_assert_int_eq(fputc(value, f), value);
    ck_assert_int_eq(fclose(f), 0);
}

static const char line[] = "-q tiny.yaml data.dataset=fashion_mnist data.dir=mnist";

START_TEST(idx)
{
    struct cli *c = cli_open();

    cli_failed(c, cli_run(c, line), 4, "data.dir: mnist");
    write_set();
    cli_ok(c, line);
    change_byte("mnist/train-labels-idx1-ubyte", LABELS_HEADER + 17, 12);
    cli_failed(c, cli_run(c, line), 4, "mnist/train-labels-idx1-ubyte: record 17: label 12, expected 0 to 9");
    write_set();
    change_byte("mnist/t10k-images-idx3-ubyte", 3, 1);
    cli_failed(c, cli_run(c, line), 4, "mnist/t10k-images-idx3-ubyte: magic number");
    write_set();
    cli_write("mnist/train-images-idx3-ubyte", "\0\0\10\3\0\0\0\74\0\0\0\10\0\0\0\10abc", 19);
    cli_failed(c, cli_run(c, line), 4,
               "mnist/train-images-idx3-ubyte: the header promises 3856 bytes, the file has 19");
    cli_failed(c, cli_run(c, "data info tiny.yaml data.dataset=fashion_mnist data.dir=mnist"), 4,
               "the header promises");
    cli_write_text("mnist/train-images-idx3-ubyte", "");
    cli_failed(c, cli_run(c, line), 4, "mnist/train-images-idx3-ubyte");
    cli_close(c);
}
END_TEST

START_TEST(other_sets)
{
    struct cli *c = cli_open();

    cli_failed(c, cli_run(c, "-q tiny.yaml data.dataset=cifar10"), 4, "data.dir");
    cli_failed(c, cli_run(c, "-q tiny.yaml data.dataset=cifar10 data.dir=nowhere"), 4, "nowhere");
    ck_assert_int_eq(mkdir("empty", 0700), 0);
    cli_failed(c, cli_run(c, "-q tiny.yaml data.dataset=cifar100 data.dir=empty"), 4, "empty");
    cli_failed(c, cli_run(c, "-q tiny.yaml data.dataset=folder data.dir=empty"), 4, "data.dir: empty");
    cli_failed(c, cli_run(c, "-q tiny.yaml data.dataset=folder"), 4, "data.dir: not set");
    ck_assert_int_lt(cli_size("runs"), 0);
    cli_close(c);
}
END_TEST

/* A trained network needs its data set for its images only. */
START_TEST(without_the_data)
{
    struct cli *c = cli_open();
    char with[sizeof c->out];

    write_set();
    cli_ok(c, "%s", line);
    cli_newest_run(c);
    cli_write_png("small.png");
    cli_ok(c, "predict %s small.png --json", c->run);
    memcpy(with, c->out, sizeof with);
    cli_ok(c, "export %s -o with.onnx", c->run);
    ck_assert_int_eq(rename("mnist", "gone"), 0);
    cli_ok(c, "predict %s small.png --json", c->run);
    ck_assert_str_eq(c->out, with); /* to the last digit, class names included */
    ck_assert_ptr_nonnull(strstr(with, "\"name\""));
    cli_ok(c, "export %s -o without.onnx", c->run);
    ck_assert_int_eq((int)cli_size("with.onnx"), (int)cli_size("without.onnx"));
    cli_ok(c, "inspect %s --verify", c->run);
    cli_ok(c, "summary %s/config.resolved.yaml", c->run);
    cli_ok(c, "report %s", c->run);
    cli_ok(c, "list runs runs");
    cli_failed(c, cli_run(c, "eval %s", c->run), 4, "data.dir: mnist");
    cli_close(c);
}
END_TEST

/* The rate is absurd, and the last good checkpoint stays. */
START_TEST(diverges)
{
    struct cli *c = cli_open();
    char path[640];

    cli_failed(c, cli_run(c, "-q tiny.yaml optim.lr=1e30 optim.schedule.name=constant"), 6, "nan-step.h5");
    snprintf(path, sizeof path, "%s/ckpt/nan-step.h5", cli_newest_run(c));
    ck_assert_int_gt(cli_size(path), 0);
    cli_ok(c, "inspect --verify %s/ckpt/last.h5", c->run);
    cli_ok(c, "list runs runs");
    ck_assert_ptr_nonnull(strstr(c->out, "failed"));
    cli_close(c);
}
END_TEST

Suite *suite_bad_data(void)
{
    Suite *s = suite_create("bad_data");
    TCase *c = tcase_create("bad_data");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, idx);
    tcase_add_test(c, other_sets);
    tcase_add_test(c, without_the_data);
    tcase_add_test(c, diverges);
    suite_add_tcase(s, c);
    return s;
}
