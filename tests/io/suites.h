/* The suites of io, and what they share: every test runs in an empty folder of its own. */
#ifndef DT_TESTS_IO_SUITES_H
#define DT_TESTS_IO_SUITES_H

#include "support.h"

#include <dyntrain/io.h>

dt_suite_fn suite_file, suite_sha256, suite_json, suite_runlog, suite_rundir, suite_runs, suite_yaml_parse,
    suite_yaml_load, suite_yaml_bind, suite_yaml_write, suite_ckpt_save, suite_ckpt_load, suite_ckpt_scan, suite_visit;

/* A case whose tests start in an empty folder, which is removed afterwards. */
TCase *case_in_folder(const char *name);

/* Into the current folder; "a/b.yaml" makes a/. */
void write_bytes(const char *path, const void *data, size_t size);
void write_text(const char *path, const char *text);
char *read_bytes(const char *path, size_t *size); /* dt_free() it */
void expect_text(const char *path, const char *text);
int count_files(const char *dir); /* hidden ones too */

#endif
