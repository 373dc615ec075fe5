#include "capture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture capture_begin(void)
{
    char path[] = "/tmp/dyntrain-capture-XXXXXX";
    struct capture c = { .kept = dup(STDERR_FILENO), .file = mkstemp(path) };

    ck_assert(c.kept >= 0 && c.file >= 0);
    unlink(path);
    dup2(c.file, STDERR_FILENO);
    return c;
}

void capture_end(struct capture *c, char text[4096])
{
    ssize_t n;

    dup2(c->kept, STDERR_FILENO);
    close(c->kept);
    n = pread(c->file, text, 4095, 0);
    close(c->file);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
}
