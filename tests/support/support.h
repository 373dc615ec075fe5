/* What every test binary shares: running suites, and a temporary folder that is removed afterwards. */
#ifndef DT_TESTS_SUPPORT_H
#define DT_TESTS_SUPPORT_H

#include <check.h>
#include <dyntrain/base.h>
#include <sys/resource.h>

/* Is this build instrumented? Then memory is not what it is otherwise, and all takes longer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DT_SANITIZED 1
#endif
#endif
#ifndef DT_SANITIZED
#define DT_SANITIZED 0
#endif

/* Runs the suites (NULL-terminated list of makers); returns the exit status for main(). Under CK_FORK=no everything
 * runs in one process, as sanitizers and valgrind like it. argv[1], when given, names the only suite to run. */
typedef Suite *dt_suite_fn(void);
int dt_test_main(int argc, char **argv, dt_suite_fn *const *suites);

/* A new empty folder below $TMPDIR; the caller removes it with dt_test_rmdir. */
void dt_test_mkdir(char path[256]);
void dt_test_rmdir(const char *path); /* with all that is in it */

/* Files of this process may not grow beyond `bytes` any more, as on a full disk; dt_test_unlimit_files ends that.
 * Between the two no ck_ macro may be used: Check writes a file itself. */
struct dt_test_limit {
    struct rlimit old;
};
struct dt_test_limit dt_test_limit_files(rlim_t bytes);
void dt_test_unlimit_files(const struct dt_test_limit *l);

/* Fails the test with the message of an unexpected error. */
void dt_test_ok(const struct dt_err *err);
/* Fails unless err has this code and its message contains `text`. */
void dt_test_fails(const struct dt_err *err, enum dt_code code, const char *text);

#endif
