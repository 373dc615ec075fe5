#include "suites.h"

#include <string.h>

static const char *const words[] = { "budget", "batch", "epochs", "a", "learning_rate" };

static const char *near(const char *word)
{
    const char *found = dt_nearest(word, words, 5);

    return found ? found : "none";
}

START_TEST(small_slips_are_found)
{
    ck_assert_str_eq(near("budget"), "budget");
    ck_assert_str_eq(near("budgte"), "budget");  /* swapped: one edit */
    ck_assert_str_eq(near("bdget"), "budget");   /* missing */
    ck_assert_str_eq(near("budgget"), "budget"); /* added */
    ck_assert_str_eq(near("bugdte"), "budget");  /* two edits of six letters */
    ck_assert_str_eq(near("leraning-rate"), "learning_rate");
    ck_assert_str_eq(near("bath"), "batch");
}
END_TEST

START_TEST(strangers_are_not)
{
    ck_assert_str_eq(near("momentum"), "none");
    ck_assert_str_eq(near("buxxxt"), "none"); /* three edits of six */
    ck_assert_str_eq(near("bxdgtx"), "none");
    ck_assert_str_eq(near("xyz"), "none");
    ck_assert_str_eq(near("b"), "a"); /* the cutoff is never below one edit */
    ck_assert_ptr_null(dt_nearest("a", words, 0));
}
END_TEST

START_TEST(any_length_is_safe)
{
    char word[1000];

    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_str_eq(near(word), "none");
    ck_assert_str_eq(near(""), "a");
}
END_TEST

Suite *suite_nearest(void)
{
    Suite *s = suite_create("nearest");
    TCase *t = tcase_create("nearest");

    tcase_add_test(t, small_slips_are_found);
    tcase_add_test(t, strangers_are_not);
    tcase_add_test(t, any_length_is_safe);
    suite_add_tcase(s, t);
    return s;
}
