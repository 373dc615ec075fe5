#include "suites.h"
#include "capture.h"

#include <string.h>
#include <time.h>

START_TEST(a_bar_shows_the_share)
{
    struct capture c = capture_begin();
    struct dt_progress *p = dt_progress_new(DT_PROGRESS_BAR);
    char text[4096];

    dt_progress_show(p, "ep 12/160", 41, 100, "loss 0.412", 2470);
    dt_progress_clear(p);
    dt_progress_clear(p);
    dt_progress_free(p);
    capture_end(&c, text);
    ck_assert_str_eq(text, "\rep 12/160 [===========>                  ] 41%  loss 0.412  ETA 00:41:10\033[K\r\033[K");
}
END_TEST

START_TEST(redraws_are_rare_but_the_end_is_shown)
{
    struct capture c = capture_begin();
    struct dt_progress *p = dt_progress_new(DT_PROGRESS_BAR);
    char text[4096];
    int lines = 0;

    for (int i = 1; i <= 1000; i++)
        dt_progress_show(p, "ep 1/1", i, 1000, NULL, -1);
    dt_progress_free(p);
    capture_end(&c, text);
    for (char *s = text; (s = strstr(s, "ep 1/1")) != NULL; s++)
        lines++;
    ck_assert_int_ge(lines, 2);
    ck_assert_int_le(lines, 20); /* 10 a second; 2 s would be a very slow machine */
    ck_assert_ptr_nonnull(strstr(text, "] 100%"));
    ck_assert_ptr_nonnull(strstr(text, " img/s"));
    ck_assert_ptr_null(strstr(text, "ETA"));
}
END_TEST

START_TEST(the_rate_counts_from_the_first_call)
{
    static const struct timespec wait = { 0, 200000000 };
    struct dt_progress *p = dt_progress_new(DT_PROGRESS_BAR);
    struct capture c = capture_begin();
    char text[4096];
    int thousands, rest;

    dt_progress_show(p, "x", 5000, 10000, NULL, -1);
    nanosleep(&wait, NULL);
    dt_progress_show(p, "x", 5400, 10000, NULL, -1); /* 400 items in a bit more than 0.2 s */
    dt_progress_free(p);
    capture_end(&c, text);
    ck_assert_ptr_nonnull(strstr(text, "54%  "));
    if (sscanf(strstr(text, "54%  "), "54%%  %d %d img/s", &thousands, &rest) == 2)
        ck_assert_int_le(1000 * thousands + rest, 2000);
    else
        ck_assert_int_eq(sscanf(strstr(text, "54%  "), "54%%  %d img/s", &rest), 1);
}
END_TEST

START_TEST(elsewhere_lines_come_every_ten_seconds)
{
    struct capture c = capture_begin();
    struct dt_progress *p = dt_progress_new(DT_PROGRESS_PLAIN), *off = dt_progress_new(DT_PROGRESS_OFF);
    struct dt_progress *by_itself = dt_progress_new(DT_PROGRESS_AUTO); /* stderr is a file here */
    char text[4096];

    for (int i = 0; i <= 100; i++) {
        dt_progress_show(p, "ep 1/1", i, 100, "loss 1", 3);
        dt_progress_show(off, "ep 1/1", i, 100, "loss 1", 3);
        dt_progress_show(by_itself, "ep 1/1", i, 100, "loss 1", 3);
    }
    dt_progress_free(by_itself);
    dt_progress_free(off);
    dt_progress_free(p);
    capture_end(&c, text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(hostile_input_is_safe)
{
    struct capture c = capture_begin();
    struct dt_progress *p = dt_progress_new(DT_PROGRESS_BAR);
    char wide[2000], text[4096];

    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    dt_progress_show(p, wide, 5, 5, wide, 1e300);
    dt_progress_show(p, "x", 0, 0, "", 0);
    dt_progress_show(p, "x", 7, 7, NULL, -1);
    dt_progress_show(NULL, "x", 0, 0, "", 0);
    dt_progress_clear(NULL);
    dt_progress_free(NULL);
    dt_progress_free(p);
    capture_end(&c, text);
    ck_assert_uint_lt(strlen(text), 300);
    dt_alloc_fail_at(0);
    ck_assert_ptr_null(dt_progress_new(DT_PROGRESS_BAR));
    dt_alloc_fail_at(-1);
}
END_TEST

Suite *suite_progress(void)
{
    Suite *s = suite_create("progress");
    TCase *t = tcase_create("progress");

    tcase_add_test(t, a_bar_shows_the_share);
    tcase_add_test(t, redraws_are_rare_but_the_end_is_shown);
    tcase_add_test(t, the_rate_counts_from_the_first_call);
    tcase_add_test(t, elsewhere_lines_come_every_ten_seconds);
    tcase_add_test(t, hostile_input_is_safe);
    suite_add_tcase(s, t);
    return s;
}
