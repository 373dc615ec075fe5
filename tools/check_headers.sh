#!/bin/sh
# Each public header compiles alone, as C and as C++, and twice in one file.
# usage: tools/check_headers.sh [PROJECT-FOLDER]
set -eu
cd "${1-$(dirname "$0")/..}"

flags='-Wall -Wextra -pedantic -Wundef -Werror -fsyntax-only -Iinclude -D_POSIX_C_SOURCE=200809L'
bad=0 n=0
for path in include/dyntrain.h include/dyntrain/*.h; do
  header=${path#include/}
  source="#include <$header>
#include <$header>"
  echo "$source" | ${CC:-cc} -x c -std=c17 -Wshadow -Wstrict-prototypes $flags - || { echo "$path: not C on its own"; bad=1; }
  echo "$source" | ${CXX:-c++} -x c++ -std=c++17 $flags - || { echo "$path: not C++ on its own"; bad=1; }
  n=$((n + 1))
done
echo "$n headers"
[ "$n" -gt 1 ] && exit $bad
