//! Nothing: what every program has, and what is subtracted.
#![no_std]
#![no_main]

footprint::program! {
    state: () = (),
    turn: |(), input| footprint::keep(input),
    input: b"x",
    count: 1,
    unit: "turn",
}
