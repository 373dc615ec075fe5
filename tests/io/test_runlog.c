#include "suites.h"

#include <string.h>

static struct dt_runlog *open_log(int64_t keep)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_runlog *l = dt_runlog_open("metrics.jsonl", keep, &err);

    dt_test_ok(&err);
    ck_assert_ptr_nonnull(l);
    return l;
}

static void write_step(struct dt_runlog *l, int step)
{
    struct dt_json *row = dt_json_object();

    dt_json_int(row, "step", step);
    dt_runlog_write(l, row);
}

START_TEST(rows_are_appended)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_runlog *l = open_log(-1);

    ck_assert_int_eq(dt_runlog_size(l), 0);
    write_step(l, 1);
    ck_assert_int_eq(dt_runlog_size(l), 11);
    expect_text("metrics.jsonl", "{\"step\":1}\n"); /* flushed */
    write_step(l, 2);
    ck_assert_int_eq(dt_runlog_sync(l, &err), DT_OK);
    dt_runlog_close(l);
    l = open_log(-1);
    ck_assert_int_eq(dt_runlog_size(l), 22);
    write_step(l, 3);
    dt_runlog_close(l);
    expect_text("metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
}
END_TEST

START_TEST(a_torn_last_line_is_cut_off)
{
    write_text("metrics.jsonl", "{\"step\":1}\n{\"st");
    dt_runlog_close(open_log(-1));
    expect_text("metrics.jsonl", "{\"step\":1}\n");
    write_text("metrics.jsonl", "{\"st");
    dt_runlog_close(open_log(-1));
    expect_text("metrics.jsonl", "");
}
END_TEST

START_TEST(a_long_torn_line_is_cut_off)
{
    char text[10000];
    size_t size;
    char *data;

    memset(text, 'x', sizeof text);
    text[4] = '\n';
    write_bytes("metrics.jsonl", text, sizeof text);
    dt_runlog_close(open_log(-1));
    data = read_bytes("metrics.jsonl", &size);
    ck_assert_uint_eq(size, 5);
    dt_free(data);
}
END_TEST

START_TEST(a_resumed_run_goes_back_to_the_mark)
{
    struct dt_runlog *l;

    write_text("metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
    l = open_log(11);
    ck_assert_int_eq(dt_runlog_size(l), 11);
    write_step(l, 2);
    dt_runlog_close(l);
    expect_text("metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n");
    dt_runlog_close(open_log(0));
    expect_text("metrics.jsonl", "");
    dt_log_level(DT_QUIET);
    dt_runlog_close(open_log(50)); /* lines are missing: a warning */
    dt_log_level(DT_INFO);
}
END_TEST

START_TEST(what_does_not_fit_is_written_later)
{
    struct dt_err err = { .code = DT_OK }, again = err, none = err;
    struct dt_test_limit limit;
    struct dt_runlog *l = open_log(-1);
    enum dt_code code;

    limit = dt_test_limit_files(15);
    write_step(l, 1);
    write_step(l, 2);
    write_step(l, 3);
    code = dt_runlog_sync(l, &err);
    dt_test_unlimit_files(&limit);
    ck_assert_int_eq(code, DT_ERESOURCE);
    dt_test_fails(&err, DT_ERESOURCE, "metrics.jsonl: cannot be written: File too large");
    ck_assert_int_eq(dt_runlog_size(l), 15);
    ck_assert_int_eq(dt_runlog_sync(l, &again), DT_OK);
    write_step(l, 4);
    expect_text("metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
    dt_runlog_close(l);
    ck_assert_ptr_null(dt_runlog_open("none/metrics.jsonl", -1, &none));
    dt_test_fails(&none, DT_ECHECKPOINT, "none/metrics.jsonl: cannot be opened: No such file or directory");
    dt_runlog_close(NULL);
}
END_TEST

START_TEST(a_row_that_memory_had_no_room_for_is_a_failure)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_runlog *l = open_log(-1);

    dt_runlog_write(l, NULL);
    ck_assert_int_eq(dt_runlog_sync(l, &err), DT_ENOMEM);
    dt_runlog_close(l);
}
END_TEST

struct seen {
    int n, sum, most;
};

static bool see(void *ctx, struct dt_json *row)
{
    struct seen *s = ctx;

    s->n++;
    s->sum += (int)dt_json_get_num(row, "step", 0);
    dt_json_free(row);
    return s->n < s->most;
}

/* A run that goes on, or that has died, can be looked at. */
START_TEST(rows_are_read)
{
    struct dt_err err = { .code = DT_OK };
    struct seen all = { .most = 9 }, two = { .most = 2 };
    int64_t bad = -1;

    write_text("metrics.jsonl", "{\"step\":1}\n{\"step\":\n\n{\"step\":4}\n{\"step\":16}\n{\"step\":64");
    ck_assert_int_eq(dt_runlog_each("metrics.jsonl", see, &all, &bad, &err), DT_OK);
    ck_assert_int_eq(all.n, 3);
    ck_assert_int_eq(all.sum, 21);
    ck_assert_int_eq((int)bad, 2);
    ck_assert_int_eq(dt_runlog_each("metrics.jsonl", see, &two, &bad, &err), DT_OK);
    ck_assert_int_eq(two.n, 2);
    write_text("metrics.jsonl", "");
    ck_assert_int_eq(dt_runlog_each("metrics.jsonl", see, &two, &bad, &err), DT_OK);
    ck_assert_int_eq(two.n, 2);
    ck_assert_int_eq(dt_runlog_each("none.jsonl", see, &two, &bad, &err), DT_ECHECKPOINT);
    dt_test_fails(&err, DT_ECHECKPOINT, "none.jsonl: ");
}
END_TEST

Suite *suite_runlog(void)
{
    Suite *s = suite_create("runlog");
    TCase *c = case_in_folder("runlog");

    tcase_add_test(c, rows_are_appended);
    tcase_add_test(c, rows_are_read);
    tcase_add_test(c, a_torn_last_line_is_cut_off);
    tcase_add_test(c, a_long_torn_line_is_cut_off);
    tcase_add_test(c, a_resumed_run_goes_back_to_the_mark);
    tcase_add_test(c, what_does_not_fit_is_written_later);
    tcase_add_test(c, a_row_that_memory_had_no_room_for_is_a_failure);
    suite_add_tcase(s, c);
    return s;
}
