/* Numbers as text, the same under any locale. */
#ifndef DT_BASE_NUMBER_H
#define DT_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of `s`, digits with an optional sign; no leading zeros (YAML 1.1 would read "010" as octal). */
bool dt_parse_int(const char *s, int64_t *out);
/* The whole of `s`: "5", ".5", "-1e-3"; neither hexadecimal nor "inf" nor "nan", and never infinite. */
bool dt_parse_real(const char *s, double *out);
/* The shortest decimal that reads back as exactly `v`; returns buf. */
const char *dt_print_real(double v, char *buf, size_t size);

#endif
