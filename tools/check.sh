#!/bin/sh
# Builds with warnings as errors and runs the whole test suite; the last line is `N passed, N failed`.
# usage: [TESTS='base data'] tools/check.sh [BUILD-FOLDER [MESON-OPTION...]]     TESTS: those only
set -eu
cd "$(dirname "$0")/.."

build=${1-build}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- -Dwerror=true
log=$build/meson-logs/testlog.txt

configure() {
  if [ -f "$build/build.ninja" ]; then
    meson configure "$build" "$@"
  else
    meson setup "$build" "$@"
  fi
}

rm -f "$log"
# Several tests run at once, each with its own threads: those that wait should not spin.
tools/setup.sh && configure "$@" && ninja -C "$build" &&
  OMP_WAIT_POLICY=passive meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 10 ${TESTS-} ||
  true # what happened is in the log
if [ ! -f "$log" ]; then
  echo "0 passed, 1 failed"
  exit 1
fi
awk -f tools/count_tests.awk "$log"
