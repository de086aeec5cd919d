#!/bin/sh
# Instructions that a row of a read-out or a frame of SMP costs, counted by callgrind, and their ratios to what one would pick instead. Fails where a limit is
# passed. Counts do not depend on what else the machine does. Usage: benches/scripts/instructions.sh; needs valgrind.
set -eu
cd "$(dirname "$0")/../.."
cargo build --quiet --release -p emu-benches --bin instructions
program=${CARGO_TARGET_DIR:-target}/release/instructions
status=0

# Sets `row` to the instructions a row of a variant.
measure() {
    output=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*measured*' "$program" "$1" 2>&1)
    rows=$(printf '%s\n' "$output" | grep -E '^[0-9]+$')
    instructions=$(printf '%s\n' "$output" | sed -n 's/.*Collected : //p')
    row=$((instructions / rows))
}

verdict() { # condition, what to print
    if [ "$1" -eq 1 ]; then echo "| $2 | ok |"; else echo "| $2 | MISSED |"; status=1; fi
}

at_most() { # variant, limit, name
    measure "$1"
    verdict "$((row <= $2))" "$3 | $row | at most $2"
}

printf '| bodies | instructions a row | | |\n|---|--:|---|---|\n'
measure whole
whole=$row
verdict "$((whole <= 1000))" "a dozen meters, whole bodies | $whole | at most 1000"
at_most 4096 "$((whole * 125 / 100))" 'in chunks of 4096 bytes'
at_most 1460 "$((whole * 125 / 100))" 'in chunks of 1460 bytes'
at_most 536 "$((whole * 160 / 100))" 'in chunks of 536 bytes'
at_most random 2000 'fields of random length'
at_most reversed 2000 'columns in another order'
at_most quoted 2000 'quoted cells'
at_most offset 2000 'times with an offset'
at_most decimals 2000 'values with decimals'

at_least() { # variant, how many times `whole`, name
    measure "$1"
    verdict "$((row >= whole * $2))" "$3 | $row | at least $2 times the whole bodies"
}
at_least nom_tuned 2 'nom 8, leaf parsers by hand'
at_least csv_records 5 'csv, record used again'
at_least csv_serde 8 'csv, serde, chrono'

printf '\n| frames | instructions a frame | | |\n|---|--:|---|---|\n'
# What was measured, and at most a tenth more.
at_most emu-decode-list 15600 'the list of two images, decoded'
list=$row
at_most emu-encode-list 2480 'the same, encoded'
at_most emu-decode-piece 850 'a piece of 512 bytes, decoded'
piece=$row
at_most emu-encode-piece 640 'the same, encoded'
beside() { # variant, how many times, what, of how many instructions, name
    measure "$1"
    verdict "$((row >= $4 * $2))" "$5 | $row | at least $2 times $3"
}
beside ciborium-decode-list 1 emu-smp "$list" 'list, decoded by ciborium and serde'
beside mcumgr-decode-list 2 emu-smp "$list" 'list, decoded by mcumgr-smp'
beside ciborium-decode-piece 6 emu-smp "$piece" 'piece, decoded by ciborium and serde'
exit $status
