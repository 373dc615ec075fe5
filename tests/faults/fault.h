/* Faults on request: the system calls by which the program changes files are wrapped at link time (meson.build), so the
 * k-th of them can be made to fail, or to lie. What passes is told to the model of a disk (disk.h). Calls that
 * libraries make themselves (stdio, and so log.txt) are not seen. */
#ifndef DT_TESTS_FAULT_H
#define DT_TESTS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault_call {
    FAULT_OPEN = 1 << 0, /* for writing, and of folders to synchronise them */
    FAULT_WRITE = 1 << 1,
    FAULT_FSYNC = 1 << 2,
    FAULT_RENAME = 1 << 3,
    FAULT_MKDIR = 1 << 4,
    FAULT_TRUNCATE = 1 << 5,
    FAULT_CLOSE = 1 << 6,
    FAULT_ANY = (1 << 7) - 1
};
enum { FAULT_SHORT = -1 }; /* in place of an error: a write writes half, and the next one fails with ENOSPC */

/* The k-th call (from 0) among `calls`, and `times` - 1 after it, fail with `error`. Counting begins anew. */
void fault_plan(unsigned calls, int64_t k, int64_t times, int error);
void fault_off(void); /* counting begins anew */
int64_t fault_count(unsigned calls);
bool fault_struck(void);        /* has a planned one happened? */
unsigned fault_struck_at(void); /* which call it was */

/* Lies, as a disk or a mistake in the program would tell them: the call does nothing and reports success. */
enum fault_lie { FAULT_HONEST, FAULT_LOST_FSYNC, FAULT_LOST_FOLDER_FSYNC, FAULT_LOST_RENAME };
void fault_lie(enum fault_lie lie);

/* Free bytes that statvfs reports; -1: the truth. */
void fault_free_bytes(int64_t bytes);
/* Seconds by which the wall clock is off, growing by as much with each look at it. */
void fault_clock_jumps(int64_t seconds);

#endif
