#!/bin/sh
# Fuzzes each target for a while on stable Rust; fails if one does. Needs g++, for libFuzzer.
#
#   fuzz/run.sh [SECONDS] [TARGET...]       30 seconds, all targets
#
# Starts from the named seeds in fuzz/seeds and from what earlier runs found, in target/fuzz/corpus. What makes a target
# fail is left in target/fuzz/artifacts; fuzz/README.md says what to do with it.
set -eu
# Logs hold bytes that are no text.
export LC_ALL=C

seconds=${1:-30}
[ $# -eq 0 ] || shift
case $seconds in
'' | *[!0-9]*) echo "usage: fuzz/run.sh [SECONDS] [TARGET...]" >&2 && exit 2 ;;
esac

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- $(ls fuzz/seeds)
for target; do
    [ -d "fuzz/seeds/$target" ] || { echo "fuzz/run.sh: there is no target $target" >&2 && exit 2; }
done
command -v g++ >/dev/null || { echo "fuzz/run.sh: g++ is needed to build libFuzzer (Debian: apt-get install g++)" >&2 && exit 1; }

# What cargo-fuzz passes, but for the address sanitizer, which needs nightly Rust and finds nothing in safe code.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags="$flags -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
flags="$flags --cfg fuzzing -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
host=$(rustc -vV | sed -n 's/^host: //p')
bins=
for target; do bins="$bins --bin $target"; done
# With a target triple, flags do not reach build scripts.
RUSTFLAGS=$flags cargo build --quiet --release -p emu-fuzz --features libfuzzer --target "$host" --target-dir target/fuzz $bins

failed=
printf '%-12s %12s %10s %10s %10s %8s\n' target executions per_second edges corpus result
for target; do
    corpus=target/fuzz/corpus/$target
    artifacts=target/fuzz/artifacts/$target
    log=target/fuzz/$target.log
    mkdir -p "$corpus" "$artifacts"
    cp "fuzz/seeds/$target"/* "$corpus/"
    # Their bytes are scripts, of which a few hundred are a long one.
    case $target in plan | smp_upload) longest=512 ;; *) longest=4096 ;; esac
    result=passed
    "target/fuzz/$host/release/$target" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -max_len="$longest" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$artifacts/" "$corpus" >"$log" 2>&1 || result=FAILED
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
    last=$(grep -aE '^#[0-9]+.* cov: ' "$log" | tail -n 1)
    edges=$(echo "$last" | sed -n 's/.* cov: \([0-9]*\).*/\1/p')
    units=$(echo "$last" | sed -n 's/.* corp: \([0-9]*\).*/\1/p')
    printf '%-12s %12s %10s %10s %10s %8s\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" "${edges:--}" "${units:--}" "$result"
    [ "$result" = passed ] || { failed="$failed $target" && tail -n 40 "$log" >&2; }
done
[ -z "$failed" ] || { echo "fuzz/run.sh: failed:$failed; see target/fuzz/artifacts" >&2 && exit 1; }
