/* What a run writes down while it runs: metrics.jsonl (no times in it: the same run gives the same bytes), perf.jsonl
 * (times), log.txt, and the progress line. */
#include "train/loop.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum dt_code dt_record_open(struct dt_loop *l, bool fresh)
{
    char path[DT_PATH];

    l->log = fopen(dt_rundir_file(&l->dir, "log.txt", path, sizeof path), "a");
    if (!l->log) {
        dt_fail(&l->t.err, DT_ERESOURCE, "%s: cannot be opened: %s", path, strerror(errno));
        return l->t.err.code;
    }
    dt_log_file(l->log);
    l->metrics = dt_runlog_open(dt_rundir_file(&l->dir, "metrics.jsonl", path, sizeof path),
                                fresh ? 0 : l->metrics_keep, &l->t.err);
    if (l->metrics)
        l->perf = dt_runlog_open(dt_rundir_file(&l->dir, "perf.jsonl", path, sizeof path), -1, &l->t.err);
    l->progress = dt_progress_new((enum dt_progress_mode)l->t.set->run.progress);
    return l->t.err.code;
}

void dt_record_close(struct dt_loop *l)
{
    dt_progress_clear(l->progress);
    dt_progress_free(l->progress);
    dt_runlog_close(l->metrics);
    dt_runlog_close(l->perf);
    if (l->log) {
        dt_log_file(NULL);
        fclose(l->log);
    }
    l->progress = NULL;
    l->metrics = l->perf = NULL;
    l->log = NULL;
}

/* Of the latest step: from the schedule and not from the group, which in a resumed run may not have stepped yet. */
static double rate_of(const struct dt_loop *l)
{
    int64_t step = l->t.epoch * l->per_epoch + (l->t.batch > 0 ? l->t.batch - 1 : 0);

    return l->n_groups > 0 ? dt_schedule_lr(l->group[0].cfg, step, l->epochs * l->per_epoch, l->per_epoch) : 0;
}

static struct dt_json *row(const struct dt_loop *l, const char *split)
{
    struct dt_json *o = dt_json_object();

    dt_json_int(o, "step", l->t.step);
    dt_json_int(o, "epoch", l->t.epoch + 1);
    dt_json_str(o, "phase", l->t.method->phase[l->t.phase].name);
    dt_json_str(o, "split", split);
    return o;
}

void dt_record_step(struct dt_loop *l)
{
    int64_t every = l->t.set->log.every_steps;
    struct dt_json *o;

    if (every == 0 || l->t.step % every != 0)
        return;
    o = row(l, "batch");
    dt_json_num(o, "loss", l->last_loss);
    dt_json_num(o, "lr", rate_of(l));
    dt_runlog_write(l->metrics, o);
}

static void write_metrics(struct dt_loop *l, const struct dt_eval *val)
{
    double n = l->t.seen > 0 ? (double)l->t.seen : (double)NAN; /* a fit sees no batches: nothing is known, null */
    struct dt_json *o = row(l, "train");

    dt_json_num(o, "loss", l->t.loss_sum / n);
    dt_json_num(o, "accuracy", l->t.correct_sum / n);
    dt_json_num(o, "lr", l->n_groups > 0 ? rate_of(l) : (double)NAN);
    dt_runlog_write(l->metrics, o);
    if (!val)
        return;
    o = row(l, "val");
    dt_json_num(o, "loss", val->loss);
    dt_json_num(o, "accuracy", val->accuracy);
    dt_json_num(o, "top5", val->top5);
    dt_json_num(o, "macs_mean", val->macs_mean);
    dt_runlog_write(l->metrics, o);
}

void dt_record_epoch(struct dt_loop *l, const struct dt_eval *val, double seconds, double eval_seconds, double wait)
{
    double n = (double)l->t.seen, rate = seconds > 0 ? n / seconds : 0;
    struct dt_json *o = row(l, "train");
    char text[64] = "";

    dt_json_num(o, "seconds", seconds);
    dt_json_num(o, "eval_seconds", eval_seconds);
    dt_json_num(o, "loader_wait_seconds", wait);
    dt_json_num(o, "images_per_s", rate);
    dt_runlog_write(l->perf, o);
    write_metrics(l, val);
    if (val)
        snprintf(text, sizeof text, ", validation %.2f%%", 100 * val->accuracy);
    dt_progress_clear(l->progress);
    if (l->t.seen > 0)
        dt_log(DT_INFO, "%s %lld/%lld: loss %.4f, accuracy %.2f%%%s, lr %.4g, %.1f s, %.0f images/s",
               l->t.method->phase[l->t.phase].name, (long long)l->t.epoch + 1, (long long)l->epochs, l->t.loss_sum / n,
               100 * l->t.correct_sum / n, text, rate_of(l), seconds, rate);
    else
        dt_log(DT_INFO, "%s %lld/%lld: done%s, %.1f s", l->t.method->phase[l->t.phase].name, (long long)l->t.epoch + 1,
               (long long)l->epochs, text, seconds);
}

/* At most ten times a second: formatting must not be felt in a step of a few milliseconds. */
void dt_record_progress(struct dt_loop *l)
{
    double now = dt_now(), n = l->t.seen > 0 ? (double)l->t.seen : 1;
    int64_t done = l->t.epoch * l->per_epoch + l->t.batch, total = l->epochs * l->per_epoch;
    int64_t images = l->t.method->phase[l->t.phase].steps == 0 ? l->t.set->data.batch : 1;
    double spent = now - l->phase_started;
    char label[48], note[96];

    if (now - l->progress_shown < 0.1)
        return;
    l->progress_shown = now;
    snprintf(label, sizeof label, "ep %lld/%lld", (long long)l->t.epoch + 1, (long long)l->epochs);
    snprintf(note, sizeof note, "loss %.3f  acc %.1f  lr %.3g", l->t.loss_sum / n, 100 * l->t.correct_sum / n,
             rate_of(l));
    dt_progress_show(l->progress, label, l->t.batch * images, l->per_epoch * images, note,
                     l->steps_here > 0 ? spent / (double)l->steps_here * (double)(total - done) : -1);
}
