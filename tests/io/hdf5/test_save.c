#include "sample.h"

#include <string.h>
#include <time.h>

START_TEST(the_same_content_makes_the_same_bytes)
{
    size_t n, m;
    char *a, *b;

    save_sample("a.h5");
    nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 }, NULL); /* a time stamp would differ now */
    save_sample("b.h5");
    a = read_bytes("a.h5", &n);
    b = read_bytes("b.h5", &m);
    ck_assert_uint_eq(n, m);
    ck_assert(!memcmp(a, b, n));
    dt_free(a);
    dt_free(b);
    ck_assert_int_eq(count_files("."), 2);
}
END_TEST

START_TEST(saving_twice_and_saving_on)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = sample_ckpt();
    int64_t more = 5;

    ck_assert_int_eq(dt_ckpt_save(c, "a.h5", &err), DT_OK);
    dt_ckpt_put(c, "/loop/more", DT_CKPT_I64, 0, NULL, &more);
    ck_assert_int_eq(dt_ckpt_save(c, "a.h5", &err), DT_OK);
    dt_ckpt_free(c);
    c = open_good("a.h5");
    more = 0;
    dt_ckpt_get(c, "/loop/more", DT_CKPT_I64, 0, NULL, &more);
    ck_assert_int_eq(more, 5);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(the_block_is_as_documented)
{
    uint8_t hash[32];
    size_t size, length = 0;
    char *file;

    save_sample("a.h5");
    file = read_bytes("a.h5", &size);
    ck_assert(!memcmp(file, "DYNTCKPT\1\0\0", 12));
    for (int i = 7; i >= 0; i--)
        length = length << 8 | (uint8_t)file[12 + i];
    ck_assert_uint_eq(length, size - 512);
    dt_sha256(file + 512, length, hash);
    ck_assert(!memcmp(hash, file + 20, 32));
    for (int i = 52; i < 512; i++)
        ck_assert_int_eq(file[i], 0);
    ck_assert(!memcmp(file + 512, "\x89HDF\r\n\x1a\n", 8));
    dt_free(file);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_checkpoint)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = sample_ckpt();
    struct dt_test_limit limit;
    enum dt_code code;
    size_t n, m;
    char *before, *after;

    write_text("ckpt/last.h5", "");
    save_sample("ckpt/last.h5");
    before = read_bytes("ckpt/last.h5", &n);
    limit = dt_test_limit_files(600);
    code = dt_ckpt_save(c, "ckpt/last.h5", &err);
    dt_test_unlimit_files(&limit);
    ck_assert_int_eq(code, DT_ERESOURCE);
    dt_test_fails(&err, DT_ERESOURCE, "ckpt/last.h5: cannot be written: File too large");
    after = read_bytes("ckpt/last.h5", &m);
    ck_assert_uint_eq(n, m);
    ck_assert(!memcmp(before, after, n));
    ck_assert_int_eq(count_files("ckpt"), 1);
    dt_free(before);
    dt_free(after);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(failures_stick)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_ckpt *c = sample_ckpt();
    int64_t x = 1;

    ck_assert(dt_ckpt_has(c, "/loop/step"));
    dt_ckpt_put(c, "/loop/step", DT_CKPT_I64, 0, NULL, &x);
    dt_test_fails(dt_ckpt_err(c), DT_ECHECKPOINT, "checkpoint: /loop/step is there twice");
    dt_ckpt_put(c, "/loop/other", DT_CKPT_I64, 0, NULL, &x);
    dt_ckpt_put_text(c, "/text", "x");
    ck_assert(!dt_ckpt_has(c, "/loop/step"));
    ck_assert_int_eq(dt_ckpt_save(c, "a.h5", &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "a.h5: not written: checkpoint: /loop/step is there twice");
    ck_assert_int_eq(count_files("."), 0);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(a_dataset_where_a_group_is_needed)
{
    struct dt_ckpt *c = sample_ckpt();
    int64_t x = 1;

    dt_ckpt_put(c, "/loop/step/below", DT_CKPT_I64, 0, NULL, &x);
    ck_assert_int_ne(dt_ckpt_err(c)->code, DT_OK);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(out_of_memory_at_every_call)
{
    struct dt_alloc_stats before = dt_alloc_stats();

    for (int64_t k = 0;; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_ckpt *c;
        int64_t x = 1;
        bool saved = false;

        dt_alloc_fail_at(k);
        c = dt_ckpt_new(&err);
        if (c) {
            dt_ckpt_put(c, "/x", DT_CKPT_I64, 0, NULL, &x);
            saved = dt_ckpt_save(c, "a.h5", &err) == DT_OK;
        }
        dt_alloc_fail_at(-1);
        dt_ckpt_free(c);
        ck_assert_int_eq(dt_alloc_stats().live, before.live);
        if (saved)
            break;
        ck_assert_int_eq(err.code, DT_ENOMEM);
        ck_assert_int_eq(count_files("."), 0);
    }
    for (int64_t k = 0;; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_ckpt *c;

        dt_alloc_fail_at(k);
        c = dt_ckpt_open("a.h5", &err);
        dt_alloc_fail_at(-1);
        dt_ckpt_free(c);
        ck_assert_int_eq(dt_alloc_stats().live, before.live);
        if (c)
            break;
        ck_assert_int_eq(err.code, DT_ENOMEM);
    }
}
END_TEST

/* ---- other programs -------------------------------------------------------------------------------------------- */

#if defined(DT_H5LS) || defined(DT_PYTHON)
static void expect_output(const char *command, const char *const *parts)
{
    char out[8192];
    FILE *p = popen(command, "r");
    size_t n;

    ck_assert_ptr_nonnull(p);
    n = fread(out, 1, sizeof out - 1, p);
    out[n] = '\0';
    ck_assert_msg(pclose(p) == 0, "%s: %s", command, out);
    for (; *parts; parts++)
        ck_assert_msg(strstr(out, *parts) != NULL, "\"%s\" is not in: %s", *parts, out);
}
#endif

#ifdef DT_H5LS
START_TEST(h5ls_reads_it)
{
    static const char *const parts[] = { "/config                  Dataset {SCALAR}",
                                         "/model/stem/conv/weight  Dataset {2, 3, 3, 4}", "/loop/step",
                                         "-9223372036854775807", NULL };

    save_sample("a.h5");
    expect_output(DT_H5LS " -r a.h5 && " DT_H5LS " -d a.h5/loop/step", parts);
}
END_TEST
#endif

#ifdef DT_PYTHON
START_TEST(h5py_reads_it)
{
    static const char *const parts[] = { "512 float32 (2, 3, 3, 4) 0.14285715 -9223372036854775807 name: caf\xc3\xa9 "
                                         "dyntrain-checkpoint 1",
                                         NULL };

    save_sample("a.h5");
    write_text("a.py",
               "import h5py\nf = h5py.File('a.h5', 'r')\nw = f['/model/stem/conv/weight']\n"
               "print(f.userblock_size, w.dtype, w.shape, w[0, 0, 0, 1], f['/loop/step'][()],\n"
               "      f['/config'][()].decode().strip(), f.attrs['format'].decode(), f.attrs['format_version'])\n");
    expect_output("PYTHONIOENCODING=utf-8 " DT_PYTHON " a.py", parts);
}
END_TEST
#endif

Suite *suite_ckpt_save(void)
{
    Suite *s = suite_create("ckpt_save");
    TCase *c = case_in_folder("ckpt_save");

    tcase_add_test(c, the_same_content_makes_the_same_bytes);
    tcase_add_test(c, saving_twice_and_saving_on);
    tcase_add_test(c, the_block_is_as_documented);
    tcase_add_test(c, a_full_disk_leaves_the_old_checkpoint);
    tcase_add_test(c, failures_stick);
    tcase_add_test(c, a_dataset_where_a_group_is_needed);
    tcase_add_test(c, out_of_memory_at_every_call);
#ifdef DT_H5LS
    tcase_add_test(c, h5ls_reads_it);
#endif
#ifdef DT_PYTHON
    tcase_add_test(c, h5py_reads_it);
#endif
    suite_add_tcase(s, c);
    return s;
}
