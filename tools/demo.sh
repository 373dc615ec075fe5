#!/bin/sh
# The quick start: installs what is missing, builds, trains a small network on real images and an agent that runs as much
# of it as a budget allows. Arguments are passed on, as in: tools/demo.sh budgetnet.epochs=1
set -eu
cd "$(dirname "$0")/.."

tools/setup.sh
[ -f build/build.ninja ] || meson setup build
ninja -C build src/cli/dyntrain
echo
echo "+ build/src/cli/dyntrain configs/quickstart.yaml $*"
build/src/cli/dyntrain configs/quickstart.yaml "$@"
echo
echo "program: build/src/cli/dyntrain (--help)    runs: experiments/    configs: configs/    tests: tools/check.sh"
