/* bench: what the files of this command share. A report is one JSON object: what --json prints, what the table is
 * printed from, and what --compare reads back. */
#ifndef DT_CLI_BENCH_H
#define DT_CLI_BENCH_H

#include "cli/cli.h"

/* What the measured process says, as JSON. */
struct dt_json *dt_bench_worker_json(const struct dt_bench *b);

/* The report: what the worker said (its parts are taken out), with the network, the ceilings, the bare convolutions
 * measured here and what follows from them. NULL and err: failed. */
struct dt_json *dt_bench_report(const struct dt_cli_net *n, struct dt_json *worker, struct dt_err *err);
void dt_bench_print(const struct dt_json *report);

/* An earlier report; NULL and err: it is none. */
struct dt_json *dt_bench_read(const char *path, struct dt_err *err);
/* Puts "compare" into the report: each field now over then. Warns where the two are of different things. */
void dt_bench_compare(struct dt_json *report, const struct dt_json *earlier, const char *path);
void dt_bench_print_compare(const struct dt_json *report, const struct dt_json *earlier);

#endif
