#!/bin/sh
# The unit tests under valgrind: reads of undefined or foreign memory, and what is lost. The last line is
# `N passed, N failed`, a room each. What HDF5, OpenMP and OpenBLAS are known for is in tools/valgrind.supp. autograd and nn
# are there as their double-precision twins, on the reference engine: valgrind knows neither AVX-512 nor what oneDNN writes
# at run time.
# usage: tools/valgrind.sh [ROOM...]      after tools/check.sh; base io data autograd nn; none: base io
set -eu
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- base io
export CK_FORK=no CK_DEFAULT_TIMEOUT=0 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
passed=0 failed=0
for room; do
  program=build/tests/$room/test_$room
  case $room in
    autograd | nn) program=build/tests/$room/twin_$room ;;
  esac
  echo "== $room"
  if valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --suppressions=tools/valgrind.supp "$program"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
