/* report: runs as one page to look at. */
#ifndef DYNTRAIN_REPORT_H
#define DYNTRAIN_REPORT_H

#include <dyntrain/io.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a self-contained HTML page about one or more run directories (or kept ones, with a result.json alone):
 * training curves, accuracy against cost beside published points, tables, configs. What a run does not have yet is left
 * out; a file that cannot be read is said on the page and in the log. `path`: the file, replaced as one step; "-":
 * standard output. DT_ECHECKPOINT: a folder is no run. */
enum dt_code dt_report_write(int n, const char *const *run, const char *path, struct dt_err *err) DT_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
