#!/bin/sh
# Installs the Debian packages that building and testing need, where they are missing; --ci: what .ci/run needs as well.
# Says nothing and changes nothing when all are there.
set -eu

packages='build-essential meson ninja-build pkg-config libopenblas-dev libdnnl-dev libhdf5-dev libyaml-dev nettle-dev
  libjansson-dev librandom123-dev libprotobuf-c-dev protobuf-c-compiler zlib1g-dev libpng-dev libjpeg62-turbo-dev check
  dataset-fashion-mnist hdf5-tools python3-h5py'
ci_packages='clang clang-format clang-tidy libclang-rt-14-dev libomp-14-dev valgrind chromium'

case "${1-}" in
'') ;;
--ci) packages="$packages $ci_packages" ;;
*)
  echo "usage: tools/setup.sh [--ci]" >&2
  exit 2
  ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "not a Debian system: make sure that the equivalents of these packages are installed:" $packages >&2
  exit 0
fi

missing=
for p in $packages; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  root='env'
elif command -v sudo >/dev/null; then
  root='sudo env'
else
  echo "error: packages are missing, and there is neither root nor sudo; as root run: apt-get install$missing" >&2
  exit 1
fi
echo "installing$missing" >&2
apt="$root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
$apt update >&2 || echo "warning: apt-get update failed; trying with the package lists that are there" >&2
$apt install -y --no-install-recommends $missing </dev/null >&2
