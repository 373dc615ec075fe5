#!/bin/sh
# Fuzzes the readers of files with libFuzzer (clang; address, undefined and leak sanitizers; reference engine). The last
# line is `N passed, N failed`, a target each. What a target grows its corpus by, and what it finds, stays in build-fuzz.
# usage: tools/fuzz.sh SECONDS [TARGET...]      TARGET: config checkpoint idx cifar image rundir; none: all
set -eu
cd "$(dirname "$0")/.."

seconds=${1?usage: tools/fuzz.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- config checkpoint idx cifar image rundir
build=build-fuzz

if [ ! -f $build/build.ninja ]; then
  CC=clang meson setup $build -Dfuzz=true -Dtests=false -Donednn=false -Db_lundef=false -Dbuildtype=debugoptimized \
    -Doptimization=1 -Db_sanitize=address,undefined
fi
programs=
for target; do
  programs="$programs fuzz/fuzz_$target"
done
ninja -C $build $programs

asan=allocator_may_return_null=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=fuzz/lsan.supp:print_suppressions=0"
at_a_time=$(nproc) # before OMP_NUM_THREADS, which nproc would take for it
export OMP_NUM_THREADS=1

fuzz() { # TARGET: its log is printed when it ends, since several run at a time
  mkdir -p $build/corpus/$1 $build/found
  ASAN_OPTIONS=$asan
  # HDF5 asks for as much as a header claims, and then finds that the file is shorter: it is told that there is no more.
  [ "$1" != checkpoint ] || ASAN_OPTIONS=$asan:max_allocation_size_mb=1024
  export ASAN_OPTIONS
  $build/fuzz/fuzz_$1 -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix=$build/found/$1- $build/corpus/$1 fuzz/corpus/$1 >$build/found/$1.log 2>&1
}

passed=0 failed=0
while [ $# -gt 0 ]; do # as many at a time as there are processors; all take as long
  pids= targets=
  while [ $# -gt 0 ] && [ "$(echo $pids | wc -w)" -lt "$at_a_time" ]; do
    fuzz "$1" &
    pids="$pids $!" targets="$targets $1"
    shift
  done
  for target in $targets; do
    pid=${pids# } pids=${pids# }
    pid=${pid%% *} pids=${pids#$pid}
    if wait "$pid"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    echo "== $target"
    cat $build/found/$target.log
  done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
