/* Listing folders. */
#ifndef DT_DATA_LIST_H
#define DT_DATA_LIST_H

#include <dyntrain/base.h>

struct dt_list {
    const char **v; /* names, sorted by byte; the strings live in the arena */
    int n, cap;
};
enum dt_list_what { DT_LIST_FOLDERS, DT_LIST_IMAGES }; /* images: files that end in .png, .jpg or .jpeg */

bool dt_is_folder(const char *path);
/* Appends the entries of a kind; hidden ones are left out. The caller frees the list, on failure too. */
bool dt_list_dir(const char *path, enum dt_list_what what, struct dt_list *out, struct dt_arena *arena,
                 struct dt_err *err);
void dt_list_free(struct dt_list *l);

#endif
