/* "did you mean ...": the nearest known word by Damerau-Levenshtein distance (optimal string alignment: no part is
 * edited twice). */
#include <dyntrain/base.h>

#include <string.h>

enum { LONGEST = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LONGEST + 1], *before = row[0], *above = row[1], *now = row[2], *spare;

    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = min3(above[j] + 1, now[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        spare = before;
        before = above;
        above = now;
        now = spare;
    }
    return above[m];
}

const char *dt_nearest(const char *word, const char *const *candidates, int n)
{
    size_t len = strlen(word), limit = len / 3 > 1 ? len / 3 : 1;
    const char *found = NULL;

    for (int i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]), d;

        if (len > LONGEST || other > LONGEST)
            continue;
        d = distance(word, len, candidates[i], other);
        if (d < limit + !found) {
            limit = d;
            found = candidates[i];
        }
    }
    return found;
}
