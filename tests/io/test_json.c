#include "suites.h"

#include <math.h>
#include <string.h>

static struct dt_json *sample(void)
{
    struct dt_json *o = dt_json_object(), *list;

    dt_json_num(o, "accuracy", 0.91234567891234);
    dt_json_num(o, "whole", 3);
    dt_json_num(o, "loss", NAN);
    dt_json_num(o, "rate", -INFINITY);
    dt_json_int(o, "macs", INT64_C(40551040000000));
    dt_json_str(o, "name", "a \"b\"\n");
    dt_json_str(o, "none", NULL);
    dt_json_bool(o, "ok", true);
    list = dt_json_put(o, "list", dt_json_array());
    dt_json_int(list, NULL, 1);
    dt_json_str(list, NULL, "two");
    dt_json_num(dt_json_put(list, NULL, dt_json_object()), "x", 1e-9);
    return o;
}

START_TEST(written_in_order_with_nine_digits)
{
    struct dt_json *o = sample();
    FILE *f = fopen("a", "w");

    ck_assert(dt_json_write(o, f, false));
    fclose(f);
    dt_json_free(o);
    expect_text("a", "{\"accuracy\":0.912345679,\"whole\":3.0,\"loss\":null,\"rate\":null,\"macs\":40551040000000,"
                     "\"name\":\"a \\\"b\\\"\\n\",\"none\":null,\"ok\":true,\"list\":[1,\"two\",{\"x\":1e-9}]}\n");
}
END_TEST

START_TEST(saved_and_read_again)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_json *o = sample();

    ck_assert_int_eq(dt_json_save(o, "result.json", &err), DT_OK);
    dt_json_free(o);
    o = dt_json_read("result.json", &err);
    dt_test_ok(&err);
    ck_assert_double_eq_tol(dt_json_get_num(o, "accuracy", 0), 0.912345679, 1e-12);
    ck_assert_double_eq(dt_json_get_num(o, "macs", 0), 40551040000000.0);
    ck_assert_double_eq(dt_json_get_num(o, "loss", -1), -1);
    ck_assert_double_eq(dt_json_get_num(o, "name", -1), -1);
    ck_assert_str_eq(dt_json_get_str(o, "name", ""), "a \"b\"\n");
    ck_assert_str_eq(dt_json_get_str(o, "nothing", "missing"), "missing");
    ck_assert_str_eq(dt_json_get_str(o, "macs", "missing"), "missing");
    dt_json_free(o);
    ck_assert_int_eq(count_files("."), 1);
}
END_TEST

START_TEST(children_are_seen_and_taken)
{
    struct dt_json *o = sample(), *list = dt_json_get(o, "list");

    ck_assert_ptr_nonnull(list);
    ck_assert_int_eq(dt_json_size(list), 3);
    ck_assert_double_eq(dt_json_get_num(dt_json_at(list, 2), "x", 0), 1e-9);
    ck_assert_ptr_null(dt_json_at(list, 3));
    ck_assert_ptr_null(dt_json_get(o, "nothing"));
    ck_assert_ptr_null(dt_json_take(o, "nothing"));
    ck_assert_int_eq(dt_json_size(o), 0);
    ck_assert_int_eq(dt_json_size(NULL), 0);
    list = dt_json_take(o, "list");
    ck_assert_ptr_null(dt_json_get(o, "list"));
    dt_json_free(o);
    ck_assert_int_eq(dt_json_size(list), 3);
    dt_json_free(list);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced)
{
    struct dt_json *o = dt_json_object();

    dt_json_str(o, "file", "caf\xe9.yaml");
    dt_json_str(o, "good", "caf\xc3\xa9");
    ck_assert_str_eq(dt_json_get_str(o, "file", ""), "caf?.yaml");
    ck_assert_str_eq(dt_json_get_str(o, "good", ""), "caf\xc3\xa9");
    dt_json_free(o);
}
END_TEST

static const struct bad {
    const char *text, *says;
} bad[] = {
    { .text = "", .says = "bad.json:1:0: is not valid JSON" },
    { .text = "{\"a\": 1,\n \"b\": }", .says = "bad.json:2:7: is not valid JSON: unexpected token near '}'" },
    { .text = "{\"a\": 1, \"a\": 2}", .says = "duplicate object key" },
    { .text = "{\"a\": 1} x", .says = "is not valid JSON: end of file expected near 'x'" },
};

START_TEST(malformed_json_is_refused)
{
    struct dt_err err = { .code = DT_OK };

    write_text("bad.json", bad[_i].text);
    ck_assert_ptr_null(dt_json_read("bad.json", &err));
    dt_test_fails(&err, DT_ECHECKPOINT, bad[_i].says);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    struct dt_err err = { .code = DT_OK };

    ck_assert_ptr_null(dt_json_read("none.json", &err));
    dt_test_fails(&err, DT_ECHECKPOINT, "none.json: cannot be read: No such file or directory");
}
END_TEST

START_TEST(no_object_is_no_harm)
{
    struct dt_err err = { .code = DT_OK };

    dt_json_num(NULL, "a", 1);
    dt_json_str(NULL, "a", "b");
    dt_json_int(NULL, "a", 1);
    dt_json_bool(NULL, "a", true);
    ck_assert_ptr_null(dt_json_put(NULL, "a", dt_json_object()));
    ck_assert_double_eq(dt_json_get_num(NULL, "a", 7), 7);
    ck_assert(!dt_json_write(NULL, stderr, false));
    ck_assert_int_eq(dt_json_save(NULL, "a", &err), DT_ENOMEM);
    dt_json_free(NULL);
}
END_TEST

START_TEST(out_of_memory_at_every_call)
{
    struct dt_alloc_stats before = dt_alloc_stats();

    for (int64_t k = 0;; k++) {
        struct dt_err err = { .code = DT_OK };
        struct dt_json *o;

        dt_alloc_fail_at(k);
        o = sample();
        ck_assert_int_eq(dt_json_save(o, "a.json", &err), err.code);
        dt_json_free(o);
        dt_alloc_fail_at(-1);
        ck_assert_int_eq(dt_alloc_stats().live, before.live);
        if (err.code == DT_OK)
            break;
        ck_assert_int_eq(err.code, DT_ENOMEM);
        ck_assert_int_lt(k, 10000);
    }
}
END_TEST

Suite *suite_json(void)
{
    Suite *s = suite_create("json");
    TCase *c = case_in_folder("json");

    tcase_add_test(c, written_in_order_with_nine_digits);
    tcase_add_test(c, saved_and_read_again);
    tcase_add_test(c, children_are_seen_and_taken);
    tcase_add_test(c, bytes_that_are_not_utf8_are_replaced);
    tcase_add_loop_test(c, malformed_json_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(c, a_missing_file_is_named);
    tcase_add_test(c, no_object_is_no_harm);
    tcase_add_test(c, out_of_memory_at_every_call);
    suite_add_tcase(s, c);
    return s;
}
