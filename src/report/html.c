/* The page: style sheet, data, scripts, in one file that needs no network; a policy in it forbids the browser any. */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>dyntrain "
    "report</title>\n<style>\n";
static const char body[] =
    "</style>\n</head>\n<body>\n<main id=\"page\"><noscript>The figures are in the page as JSON; "
    "drawing them needs JavaScript.</noscript></main>\n<script type=\"application/json\" "
    "id=\"data\">\n";

static void put_lines(const char *const *line, FILE *f)
{
    for (; *line; line++)
        fputs(*line, f);
}

/* JSON within a script element: '<' and its like occur in strings only, where they can be written as escapes, so that
 * no text out of a file ends the element. */
static bool put_data(const struct dt_json *data, FILE *f)
{
    char *text = NULL;
    size_t size = 0;
    FILE *m = open_memstream(&text, &size);
    bool ok = m && dt_json_write(data, m, false);

    ok = m && fclose(m) == 0 && ok;
    for (size_t i = 0; ok && i < size; i++)
        if (strchr("<>&", text[i]) && text[i])
            fprintf(f, "\\u%04x", (unsigned)text[i]);
        else
            putc(text[i], f);
    free(text); /* the stream's own */
    return ok;
}

static bool put_page(const struct dt_json *data, FILE *f)
{
    fputs(head, f);
    put_lines(dt_report_css, f);
    fputs(body, f);
    if (!put_data(data, f))
        return false;
    fputs("</script>\n<script type=\"module\">\n", f);
    put_lines(dt_report_js, f);
    fputs("</script>\n</body>\n</html>\n", f);
    return !ferror(f);
}

static void save(const struct dt_json *data, const char *path, struct dt_err *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *m = open_memstream(&text, &size);
    bool ok = m && put_page(data, m);

    ok = m && fclose(m) == 0 && ok;
    if (!ok)
        dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
    else if (dt_file_replace(path, (struct dt_piece[]){ { text, size } }, 1, DT_ECHECKPOINT, err) == DT_OK)
        dt_log(DT_DEBUG, "%s: %zu bytes", path, size);
    free(text); /* the stream's own */
}

enum dt_code dt_report_write(int n, const char *const *run, const char *path, struct dt_err *err)
{
    struct dt_json *data = dt_json_object(), *runs = dt_json_put(data, "runs", dt_json_array());

    dt_json_str(data, "version", DT_VERSION);
    if (!runs)
        dt_fail(err, DT_ENOMEM, "out of memory for a report");
    for (int i = 0; i < n && !err->code; i++) {
        struct dt_json *one = dt_report_collect(run[i], err);

        if (one && !dt_json_put(runs, NULL, one))
            dt_fail(err, DT_ENOMEM, "out of memory for a report");
    }
    if (!err->code && !strcmp(path, "-")) {
        if (!put_page(data, stdout) || fflush(stdout))
            dt_fail(err, DT_ERESOURCE, "cannot write to standard output");
    }
    if (!err->code && strcmp(path, "-"))
        save(data, path, err);
    dt_json_free(data);
    return err->code;
}
