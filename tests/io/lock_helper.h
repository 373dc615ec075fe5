/* The second process of the lock test: the test binary itself, started anew. */
#ifndef DT_TESTS_IO_LOCK_HELPER_H
#define DT_TESTS_IO_LOCK_HELPER_H

/* Opens the run directory; the exit status says what came of it (dt_exit_status). */
int try_lock(const char *path);

#endif
