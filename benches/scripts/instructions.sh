#!/bin/sh
# Instructions that a row costs, counted by callgrind; fails above the limits. Usage: benches/scripts/instructions.sh
# Counts do not depend on what else the machine does. Needs valgrind.
set -eu
cd "$(dirname "$0")/../.."
cargo build --quiet --release -p emu-benches --bin instructions
target=${CARGO_TARGET_DIR:-target}
status=0
count() { # variant, limit
    output=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*measured*' \
        "$target/release/instructions" "$1" 2>&1)
    rows=$(printf '%s\n' "$output" | grep -E '^[0-9]+$')
    instructions=$(printf '%s\n' "$output" | sed -n 's/.*Collected : //p')
    row=$((instructions / rows))
    if [ "$row" -le "$2" ]; then verdict=ok; else verdict='TOO MANY'; status=1; fi
    printf '| %s | %s | %s | %s |\n' "$3" "$row" "$2" "$verdict"
}
printf '| bodies | instructions a row | limit | |\n|---|--:|--:|---|\n'
count whole 1000 'a dozen meters, whole bodies'
count 4096 1100 'in chunks of 4096 bytes'
count 1460 1250 'in chunks of 1460 bytes'
count 536 1600 'in chunks of 536 bytes'
count random 2000 'fields of random length, whole bodies'
count reversed 2000 'columns in another order'
count quoted 2000 'quoted cells'
count offset 2000 'times with an offset'
count decimals 2000 'values with decimals'
exit $status
