#!/bin/sh
# A file has at most 400 lines, a function at most 60 (from its brace to its brace): what is longer holds two ideas.
# usage: tools/check_size.sh [PROJECT-FOLDER]
set -eu
cd "${1-$(dirname "$0")/..}"
find src include tests bench -name '*.[ch]' -type f | LC_ALL=C sort | xargs awk '
  FNR == 1 { begin = 0 }
  FNR == 401 { printf "%s: more than 400 lines\n", FILENAME; bad = 1 }
  /^\{/ { begin = FNR }
  /^\}/ && begin {
    if (FNR - begin - 1 > 60) { printf "%s:%d: a function of %d lines\n", FILENAME, begin, FNR - begin - 1; bad = 1 }
    begin = 0
  }
  END { exit bad || NR == 0 }'
