#!/bin/sh
# The sources are as clang-format 14 writes them (.clang-format).
# usage: tools/check_format.sh [PROJECT-FOLDER]
set -eu
cd "${1-$(dirname "$0")/..}"
find src include tests bench -name '*.[ch]' -type f -print0 | xargs -0 "${CLANG_FORMAT:-clang-format}" --dry-run -Werror
