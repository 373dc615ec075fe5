/* report: what its files share.
 *
 *   collect.c   a run directory as one JSON value       html.c   the page around such values
 *   page/       style sheet and scripts of the page: dom, chart, training, cost, main, in this order
 *
 * The page gets all it shows as JSON and puts it in as text; C writes no markup out of files. */
#ifndef DT_REPORT_REPORT_H
#define DT_REPORT_REPORT_H

#include <dyntrain/report.h>

/* {path, info: run.json, result: result.json, config: text, rows: of metrics.jsonl, problems: [text]}; what there is
 * not is null. NULL: no run directory, or out of memory. */
struct dt_json *dt_report_collect(const char *run, struct dt_err *err);

extern const char *const dt_report_css[], *const dt_report_js[]; /* lines, NULL-terminated; made from page/ */

#endif
