/* Errors: the first failure is kept; codes map to the documented exit statuses of the program. */
#include <dyntrain/base.h>

#include <stdlib.h>

bool dt_fail(struct dt_err *e, enum dt_code code, const char *fmt, ...)
{
    va_list args;

    DT_ASSERT(code != DT_OK);
    if (e->code != DT_OK)
        return false;
    e->code = code;
    va_start(args, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, args);
    va_end(args);
    return false;
}

int dt_exit_status(enum dt_code code)
{
    switch (code) {
    case DT_OK:
        return 0;
    case DT_EUSAGE:
        return 2;
    case DT_ECONFIG:
    case DT_ESHAPE:
        return 3;
    case DT_EDATA:
        return 4;
    case DT_ECHECKPOINT:
        return 5;
    case DT_ENUMERIC:
        return 6;
    case DT_ERESOURCE:
    case DT_EFULL:
    case DT_ENOMEM:
        return 7;
    case DT_EVERIFY:
        return 8;
    case DT_ESTOPPED:
        return 75;
    case DT_EINTERRUPT:
        return 130;
    case DT_ETERM:
        return 143;
    case DT_EENGINE:
        return 1;
    }
    return 1;
}

void dt_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "%s:%d: a bug in dyntrain: `%s` does not hold\n", file, line, cond);
    abort();
}
