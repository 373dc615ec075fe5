#include "sample.h"

#include <string.h>

START_TEST(what_was_put_is_got)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_ckpt *c;
    float w[72];
    double mean[2];
    uint8_t bytes[3];
    int64_t step = 0;

    save_sample("a.h5");
    c = open_good("a.h5");
    dt_ckpt_get(c, "/model/stem/conv/weight", DT_CKPT_F32, 4, (int64_t[]){ 2, 3, 3, 4 }, w);
    dt_ckpt_get(c, "/model/stem/norm/mean", DT_CKPT_F64, 1, (int64_t[]){ 2 }, mean);
    dt_ckpt_get(c, "/model/stem-2/bytes", DT_CKPT_U8, 1, (int64_t[]){ 3 }, bytes);
    dt_ckpt_get(c, "/loop/step", DT_CKPT_I64, 0, NULL, &step);
    dt_ckpt_get(c, "/loop/none", DT_CKPT_F32, 2, (int64_t[]){ 0, 5 }, NULL);
    ck_assert_str_eq(dt_ckpt_get_text(c, "/config", arena), "name: caf\xc3\xa9\n");
    ck_assert_str_eq(dt_ckpt_get_text(c, "/empty", arena), "");
    dt_test_ok(dt_ckpt_err(c));
    for (int i = 0; i < 72; i++)
        ck_assert(w[i] == (float)i / 7);
    ck_assert(mean[0] == 0.1 && mean[1] == -0.2);
    ck_assert(bytes[0] == 0 && bytes[1] == 127 && bytes[2] == 255);
    ck_assert_int_eq(step, INT64_MIN + 1);
    dt_ckpt_free(c);
    dt_arena_free(arena);
}
END_TEST

START_TEST(two_may_be_open_at_once)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *made = dt_ckpt_new(&err), *a, *b;
    int64_t x = 7, step;

    save_sample("a.h5");
    dt_ckpt_put(made, "/loop/step", DT_CKPT_I64, 0, NULL, &x);
    ck_assert_int_eq(dt_ckpt_save(made, "b.h5", &err), DT_OK);
    a = open_good("a.h5");
    b = open_good("b.h5");
    dt_ckpt_get(a, "/loop/step", DT_CKPT_I64, 0, NULL, &step);
    ck_assert_int_eq(step, INT64_MIN + 1);
    dt_ckpt_get(b, "/loop/step", DT_CKPT_I64, 0, NULL, &step);
    ck_assert_int_eq(step, 7);
    dt_ckpt_free(made);
    dt_ckpt_free(a);
    dt_ckpt_free(b);
}
END_TEST

static bool list(void *ctx, const struct dt_ckpt_item *item)
{
    char *all = ctx;

    sprintf(all + strlen(all), "%s %d %d %d %d\n", item->path, item->type, item->text, item->rank, (int)item->dims[0]);
    return strcmp(item->path, "/model/stem-2/bytes") != 0;
}

START_TEST(datasets_are_listed_by_path)
{
    char made[1024] = "", loaded[1024] = "";
    struct dt_ckpt *c = sample_ckpt();

    save_sample("a.h5");
    ck_assert(!dt_ckpt_each(c, list, made));
    dt_ckpt_free(c);
    c = open_good("a.h5");
    ck_assert(!dt_ckpt_each(c, list, loaded));
    dt_ckpt_free(c);
    ck_assert_str_eq(made, "/config 3 1 1 12\n/empty 3 1 1 0\n/loop/none 0 0 2 0\n/loop/step 2 0 0 0\n"
                           "/model/stem-2/bytes 3 0 1 3\n");
    ck_assert_str_eq(loaded, made);
}
END_TEST

START_TEST(datasets_and_groups_are_there_or_not)
{
    struct dt_ckpt *c = sample_ckpt();

    ck_assert(dt_ckpt_has(c, "/model/stem/conv/weight"));
    ck_assert(dt_ckpt_has(c, "/model/stem"));
    ck_assert(dt_ckpt_has(c, "/model"));
    ck_assert(!dt_ckpt_has(c, "/model/ste"));
    ck_assert(!dt_ckpt_has(c, "/policy"));
    ck_assert(!dt_ckpt_has(c, "/zzz"));
    dt_ckpt_free(c);
}
END_TEST

static const struct wrong {
    const char *path;
    enum dt_ckpt_type type;
    int rank;
    int64_t dims[4];
    const char *says;
} wrong[] = {
    { "/model/stem/conv/weight", DT_CKPT_F32, 4, { 2, 3, 4, 3 }, "is f32 [2,3,3,4], expected f32 [2,3,4,3]" },
    { "/model/stem/conv/weight", DT_CKPT_F64, 4, { 2, 3, 3, 4 }, "is f32 [2,3,3,4], expected f64 [2,3,3,4]" },
    { "/model/stem/conv/weight", DT_CKPT_F32, 1, { 72 }, "is f32 [2,3,3,4], expected f32 [72]" },
    { "/loop/step", DT_CKPT_I64, 1, { 1 }, "is i64 [], expected i64 [1]" },
    { "/config", DT_CKPT_U8, 1, { 11 }, "is a text, expected u8 [11]" },
    { "/model/stem/conv/bias", DT_CKPT_F32, 1, { 2 }, "/model/stem/conv/bias is missing" },
    { "/model/stem", DT_CKPT_F32, 1, { 2 }, "/model/stem is missing" },
};

