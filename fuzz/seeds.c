/* Writes the seed corpora into the folder that FUZZ_CORPUS names: run it anew when a format changes.
 *   FUZZ_CORPUS=fuzz/corpus build/fuzz/fuzz_seeds
 * A suite of Check, as the helpers of the tests that it uses need one around them. Configs and JSON are kept by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "sample.h"

static uint8_t seed[1 << 16];
static size_t n_seed;
static char dir[256];

static void begin(void)
{
    n_seed = 0;
}

static void add_byte(uint8_t v)
{
    seed[n_seed++] = v;
}

/* With two bytes of length in front, as fuzz_cut takes it off; or the rest, without. */
static void add_file(const char *name, bool with_length)
{
    uint8_t *at = seed + n_seed + (with_length ? 2 : 0);
    size_t n = test_read(test_path(dir, name), at, sizeof seed - n_seed - 2);

    if (with_length) {
        at[-2] = (uint8_t)n;
        at[-1] = (uint8_t)(n >> 8);
    }
    n_seed = (size_t)(at - seed) + n;
}

static void end(const char *target, const char *name)
{
    const char *corpus = getenv("FUZZ_CORPUS");
    char folder[512];

    ck_assert_ptr_nonnull(corpus);
    snprintf(folder, sizeof folder, "%s/%s", corpus, target);
    test_write(test_path(folder, name), seed, n_seed);
}

static void idx(bool gz)
{
    static const char *const names[] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                         "t10k-labels-idx1-ubyte" };
    char name[64];

    test_mnist(dir, 3, 2, 2, gz);
    begin();
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", names[i], gz ? ".gz" : "");
        add_file(name, true);
    }
    end("idx", gz ? "gzip" : "plain");
}

static void cifar(uint8_t which)
{
    test_cifar(test_path(dir, "batch"), which ? 2 : 1, which ? 100 : 10, 0, 1);
    test_write(test_path(dir, "names"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", which ? 0 : 20);
    begin();
    add_byte(which);
    add_file("names", true);
    add_file("batch", true);
    add_file("batch", false);
    end("cifar", which ? "cifar100" : "cifar10");
}

static void image(const char *name, bool jpeg, int c)
{
    uint8_t pixels[13 * 10 * 3];

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(7 * i);
    begin();
    if (jpeg)
        test_jpeg(test_path(dir, "image"), pixels, 13, 10, c);
    else
        test_png(test_path(dir, "image"), pixels, 13, 10, c);
    add_file("image", false);
    end("image", name);
}

/* Content that says what its images were like. */
static void described(void)
{
    const double mean[] = { 0.5, 0.4, 0.3 }, std[] = { 0.2, 0.2, 0.3 };
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = dt_ckpt_new(&err);

    dt_test_ok(&err);
    dt_ckpt_put(c, "/data/shape", DT_CKPT_I64, 1, (int64_t[]){ 4 }, (int64_t[]){ 32, 32, 3, 2 });
    dt_ckpt_put(c, "/data/mean", DT_CKPT_F64, 1, (int64_t[]){ 3 }, mean);
    dt_ckpt_put(c, "/data/std", DT_CKPT_F64, 1, (int64_t[]){ 3 }, std);
    dt_ckpt_put_text(c, "/data/classes", "cat\ndog\n");
    ck_assert_int_eq(dt_ckpt_save(c, test_path(dir, "data.h5"), &err), DT_OK);
    dt_ckpt_free(c);
    begin();
    add_file("data.h5", false);
    memmove(seed + 1, seed + 512, n_seed - 512);
    n_seed -= 511;
    seed[0] = 1;
    end("checkpoint", "data");
}

/* Raw, and as content to which the target makes a header. */
static void checkpoint(void)
{
    save_sample(test_path(dir, "last.h5"));
    begin();
    add_byte(0);
    add_file("last.h5", false);
    end("checkpoint", "file");
    memmove(seed + 1, seed + 1 + 512, n_seed - 1 - 512);
    n_seed -= 512;
    seed[0] = 1;
    end("checkpoint", "content");
}

START_TEST(write_all)
{
    dt_test_mkdir(dir);
    idx(false);
    idx(true);
    cifar(0);
    cifar(1);
    image("grey.png", false, 1);
    image("rgb.png", false, 3);
    image("grey.jpg", true, 1);
    image("rgb.jpg", true, 3);
    checkpoint();
    described();
    dt_test_rmdir(dir);
}
END_TEST

static Suite *suite_seeds(void)
{
    Suite *s = suite_create("seeds");
    TCase *c = tcase_create("seeds");

    tcase_add_test(c, write_all);
    suite_add_tcase(s, c);
    return s;
}

int main(int argc, char **argv)
{
    static dt_suite_fn *const suites[] = { suite_seeds, NULL };

    return dt_test_main(argc, argv, suites);
}
