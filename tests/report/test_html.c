/* The page as a file: whole, replaced as one step, and with nothing of the run's own text as markup. */
#include "report/report.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"

static const char *const run[] = { "run" };

static char *read_text(const char *path)
{
    char *text = dt_calloc(1, 1 << 20);
    FILE *f = fopen(path, "rb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, f), (1 << 20) - 1);
    fclose(f);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;

    for (const char *s = text; (s = strstr(s, what)) != NULL; s++)
        n++;
    return n;
}

START_TEST(text_is_no_markup)
{
    struct dt_err err = { .code = DT_OK };
    char *page;

    write_text("run/run.json", "{\"name\": \"</script><script>alert(1)</script><!-- &amp;\"}");
    write_text("run/config.yaml", "x: </script><img src=x onerror=alert(2)>\n");
    ck_assert_int_eq(dt_report_write(1, run, "out.html", &err), DT_OK);
    page = read_text("out.html");
    ck_assert_int_eq(count(page, "<script"), 2); /* the data and our own */
    ck_assert_int_eq(count(page, "</script"), 2);
    ck_assert_int_eq(count(page, "<img"), 0);
    ck_assert_int_eq(count(page, "<!--"), 0);
    ck_assert_ptr_nonnull(strstr(page, "\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"));
    ck_assert_ptr_nonnull(strstr(page, "\\u0026amp;"));
    dt_free(page);
}
END_TEST

START_TEST(nothing_is_fetched)
{
    static const char *const fetches[] = { "src=", "href=", "@import", "url(", "https:", "fetch(" };
    struct dt_err err = { .code = DT_OK };
    char *page;

    write_text("run/run.json", "{}");
    ck_assert_int_eq(dt_report_write(1, run, "out.html", &err), DT_OK);
    page = read_text("out.html");
    for (size_t i = 0; i < sizeof fetches / sizeof *fetches; i++)
        ck_assert_msg(!strstr(page, fetches[i]), "%s", fetches[i]);
    ck_assert_int_eq(count(page, "http:"), 1); /* the name of SVG */
    ck_assert_ptr_nonnull(strstr(page, "default-src 'none'"));
    ck_assert_ptr_nonnull(strstr(page, "</html>\n"));
    dt_free(page);
}
END_TEST

/* A run that is none leaves an older report as it is. */
START_TEST(failure_changes_nothing)
{
    static const char *const two[] = { "run", "none" };
    struct dt_err err = { .code = DT_OK };
    char *page;

    write_text("run/run.json", "{}");
    write_text("out.html", "older");
    ck_assert_int_eq(dt_report_write(2, two, "out.html", &err), DT_ECHECKPOINT);
    page = read_text("out.html");
    ck_assert_str_eq(page, "older");
    dt_free(page);
    err = (struct dt_err){ .code = DT_OK };
    ck_assert_int_ne(dt_report_write(1, run, "nowhere/out.html", &err), DT_OK);
    dt_test_fails(&err, err.code, "nowhere/out.html");
}
END_TEST

Suite *suite_html(void)
{
    Suite *s = suite_create("html");
    TCase *c = case_in_folder("html");

    tcase_add_test(c, text_is_no_markup);
    tcase_add_test(c, nothing_is_fetched);
    tcase_add_test(c, failure_changes_nothing);
    suite_add_tcase(s, c);
    return s;
}
