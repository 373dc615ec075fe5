/* Numbers as text. The C library reads and writes the decimal point of the current locale, which belongs to whoever
 * embeds the library; so the calls below switch this thread to the "C" locale and back. */
#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
    while (is_digit(*s))
        s++;
    return s;
}

static const char *skip_sign(const char *s)
{
    return s + (*s == '+' || *s == '-');
}

static bool leading_zero(const char *digits)
{
    return digits[0] == '0' && is_digit(digits[1]);
}

bool dt_parse_int(const char *s, int64_t *out)
{
    const char *digits = skip_sign(s), *end = skip_digits(digits);
    long long v;

    if (end == digits || *end || leading_zero(digits))
        return false;
    errno = 0;
    v = strtoll(s, NULL, 10);
    if (errno || v < INT64_MIN || v > INT64_MAX)
        return false;
    *out = v;
    return true;
}

static bool looks_real(const char *s)
{
    const char *digits = skip_sign(s), *p = skip_digits(digits), *exponent;
    bool any = p > digits;

    if (leading_zero(digits))
        return false;
    if (*p == '.') {
        const char *fraction = p + 1;

        p = skip_digits(fraction);
        any = any || p > fraction;
    }
    if (any && (*p == 'e' || *p == 'E')) {
        exponent = skip_sign(p + 1);
        p = skip_digits(exponent);
        any = p > exponent;
    }
    return any && !*p;
}

/* Returns the locale to go back to; (locale_t)0 when there was no memory for the change. */
static locale_t enter_c(locale_t *c)
{
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c(locale_t c, locale_t back)
{
    if (!c)
        return;
    uselocale(back);
    freelocale(c);
}

bool dt_parse_real(const char *s, double *out)
{
    locale_t c, back;
    double v;

    if (!looks_real(s))
        return false;
    back = enter_c(&c);
    v = strtod(s, NULL);
    leave_c(c, back);
    if (!isfinite(v))
        return false;
    *out = v;
    return true;
}

const char *dt_print_real(double v, char *buf, size_t size)
{
    locale_t c, back = enter_c(&c);

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    leave_c(c, back);
    return buf;
}
