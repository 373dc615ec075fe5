/* The log: one line a call, to stderr and to the run's log file. */
#include <dyntrain/base.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/talk.h"

static atomic_int shown = DT_INFO;
static _Atomic(FILE *) sink;

static bool is_pending(int signal)
{
    sigset_t set;

    sigemptyset(&set);
    return sigpending(&set) == 0 && sigismember(&set, signal) == 1;
}

/* A write into a pipe without a reader raises SIGPIPE, whose disposition belongs to the program. It is held back for
 * this thread and taken off before it can be delivered. */
void dt_talk(const char *text)
{
    static const struct timespec at_once = { 0, 0 };
    size_t left = strlen(text);
    bool had = is_pending(SIGPIPE);
    sigset_t pipe, before;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (pthread_sigmask(SIG_BLOCK, &pipe, &before) != 0)
        return;
    while (left > 0) {
        ssize_t n = write(STDERR_FILENO, text, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        text += n;
        left -= (size_t)n;
    }
    if (!had && is_pending(SIGPIPE))
        sigtimedwait(&pipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void dt_log_level(enum dt_level level)
{
    atomic_store(&shown, (int)level);
}

void dt_log_file(FILE *f)
{
    atomic_store(&sink, f);
}

static void log_to_file(FILE *f, const char *line)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32] = "";

    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ ", &utc);
    flockfile(f); /* the stamp and its line stay together */
    fputs(stamp, f);
    fputs(line, f);
    fflush(f); /* what was said before a crash is what one wants to read after it */
    funlockfile(f);
}

void dt_log(enum dt_level level, const char *fmt, ...)
{
    FILE *f = atomic_load(&sink);
    char line[2048];
    size_t used = 0;
    va_list args;
    int n;

    if (level == DT_QUIET || ((int)level > atomic_load(&shown) && (!f || level == DT_DEBUG)))
        return;
    if (level == DT_WARN)
        used = (size_t)snprintf(line, sizeof line, "warning: ");
    va_start(args, fmt);
    n = vsnprintf(line + used, sizeof line - used - 1, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    used = strlen(line);
    line[used++] = '\n';
    line[used] = '\0';
    if ((int)level <= atomic_load(&shown))
        dt_talk(line);
    if (f)
        log_to_file(f, line);
}

double dt_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
