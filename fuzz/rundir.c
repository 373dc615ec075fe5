/* What a run directory holds: run.json, read when runs are looked for, and metrics.jsonl, cut back and appended to. */
#include "fuzz.h"

#include <dyntrain/io.h>
#include <stdlib.h>
#include <string.h>

#define RUN "runs/name/20250101-000000-1/"

static void append(const char *path, int64_t keep)
{
    struct dt_err err = { .code = DT_OK };
    struct dt_runlog *l = dt_runlog_open(path, keep, &err);

    if (!l)
        return;
    dt_runlog_write(l, dt_json_object());
    if (dt_runlog_sync(l, &err))
        abort();
    dt_runlog_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char root[96], run[512];
    struct dt_err err = { .code = DT_OK };
    struct dt_json *j;
    bool finished;

    dt_log_level(DT_QUIET);
    j = dt_json_read(fuzz_file(RUN "run.json", data, size), &err);
    if (j) {
        dt_json_get_str(j, "config_hash", "");
        dt_json_get_num(j, "threads", 0);
        dt_json_get_num(dt_json_get(j, "versions"), "x", 0);
        for (int i = 0; i < dt_json_size(j); i++)
            dt_json_at(j, i);
        fuzz_accepted++;
    }
    dt_json_free(j);
    snprintf(root, sizeof root, "%s/runs", fuzz_dir());
    dt_rundir_find(root, "name", "no such hash", run, sizeof run, &finished);
    append(fuzz_file(RUN "metrics.jsonl", data, size), (int64_t)size / 2);
    append(fuzz_file(RUN "metrics.jsonl", data, size), -1);
    return 0;
}
