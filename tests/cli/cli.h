/* The built program, run as a user would: in a folder of its own, with stdout, stderr and exit status caught. */
#ifndef DT_TESTS_CLI_CLI_H
#define DT_TESTS_CLI_CLI_H

#include <dyntrain/train.h>
#include <sys/types.h>

#include "support.h"

struct cli {
    char dir[256]; /* temporary; the working directory while open */
    char out[1 << 17], err[1 << 16];
    char run[512]; /* the newest run below `runs`, after cli_newest_run */
};

/* Writes tiny.yaml: 2 epochs of 8 steps on generated images, its runs below `runs`. */
struct cli *cli_open(void);
void cli_close(struct cli *c);
void cli_write(const char *path, const void *data, size_t size);
void cli_write_text(const char *path, const char *text);
void cli_write_png(const char *path); /* of 2 x 2 pixels */

/* Runs `dyntrain <words>`; the words are separated by blanks and made like printf's. Returns the exit status, 1000 and
 * the signal for one that a signal ended. */
int cli_run(struct cli *c, const char *fmt, ...) DT_PRINTF(2, 3);
/* Fails the test unless it exits 0; what was printed is in c->out. */
void cli_ok(struct cli *c, const char *fmt, ...) DT_PRINTF(2, 3);
/* Fails the test unless the last command had this exit status, said nothing on stdout, and on stderr one line that
 * contains `text`. */
void cli_failed(const struct cli *c, int status, int expected, const char *text);
/* The same in the background. */
pid_t cli_start(struct cli *c, const char *fmt, ...) DT_PRINTF(2, 3);
int cli_wait(struct cli *c, pid_t pid);

/* c->out as JSON; the caller frees it. */
struct dt_json *cli_json(struct cli *c);
const char *cli_newest_run(struct cli *c);
/* Waits until the file has so many bytes; false: the process ended before. */
bool cli_await(pid_t pid, const char *path, long bytes);
/* Waits until the run of this name has this file; returns its folder, also in c->run. */
const char *cli_await_run(struct cli *c, pid_t pid, const char *name, const char *file);
bool cli_ended(pid_t pid);
long cli_size(const char *path); /* -1: there is none */

#endif
