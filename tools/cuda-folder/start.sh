#!/bin/sh
# Tests and benchmarks of the CUDA device, from this folder alone.
#   ./start.sh doctor           what is there
#   ./start.sh test             the kernel tests and the training test on the GPU
#   ./start.sh sanitize         the kernel tests under compute-sanitizer, where that is installed
#   ./start.sh bench [FILE]     the benchmarks, to FILE (RESULTS-cuda.md)
# PyTorch as a peer is that of $IABN_BENCH_PYTHON, or of python3. Of several, separated by colons, the
# first has the CUDA libraries.
# cspell:ignore getsitepackages getusersitepackages memcheck racecheck initcheck exitcode
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# Unpacked once for each version of this folder.
work=${TMPDIR:-/tmp}/inplace-abn-cuda-$(cat "$here/version")
if [ ! -e "$work/ready" ]; then
  mkdir -p "$work/lib"
  for file in "$here"/packed/*.gz; do
    gunzip -c "$file" > "$work/lib/$(basename "$file" .gz)"
  done
  chmod +x "$work/lib/node"
  touch "$work/ready"
fi

# Where pip puts NVIDIA's libraries.
python=${IABN_BENCH_PYTHON:-$(command -v python3 || true)}
nvidia=
if [ -n "$python" ]; then
  nvidia=$("${python%%:*}" - 2> /dev/null << 'PYTHON' || true
import glob, site, sys
roots = site.getsitepackages() + [site.getusersitepackages()] + sys.path
print(":".join(sorted({lib for root in roots for lib in glob.glob(root + "/nvidia/*/lib")})))
PYTHON
)
fi
export LD_LIBRARY_PATH="$work/lib${nvidia:+:$nvidia}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export IABN_ADDON="$work/lib/inplace_abn.node"
export IABN_CUDA_PLUGIN="$work/lib/inplace_abn_cuda.so"
export IABN_CUDA_TEST=gpu
[ -z "$python" ] || export IABN_BENCH_PYTHON="$python"

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  doctor) exec "$work/lib/node" "$here/programs/doctor.mjs" "$@" ;;
  test) exec "$work/lib/node" --test --test-concurrency=1 "$here"/programs/*.test.mjs ;;
  sanitize)
    for tool in memcheck racecheck initcheck; do
      for dtype in float32 bfloat16 float16; do
        compute-sanitizer --tool "$tool" --error-exitcode 1 "$work/lib/node" "$here/programs/$dtype.test.mjs"
      done
    done
    ;;
  bench) exec "$work/lib/node" "$here/programs/bench.mjs" "$@" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" ;;
esac
