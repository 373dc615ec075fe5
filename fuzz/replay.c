/* Without libFuzzer: runs every file of the folders named on the command line through the target. Fails when none of
 * them is accepted. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 20 };

static int run_file(const char *path)
{
    uint8_t *data = malloc(MAX_BYTES);
    FILE *f = fopen(path, "rb");
    size_t size;

    if (!data || !f) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(EXIT_FAILURE);
    }
    size = fread(data, 1, MAX_BYTES, f);
    fclose(f);
    data = realloc(data, size + 1); /* so that a sanitizer sees what is read beyond the end */
    fprintf(stderr, "%s\n", path);  /* the one that crashes is the last one named */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int run_folder(const char *folder)
{
    DIR *d = opendir(folder);
    char path[1024];
    int n = 0;

    if (!d)
        return run_file(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < (int)sizeof path)
            n += run_file(path);
    closedir(d);
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++)
        n += run_folder(argv[i]);
    printf("%d inputs, %d accepted\n", n, fuzz_accepted);
    return n > 0 && fuzz_accepted > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
