/* Space on the disk: whether the checkpoints of a run will fit, and what is done once it is used up. */
#include "train/loop.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

static const double slice = 0.05; /* seconds between looks at the signals */

bool dt_wait_for_space(struct dt_loop *l, struct dt_err *err)
{
    const struct dt_checkpoint_cfg *c = &l->t.set->checkpoint;
    double until = dt_now() + c->retry_seconds;

    if (err->code != DT_EFULL || c->on_full != DT_FULL_WAIT)
        return false;
    if (!l->waiting)
        dt_log(DT_WARN, "%s; tried again each %g s (checkpoint.on_full: wait)", err->msg, c->retry_seconds);
    l->waiting = true;
    while (dt_now() < until) {
        if (dt_loop_stop(l))
            return false;
        nanosleep(&(struct timespec){ .tv_nsec = (long)(slice * 1e9) }, NULL);
    }
    err->code = DT_OK;
    return true;
}

/* Beside the one at step 0: the temporary file of the next, the best, and the older ones. */
static enum dt_code check(struct dt_loop *l)
{
    const struct dt_checkpoint_cfg *c = &l->t.set->checkpoint;
    int64_t files = c->keep_last + (c->keep_best ? 1 : 0);
    char path[DT_PATH];
    struct statvfs disk;
    struct stat first;
    double has, needs;

    if (stat(dt_rundir_file(&l->dir, "ckpt/last.h5", path, sizeof path), &first) || statvfs(l->dir.path, &disk) ||
        disk.f_blocks == 0) /* some file systems do not know */
        return DT_OK;
    has = (double)disk.f_bavail * (double)disk.f_frsize;
    needs = (double)files * (double)first.st_size;
    if (has >= needs)
        return DT_OK;
    dt_fail(&l->t.err, DT_EFULL,
            "%.300s: %.1f MB are free, the checkpoints of this run need %.1f MB more: make room, or lower "
            "checkpoint.keep_last",
            l->dir.path, has / 1e6, needs / 1e6);
    return DT_EFULL;
}

enum dt_code dt_check_space(struct dt_loop *l)
{
    while (check(l) && dt_wait_for_space(l, &l->t.err))
        continue;
    return l->t.err.code;
}
