/* Tests that run in an empty folder of their own, and files in it. */
#ifndef DT_TESTS_FOLDER_H
#define DT_TESTS_FOLDER_H

#include <check.h>
#include <stddef.h>

/* A case whose tests start in an empty folder, which is removed afterwards; talk is off. */
TCase *case_in_folder(const char *name);

/* Into the current folder; "a/b.yaml" makes a/. */
void write_bytes(const char *path, const void *data, size_t size);
void write_text(const char *path, const char *text);
char *read_bytes(const char *path, size_t *size); /* dt_free() it */
void expect_text(const char *path, const char *text);
int count_files(const char *dir); /* hidden ones too */

#endif
