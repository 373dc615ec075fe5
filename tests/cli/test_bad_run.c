/* Checkpoints and run directories that are damaged, foreign, in use or not writable: exit 5; a full disk: exit 7. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "suites.h"

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    int byte;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    byte = fgetc(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    ck_assert_int_ne(fputc(byte ^ 0x10, f), EOF);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(flipped_byte)
{
    static const char *const commands[] = { "eval", "inspect", "-q resume", "-q tiny.yaml pretrained=" };
    struct cli *c = cli_open();
    char file[640];
    long size;

    cli_ok(c, "-q tiny.yaml");
    snprintf(file, sizeof file, "%s/ckpt/last.h5", cli_newest_run(c));
    size = cli_size(file);
    for (int part = 0; part < 6; part++) { /* magic, version, length, checksum, image's head, image */
        const long at[] = { 3, 8, 13, 30, 540, size / 2 };

        flip(file, at[part]);
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            bool joined = strchr(commands[i], '=') != NULL;
            int status = cli_run(c, joined ? "%s%s" : "%s %s", commands[i], c->run);

            cli_failed(c, status, 5, "last.h5");
        }
        flip(file, at[part]);
    }
    cli_ok(c, "eval %s", c->run);
    ck_assert_int_eq(truncate(file, size - 1), 0);
    cli_failed(c, cli_run(c, "eval %s", c->run), 5, "last.h5");
    cli_close(c);
}
END_TEST

START_TEST(foreign)
{
    struct cli *c = cli_open();
    char first[512];

    cli_ok(c, "-q tiny.yaml");
    snprintf(first, sizeof first, "%s", cli_newest_run(c));
    cli_failed(c, cli_run(c, "-q tiny.yaml pretrained=%s model.width=8", first), 5, "holds another network");
    cli_failed(c, cli_run(c, "-q tiny.yaml pretrained=%s model.arch=resnet14", first), 5, "holds another network");
    cli_failed(c, cli_run(c, "eval %s model.shortcut=B", first), 5, "holds another network");
    cli_failed(c, cli_run(c, "-q resume %s model.width=8", first), 5, "holds another network");
    cli_ok(c, "-q resume %s", first); /* what did not fit has not been kept */
    cli_failed(c, cli_run(c, "-q tiny.yaml pretrained=nowhere"), 5, "nowhere");
    cli_failed(c, cli_run(c, "eval nowhere"), 5, "nowhere: No such file");
    cli_failed(c, cli_run(c, "eval runs"), 5, "runs: no checkpoint in it");
    cli_failed(c, cli_run(c, "inspect tiny.yaml"), 5, "tiny.yaml: is too short for a checkpoint");
    cli_failed(c, cli_run(c, "resume nowhere"), 5, "nowhere: ");
    cli_failed(c, cli_run(c, "report runs"), 5, "runs: is no run directory");
    cli_failed(c, cli_run(c, "report %s nowhere -o page.html", first), 5, "nowhere: No such file");
    ck_assert_int_lt(cli_size("page.html"), 0);
    cli_failed(c, cli_run(c, "report %s -o nowhere/page.html", first), 5, "nowhere/page.html: ");
    cli_failed(c, cli_run(c, "resume runs"), 5, "runs: is not a run directory");
    cli_failed(c, cli_run(c, "eval %s data.val_split=0 --split val", first), 4, "no images in val");
    cli_close(c);
}
END_TEST

START_TEST(not_writable)
{
    struct cli *c = cli_open();

    cli_write_text("file", "");
    cli_failed(c, cli_run(c, "-q tiny.yaml run.dir=file"), 5, "file");
    cli_failed(c, cli_run(c, "-q tiny.yaml run.dir=/proc/none"), 5, "/proc/none");
    if (geteuid() != 0) { /* root may write everywhere */
        ck_assert_int_eq(mkdir("locked", 0500), 0);
        cli_failed(c, cli_run(c, "-q tiny.yaml run.dir=locked"), 5, "locked/tiny: ");
    }
    cli_close(c);
}
END_TEST

START_TEST(in_use)
{
    struct cli *c = cli_open();
    char who[64];
    pid_t pid = cli_start(c, "-q tiny.yaml supervised.epochs=1000000");

    cli_await_run(c, pid, "tiny", "ckpt/last.h5");
    snprintf(who, sizeof who, "is in use by process %ld", (long)pid);
    cli_failed(c, cli_run(c, "-q resume %s", c->run), 5, who);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(cli_wait(c, pid), 1000 + SIGKILL);
    cli_ok(c, "-q resume %s supervised.epochs=1", c->run); /* the lock went with the process */
    cli_close(c);
}
END_TEST

/* The first checkpoint does not fit: found at step 0, not after an epoch. */
START_TEST(full_disk)
{
    struct cli *c = cli_open();
    struct rlimit before, small;
    int status;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 40000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = cli_run(c, "-q tiny.yaml");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cli_failed(c, status, 7, "ckpt/last.h5");
    cli_ok(c, "list runs runs");
    ck_assert_ptr_nonnull(strstr(c->out, "failed"));
    cli_newest_run(c);
    cli_ok(c, "-q resume %s", c->run);
    cli_close(c);
}
END_TEST

Suite *suite_bad_run(void)
{
    Suite *s = suite_create("bad_run");
    TCase *c = tcase_create("bad_run");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, flipped_byte);
    tcase_add_test(c, foreign);
    tcase_add_test(c, not_writable);
    tcase_add_test(c, in_use);
    tcase_add_test(c, full_disk);
    suite_add_tcase(s, c);
    return s;
}
