/* INT, TERM, USR1 and HUP (the terminal or the connection is gone; as TERM): the first is remembered, and the loop
 * stops after the step with a checkpoint; the second ends the process at once. Which signal came is the only static
 * state of this folder: a handler has nowhere else to put it. */
#include "train/loop.h"

#include <signal.h>
#include <unistd.h>

static const int caught[] = { SIGINT, SIGTERM, SIGUSR1, SIGHUP };
enum { N_CAUGHT = sizeof caught / sizeof *caught };
static struct sigaction before[N_CAUGHT];
static volatile sig_atomic_t came;

static void on_signal(int number)
{
    if (came && number == SIGHUP) /* shell and kernel both send one, and service managers one after TERM */
        return;
    if (came)
        _exit(128 + number);
    came = number;
}

void dt_signals_catch(void)
{
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

    sigemptyset(&a.sa_mask);
    came = 0;
    for (int i = 0; i < N_CAUGHT; i++) {
        DT_ASSERT(sigaction(caught[i], NULL, &before[i]) == 0);
        if (caught[i] != SIGHUP || before[i].sa_handler != SIG_IGN) /* nohup means it */
            DT_ASSERT(sigaction(caught[i], &a, NULL) == 0);
    }
}

void dt_signals_release(void)
{
    for (int i = 0; i < N_CAUGHT; i++)
        DT_ASSERT(sigaction(caught[i], &before[i], NULL) == 0);
    came = 0;
}

enum dt_code dt_signals_code(void)
{
    switch (came) {
    case SIGINT:
        return DT_EINTERRUPT;
    case SIGTERM:
    case SIGHUP:
        return DT_ETERM;
    case SIGUSR1:
        return DT_ESTOPPED;
    default:
        return DT_OK;
    }
}
