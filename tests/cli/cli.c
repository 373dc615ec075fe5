#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_LINE = 4096 };

extern char **environ;

struct cli *cli_open(void)
{
    struct cli *c = dt_calloc(1, sizeof *c);

    ck_assert_ptr_nonnull(c);
    dt_test_mkdir(c->dir);
    ck_assert_int_eq(chdir(c->dir), 0);
    ck_assert_int_eq(unsetenv("DYNTRAIN_DATA"), 0);
    cli_write_text("tiny.yaml", "version: 1\n"
                                "data: {dataset: synth, batch: 20, val_split: 0.2, workers: 1,\n"
                                "       synth: {train: 200, test: 40, size: 8}}\n"
                                "model: {arch: resnet8, width: 4}\n"
                                "optim: {lr: 0.1}\n"
                                "supervised: {epochs: 2}\n"
                                "run: {dir: runs, threads: 1, progress: \"off\"}\n");
    return c;
}

void cli_close(struct cli *c)
{
    ck_assert_int_eq(chdir("/"), 0);
    dt_test_rmdir(c->dir);
    dt_free(c);
}

void cli_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

void cli_write_text(const char *path, const char *text)
{
    cli_write(path, text, strlen(text));
}

void cli_write_png(const char *path)
{
    static const uint8_t png[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
        0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a,
        0x73, 0x00, 0x00, 0x00, 0x16, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x60, 0x88, 0x3a,
        0xc1, 0x10, 0xc5, 0xc0, 0x70, 0x22, 0xea, 0xc4, 0x89, 0x28, 0x00, 0x18, 0x1e, 0x04, 0x89, 0x1b,
        0xfc, 0xf6, 0x1c, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    };

    cli_write(path, png, sizeof png);
}

/* ---- running ---- */

static pid_t spawn(char *line)
{
    posix_spawn_file_actions_t actions;
    char program[] = "dyntrain", *argv[MAX_WORDS] = { program }, *save = NULL;
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    int n = 1;
    pid_t pid;

    for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        ck_assert_int_lt(n, MAX_WORDS - 1);
        argv[n++] = word;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "out.txt", flags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "err.txt", flags, 0600);
    ck_assert_int_eq(posix_spawn(&pid, DT_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void slurp(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    n = fread(text, 1, size - 1, f);
    ck_assert_uint_lt(n, size - 1); /* all of it */
    text[n] = '\0';
    fclose(f);
}

static pid_t vstart(const char *fmt, va_list args)
{
    char line[MAX_LINE];

    ck_assert_int_lt(vsnprintf(line, sizeof line, fmt, args), MAX_LINE);
    return spawn(line);
}

pid_t cli_start(struct cli *c, const char *fmt, ...)
{
    va_list args;
    pid_t pid;

    c->out[0] = c->err[0] = '\0';
    va_start(args, fmt);
    pid = vstart(fmt, args);
    va_end(args);
    return pid;
}

int cli_wait(struct cli *c, pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    slurp("out.txt", c->out, sizeof c->out);
    slurp("err.txt", c->err, sizeof c->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int cli_run(struct cli *c, const char *fmt, ...)
{
    va_list args;
    pid_t pid;

    va_start(args, fmt);
    pid = vstart(fmt, args);
    va_end(args);
    return cli_wait(c, pid);
}

void cli_ok(struct cli *c, const char *fmt, ...)
{
    va_list args;
    pid_t pid;
    int status;

    va_start(args, fmt);
    pid = vstart(fmt, args);
    va_end(args);
    status = cli_wait(c, pid);
    ck_assert_msg(status == 0, "`%s` exits %d: %s", fmt, status, c->err);
}

void cli_failed(const struct cli *c, int status, int expected, const char *text)
{
    const char *end = strchr(c->err, '\n');

    ck_assert_msg(status == expected, "status %d in place of %d: %s", status, expected, c->err);
    ck_assert_msg(strstr(c->err, text) != NULL, "'%s' is not in: %s", text, c->err);
    ck_assert_msg(end && end[1] == '\0', "not one line: %s", c->err);
    ck_assert_str_eq(c->out, "");
}

/* ---- what it left ---- */

struct dt_json *cli_json(struct cli *c)
{
    struct dt_err err = { 0 };
    struct dt_json *j = dt_json_read("out.txt", &err);

    ck_assert_msg(j != NULL, "%s in: %s", err.msg, c->out);
    return j;
}

struct newest {
    struct cli *c;
    const char *folder; /* what its path begins with */
};

static bool look(void *ctx, const char *path)
{
    struct newest *n = ctx;

    if (strncmp(path, n->folder, strlen(n->folder)) != 0)
        return true;
    snprintf(n->c->run, sizeof n->c->run, "%s", path);
    return false;
}

const char *cli_newest_run(struct cli *c)
{
    c->run[0] = '\0';
    dt_rundir_each("runs", look, &(struct newest){ c, "" });
    ck_assert_msg(c->run[0] != '\0', "no run: %s", c->err);
    return c->run;
}

long cli_size(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

bool cli_ended(pid_t pid)
{
    siginfo_t ended = { .si_pid = 0 };

    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
    return ended.si_pid != 0;
}

bool cli_await(pid_t pid, const char *path, long bytes)
{
    static const struct timespec moment = { 0, 2000000 };

    while (cli_size(path) < bytes) {
        if (cli_ended(pid))
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

const char *cli_await_run(struct cli *c, pid_t pid, const char *name, const char *file)
{
    char path[600], folder[64];
    bool ended;

    snprintf(folder, sizeof folder, "runs/%s/", name);
    for (;;) {
        ended = cli_ended(pid); /* before the look, which is the last then */
        c->run[0] = '\0';
        dt_rundir_each("runs", look, &(struct newest){ c, folder });
        snprintf(path, sizeof path, "%s/%s", c->run, file);
        if (c->run[0] && cli_size(path) >= 0)
            return c->run;
        ck_assert_msg(!ended, "%s below %s was not made", file, folder);
        usleep(2000);
    }
}
