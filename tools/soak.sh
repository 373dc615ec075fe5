#!/bin/sh
# What takes too long for each change: some 90 minutes on two processors. The log, build/soak.log, is summarised in
# docs/reliability.md. The last line is `N passed, N failed` over all steps.
# usage: tools/soak.sh [KILLS [SECONDS]]      kills a method (50); seconds a fuzz target (600)
set -u
cd "$(dirname "$0")/.."

kills=${1-50} seconds=${2-600}
log=build/soak.log
passed=0 failed=0

step() {
  name=$1
  shift
  echo "== $name ($(date -u +%H:%M))"
  if "$@" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "== $name: FAILED"
  fi
}

tools/setup.sh --ci && meson setup build -Dwerror=true >/dev/null 2>&1
ninja -C build >/dev/null || exit 1
export OMP_WAIT_POLICY=passive
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm
{
  step "$kills kills a method" env KILLS="$kills" CK_DEFAULT_TIMEOUT=0 build/tests/faults/test_kill
  step 'every allocation of a run' env DT_THOROUGH=1 build/tests/train/test_train run
  for suite in save crash failing waiting long; do
    step "faults: $suite" build/tests/faults/test_faults $suite
  done
  for target in config checkpoint idx cifar image rundir; do
    step "fuzzing $target, $seconds s" tools/fuzz.sh "$seconds" $target
  done
  step 'valgrind' tools/valgrind.sh base io data nn train
  echo "$passed passed, $failed failed"
} 2>&1 | tee $log
tail -n 1 $log | grep -q ' 0 failed$'