START_TEST(exact_type_and_extents_or_a_failure)
{
    const struct wrong *w = &wrong[_i];
    struct dt_ckpt *c;
    float out[72] = { 5 };
    char text[256];

    save_sample("a.h5");
    c = open_good("a.h5");
    dt_ckpt_get(c, w->path, w->type, w->rank, w->dims, out);
    dt_test_fails(dt_ckpt_err(c), DT_ECHECKPOINT, w->says);
    snprintf(text, sizeof text, "a.h5: %s", w->path);
    dt_test_fails(dt_ckpt_err(c), DT_ECHECKPOINT, text);
    dt_ckpt_get(c, "/model/stem/conv/weight", DT_CKPT_F32, 4, (int64_t[]){ 2, 3, 3, 4 }, out); /* does nothing now */
    ck_assert(out[0] == 5);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(a_text_or_a_failure)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_arena *arena = dt_arena_new(0, &err);
    struct dt_ckpt *c = sample_ckpt();

    ck_assert_ptr_null(dt_ckpt_get_text(c, "/loop/step", arena));
    dt_test_fails(dt_ckpt_err(c), DT_ECHECKPOINT, "/loop/step is i64 [], expected a text");
    ck_assert_ptr_null(dt_ckpt_get_text(c, "/config", arena));
    dt_ckpt_free(c);
    c = sample_ckpt();
    ck_assert_ptr_null(dt_ckpt_get_text(c, "/none", arena));
    dt_test_fails(dt_ckpt_err(c), DT_ECHECKPOINT, "/none is missing");
    dt_ckpt_free(c);
    dt_arena_free(arena);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------------------------- */

static void expect_refused(const char *path, const char *says)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert_ptr_null(dt_ckpt_open(path, &err));
    dt_test_fails(&err, DT_ECHECKPOINT, says);
    dt_test_fails(&err, DT_ECHECKPOINT, path);
}

START_TEST(messages_say_what_is_wrong)
{
    size_t size;
    char *file;

    expect_refused("none.h5", "none.h5: cannot be read: No such file or directory");
    save_sample("a.h5");
    file = read_bytes("a.h5", &size);
    write_bytes("b.h5", file, 512);
    expect_refused("b.h5", "b.h5: is too short for a checkpoint: 512 bytes; an earlier checkpoint of the run may be "
                           "intact: a.h5");
    write_bytes("b.h5", file, 513);
    expect_refused("b.h5", "b.h5: is damaged: 1 bytes of content where ");
    file[0] = 'X';
    write_bytes("b.h5", file, size);
    expect_refused("b.h5", "b.h5: is not a checkpoint of dyntrain: it does not begin with DYNTCKPT");
    file[0] = 'D';
    file[8] = 2;
    write_bytes("b.h5", file, size);
    expect_refused("b.h5", "b.h5: has format version 2; this dyntrain reads version 1: a newer one is needed");
    file[8] = 1;
    file[100] = 1;
    write_bytes("b.h5", file, size);
    expect_refused("b.h5", "b.h5: is damaged: byte 100 of its header is not zero");
    file[100] = 0;
    file[size / 2] ^= 1;
    write_bytes("ckpt/last.h5", file, size);
    expect_refused("ckpt/last.h5", "ckpt/last.h5: is damaged: its SHA-256 does not match");
    write_bytes("ckpt/best.h5", file, size);
    expect_refused("ckpt/last.h5", "ckpt/last.h5: is damaged: its SHA-256 does not match; an earlier checkpoint of the "
                                   "run may be intact: ckpt/best.h5");
    dt_free(file);
}
END_TEST

static void expect_flip_refused(char *file, size_t size, size_t at, int bit)
{
    struct dt_err err = { .code = DT_OK };

    file[at] = (char)(file[at] ^ 1 << bit);
    write_bytes("b.h5", file, size);
    file[at] = (char)(file[at] ^ 1 << bit);
    ck_assert_msg(!dt_ckpt_open("b.h5", &err), "a flip of bit %d of byte %zu is not noticed", bit, at);
    ck_assert_int_eq(err.code, DT_ECHECKPOINT);
}

START_TEST(every_flip_is_noticed)
{
    struct dt_rng rng = dt_rng_at(1, DT_STREAM_TEST, 0, 0);
    size_t size;
    char *file;

    save_sample("a.h5");
    file = read_bytes("a.h5", &size);
    for (size_t at = 0; at < 512; at++)
        expect_flip_refused(file, size, at, (int)(at % 8));
    for (int i = 0; i < 300; i++)
        expect_flip_refused(file, size, 512 + dt_rng_below(&rng, (uint32_t)(size - 512)), (int)dt_rng_below(&rng, 8));
    dt_free(file);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
    struct dt_err err = { .code = DT_OK };
    size_t size;
    char *file;

    save_sample("a.h5");
    file = read_bytes("a.h5", &size);
    for (size_t n = 0; n < size; n += n < 600 ? 1 : 37) {
        write_bytes("b.h5", file, n);
        err.code = DT_OK;
        ck_assert_ptr_null(dt_ckpt_open("b.h5", &err));
        ck_assert_int_eq(err.code, DT_ECHECKPOINT);
    }
    write_bytes("b.h5", file, size - 1);
    err.code = DT_OK;
    ck_assert_ptr_null(dt_ckpt_open("b.h5", &err));
    dt_free(file);
}
END_TEST

Suite *suite_ckpt_load(void)
{
    Suite *s = suite_create("ckpt_load");
    TCase *c = case_in_folder("ckpt_load");

    tcase_add_test(c, what_was_put_is_got);
    tcase_add_test(c, two_may_be_open_at_once);
    tcase_add_test(c, datasets_are_listed_by_path);
    tcase_add_test(c, datasets_and_groups_are_there_or_not);
    tcase_add_loop_test(c, exact_type_and_extents_or_a_failure, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(c, a_text_or_a_failure);
    tcase_add_test(c, messages_say_what_is_wrong);
    tcase_add_test(c, every_flip_is_noticed);
    tcase_add_test(c, every_truncation_is_noticed);
    suite_add_tcase(s, c);
    return s;
}
