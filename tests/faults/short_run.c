#include "short_run.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

const char short_run[] =
    "data.workers=0 data.synth.train=50 data.synth.test=20 model.width=1 supervised.epochs=2 checkpoint.keep_last=2";

int count_temps(const char *dir)
{
    DIR *d = opendir(dir);
    char path[1024];
    int n = 0;

    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        n += !strncmp(e->d_name, ".tmp-", 5) + count_temps(path);
    }
    closedir(d);
    return n;
}

void new_root(struct trial *t, const char *name)
{
    ck_assert_int_lt(snprintf(t->root, sizeof t->root, "%.200s/%s", t->dir, name), (int)sizeof t->root);
    ck_assert_int_eq(mkdir(t->root, 0700), 0);
}

void train_whole(struct trial *t, char run[512])
{
    new_root(t, "whole");
    ck_assert_msg(trial_train(t, short_run) == DT_OK, "%s", t->err.msg);
    memcpy(run, t->out.run, sizeof t->out.run);
}

static bool take(void *ctx, const char *path)
{
    struct trial *t = ctx;

    snprintf(t->out.run, sizeof t->out.run, "%s", path);
    return false;
}

bool only_run(struct trial *t)
{
    t->out.run[0] = '\0';
    dt_rundir_each(t->root, take, t);
    return t->out.run[0] != '\0';
}
