/* pin: one processor a compute thread. OpenMP would read its own variables for that before main(), so the threads of
 * its pool are bound here, each by its number in the team; they keep that number as long as the pool lives. */
#define _GNU_SOURCE /* cpu_set_t */
#include <dyntrain/base.h>

#include <omp.h>
#include <pthread.h>
#include <sched.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cpu_set_t whole; /* what the process may use, before anything was bound */
static bool known;
static bool bound; /* by a call of the main thread */

static void look(void)
{
    known = sched_getaffinity(0, sizeof whole, &whole) == 0;
}

/* The i-th processor of the set, around. */
static int processor(int i)
{
    int left = i % CPU_COUNT(&whole), cpu = 0;

    for (;; cpu++)
        if (CPU_ISSET(cpu, &whole) && left-- == 0)
            return cpu;
}

bool dt_par_pin(bool on)
{
    int failed = 0;

    pthread_once(&once, look);
    if (!known)
        return false;
    if (!on && !bound)
        return true;
    sched_setaffinity(0, sizeof whole, &whole); /* the count of threads may have to be asked for again */
#pragma omp parallel num_threads(dt_par_threads()) reduction(+ : failed)
    {
        cpu_set_t set = whole;

        if (on) {
            CPU_ZERO(&set);
            CPU_SET(processor(omp_get_thread_num()), &set);
        }
        failed += sched_setaffinity(0, sizeof set, &set) != 0;
    }
    bound = on;
    return failed == 0;
}

void dt_par_unpin_self(void)
{
    pthread_once(&once, look);
    if (known)
        sched_setaffinity(0, sizeof whole, &whole);
}

int dt_par_processors(void)
{
    pthread_once(&once, look);
    return known ? CPU_COUNT(&whole) : 1;
}
