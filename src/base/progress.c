/* The progress line: `ep 12/160 [=====>    ] 41%  1 873 img/s  loss 0.412  ETA 00:41:10`. */
#define _DEFAULT_SOURCE /* struct winsize */
#include <dyntrain/base.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/talk.h"

enum { BAR_MOST = 30, BAR_LEAST = 8, LINE = 512 };
static const double redraw_every = 0.1, plain_every = 10; /* seconds */

struct dt_progress {
    enum dt_progress_mode mode;
    bool drawn;             /* the terminal shows a line of ours */
    char label[64];         /* of the items being counted; another label starts the count anew */
    int64_t first, last;    /* done at the start of the count, done when last shown */
    double started, spoken; /* clock: start of the count, last output */
};

struct dt_progress *dt_progress_new(enum dt_progress_mode mode)
{
    struct dt_progress *p = dt_calloc(1, sizeof *p);
    const char *term = getenv("TERM");

    if (!p)
        return NULL;
    if (mode == DT_PROGRESS_AUTO)
        mode = isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb")) ? DT_PROGRESS_BAR : DT_PROGRESS_PLAIN;
    p->mode = mode;
    p->started = dt_now();
    p->spoken = mode == DT_PROGRESS_BAR ? p->started - redraw_every : p->started;
    return p;
}

static int columns(void)
{
    struct winsize w;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

/* 1873 -> "1 873" */
static void print_grouped(int64_t v, char *buf, size_t size)
{
    char digits[32];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)v), used = 0;

    for (size_t i = 0; i < n && used + 2 < size; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf[used++] = ' ';
        buf[used++] = digits[i];
    }
    buf[used] = '\0';
}

/* What follows the bar: percentage, rate, note, remaining time. */
static void print_tail(const struct dt_progress *p, int64_t done, int64_t total, const char *note, double eta_s,
                       char tail[LINE])
{
    double seconds = dt_now() - p->started;
    char rate[48] = "", eta[32] = "", count[32];
    long left = (long)eta_s;

    if (done > p->first && seconds > 0) {
        print_grouped((int64_t)((double)(done - p->first) / seconds + 0.5), count, sizeof count);
        snprintf(rate, sizeof rate, "  %s img/s", count);
    }
    if (eta_s >= 0 && eta_s < 1e7)
        snprintf(eta, sizeof eta, "  ETA %02ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
    snprintf(tail, LINE, "%d%%%s%s%s%s", total > 0 ? (int)(100 * (double)done / (double)total) : 0, rate,
             note && *note ? "  " : "", note ? note : "", eta);
}

static void print_bar(double share, int width, char *bar)
{
    int full = (int)(share * width);

    if (full > width)
        full = width;
    memset(bar, '=', (size_t)full);
    memset(bar + full, ' ', (size_t)(width - full));
    if (full > 0 && full < width)
        bar[full - 1] = '>';
    bar[width] = '\0';
}

static void draw(struct dt_progress *p, int64_t done, int64_t total, const char *tail)
{
    int most = columns() - 1; /* the last column stays free: some terminals wrap there */
    int width = most - (int)strlen(p->label) - (int)strlen(tail) - 4;
    char bar[BAR_MOST + 1] = "", body[2 * LINE], line[2 * LINE + 16];

    if (width > BAR_MOST)
        width = BAR_MOST;
    if (width >= BAR_LEAST) {
        print_bar(total > 0 ? (double)done / (double)total : 0, width, bar);
        snprintf(body, sizeof body, "%s [%s] %s", p->label, bar, tail);
    } else {
        snprintf(body, sizeof body, "%s %s", p->label, tail);
    }
    snprintf(line, sizeof line, "\r%.*s\033[K", most, body);
    dt_talk(line);
    p->drawn = true;
}

void dt_progress_show(struct dt_progress *p, const char *label, int64_t done, int64_t total, const char *note,
                      double eta_s)
{
    char tail[LINE], line[2 * LINE];
    double now = dt_now();
    bool is_bar;

    if (!p || p->mode == DT_PROGRESS_OFF)
        return;
    if (strncmp(label, p->label, sizeof p->label - 1) != 0 || done < p->last) {
        snprintf(p->label, sizeof p->label, "%s", label);
        p->first = done;
        p->started = now;
    }
    p->last = done;
    is_bar = p->mode == DT_PROGRESS_BAR;
    if (now - p->spoken < (is_bar ? redraw_every : plain_every) && !(is_bar && done == total))
        return;
    p->spoken = now;
    print_tail(p, done, total, note, eta_s, tail);
    if (is_bar) {
        draw(p, done, total, tail);
        return;
    }
    snprintf(line, sizeof line, "%s  %s\n", p->label, tail);
    dt_talk(line);
}

void dt_progress_clear(struct dt_progress *p)
{
    if (!p || !p->drawn)
        return;
    dt_talk("\r\033[K");
    p->drawn = false;
}

void dt_progress_free(struct dt_progress *p)
{
    dt_progress_clear(p);
    dt_free(p);
}
