/* Streams that are closed, full, or without a reader: no crash, and what cannot be printed is an error. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"

extern char **environ;

/* Runs the words with stream `fd` closed (path NULL) or opened on a path; the others go to files of c. */
static int run_with(struct cli *c, char *const *argv, int fd, const char *path)
{
    static const char *const names[] = { "/dev/null", "out.txt", "err.txt" };
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) {
        cli_write_text(names[i], "");
        if (i != fd)
            posix_spawn_file_actions_addopen(&actions, i, names[i], i ? O_WRONLY : O_RDONLY, 0);
        else if (path)
            posix_spawn_file_actions_addopen(&actions, i, path, O_WRONLY, 0);
        else
            posix_spawn_file_actions_addclose(&actions, i);
    }
    ck_assert_int_eq(posix_spawn(&pid, DT_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return cli_wait(c, pid);
}

static char program[] = "dyntrain", list[] = "list", keys[] = "keys", json[] = "--json", models[] = "models",
            train[] = "train", tiny[] = "tiny.yaml", missing[] = "missing.yaml";

START_TEST(stdout_lost)
{
    static char *const lines[][4] = { { program, list, models, NULL },
                                      { program, list, models, json },
                                      { program, list, keys, NULL }, /* more than a buffer */
                                      { program, list, keys, json } };
    struct cli *c = cli_open();

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (int closed = 0; closed < 2; closed++) {
            char *argv[5] = { NULL };

            memcpy(argv, lines[i], sizeof lines[i]);
            ck_assert_int_eq(run_with(c, argv, STDOUT_FILENO, closed ? NULL : "/dev/full"), 7);
            ck_assert_str_eq(c->err, "dyntrain: cannot write to standard output\n");
        }
    cli_close(c);
}
END_TEST

/* `| head -1`: what every program does when the reader leaves is well, anything else is a crash. */
START_TEST(no_reader)
{
    char *const argv[] = { program, list, keys, json, NULL };
    posix_spawn_file_actions_t actions;
    struct cli *c = cli_open();
    int pipes[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(pipes), 0);
    close(pipes[0]);
    cli_write_text("out.txt", "");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "err.txt", O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(posix_spawn(&pid, DT_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    status = cli_wait(c, pid);
    ck_assert_int_eq(status, 1000 + SIGPIPE);
    ck_assert_str_eq(c->err, "");
    cli_close(c);
}
END_TEST

/* No file of the run may get the number of a closed stream: what is said would be written into it. The lock, which is
 * opened first and holds a number only, would be the one. */
static void is_clean(struct cli *c)
{
    char path[640];

    snprintf(path, sizeof path, "%s/run.lock", cli_newest_run(c));
    ck_assert_int_gt(cli_size(path), 1);
    ck_assert_int_lt(cli_size(path), 16);
    cli_ok(c, "inspect --verify %s", c->run);
}

START_TEST(stderr_lost)
{
    char *const argv[] = { program, train, tiny, NULL }, *const wrong[] = { program, train, missing, NULL };
    struct cli *c = cli_open();

    for (int closed = 0; closed < 2; closed++) {
        ck_assert_int_eq(run_with(c, argv, STDERR_FILENO, closed ? NULL : "/dev/full"), 0);
        ck_assert_ptr_nonnull(strstr(c->out, "test accuracy"));
        is_clean(c);
        ck_assert_int_eq(run_with(c, wrong, STDERR_FILENO, closed ? NULL : "/dev/full"), 3);
    }
    ck_assert_int_eq(run_with(c, argv, STDIN_FILENO, NULL), 0);
    ck_assert_int_eq(run_with(c, argv, STDOUT_FILENO, NULL), 7);
    is_clean(c);
    cli_close(c);
}
END_TEST

Suite *suite_streams(void)
{
    Suite *s = suite_create("streams");
    TCase *c = tcase_create("streams");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, stdout_lost);
    tcase_add_test(c, no_reader);
    tcase_add_test(c, stderr_lost);
    suite_add_tcase(s, c);
    return s;
}
