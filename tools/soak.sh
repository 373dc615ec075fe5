#!/bin/sh
# What takes too long for each change: over an hour on two processors. The log is build/soak.log; what it comes to is
# printed at the end as the table of docs/reliability.md (also: awk -f tools/soak_table.awk build/soak.log). The last line
# is `N passed, N failed` over all steps.
# usage: tools/soak.sh [KILLS [SECONDS]]      kills a method (50); seconds a fuzz target (600)
set -u
cd "$(dirname "$0")/.."

kills=${1-50} seconds=${2-600}
log=build/soak.log
passed=0 failed=0

step() {
  name=$1 begin=$(date +%s)
  shift
  echo "=== $name"
  if "$@" 2>&1; then
    passed=$((passed + 1)) what=passed
  else
    failed=$((failed + 1)) what=FAILED
  fi
  echo "=== $what, $(($(date +%s) - begin)) s"
}

tools/setup.sh --ci && { [ -f build/build.ninja ] || meson setup build -Dwerror=true >/dev/null; } && ninja -C build >/dev/null ||
  exit 1
export OMP_WAIT_POLICY=passive CK_DEFAULT_TIMEOUT=0
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm
{
  step "$kills kills a method" env KILLS="$kills" build/tests/faults/test_kill
  step 'every allocation of a run' env DT_THOROUGH=1 build/tests/train/test_train run
  for suite in disk save crash failing waiting long; do
    step "faults: $suite" build/tests/faults/test_faults $suite
  done
  step "fuzzing, $seconds s a target" tools/fuzz.sh "$seconds"
  step valgrind tools/valgrind.sh base io data autograd nn
  echo "$passed passed, $failed failed"
} 2>&1 | tee $log
awk -f tools/soak_table.awk $log
tail -n 1 $log
tail -n 1 $log | grep -q ' 0 failed$'
