//! What a capability of `emu-proto` or `emu-smp` costs on a microcontroller.
//!
//! Each program in `src/bin` uses one capability and nothing else. Built as it is, it is linked only: the panic handler
//! calls a symbol that nobody defines, so that the link fails if a panic is reachable, and the sections of the program
//! tell how much flash the capability takes. Built with the feature `run`, it runs in an emulator and prints how much stack
//! and how many instructions the capability takes. `../host/footprint.py` does both for all programs and makes the table.
//!
//! To find out who panics, link with `--features panics` and look into the program with `objdump -d`.
#![no_std]

#[cfg(target_arch = "arm")]
use cortex_m_rt as _;

pub mod answers;
pub mod file;
#[cfg(feature = "run")]
pub mod measure;

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// Makes a program of a capability.
///
/// `turn` is a function of the state and the input. What it makes it hands to [`keep`]. `input` is what the measured runs
/// get; `count` is how many of `unit` it has. `first` goes in front of that once: a header line. In the linked program the input is empty, and nothing is known of it.
#[macro_export]
macro_rules! program {
    (
        state: $State:ty = $state:expr,
        turn: $turn:expr,
        $(first: $first:expr,)?
        input: $input:expr,
        count: $count:expr,
        unit: $unit:expr $(,)?
    ) => {
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            static STATE: $crate::Place<$State> = $crate::Place::EMPTY;
            let state = STATE.fill($state);
            #[cfg(feature = "run")]
            {
                #[allow(unused_mut, unused_assignments, reason = "not every capability has something first")]
                let mut first: Option<&[u8]> = None;
                $(first = Some($first);)?
                $crate::measure::run(state, $turn, first, $input, $count, $unit);
            }
            #[cfg(not(feature = "run"))]
            loop {
                let turn: fn(&mut $State, &[u8]) = $turn;
                turn(state, ::core::hint::black_box(&[]));
            }
        }
    };
}

/// Keeps the compiler from leaving out what makes `value`.
pub fn keep<T: ?Sized>(value: &T) {
    core::hint::black_box(value);
}

/// Keeps a result, which is no error where it is measured: an error would be another length of way.
pub fn keep_good<T, E>(result: &Result<T, E>) {
    #[cfg(feature = "run")]
    assert!(result.is_ok(), "the sample is not good");
    keep(result);
}

/// An entry to write or to plan with. Reading it is no part of the capability: it is there in a measured run alone.
pub fn sample() -> Option<emu_proto::LoadProfileEntry> {
    #[cfg(feature = "run")]
    return emu_proto::read_row(include_bytes!("../data/load_profile_row.csv")).ok();
    #[cfg(not(feature = "run"))]
    core::hint::black_box(None)
}

/// Whether there is no more input: nobody knows, and so both ways are linked in; in a measured run there is more.
pub fn is_over() -> bool {
    core::hint::black_box(false)
}

/// The place of a program's state, which is no part of the stack.
#[derive(Debug)]
pub struct Place<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: a program has one thread and no interrupts.
unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    /// The place before [`fill`](Self::fill).
    pub const EMPTY: Self = Self(UnsafeCell::new(MaybeUninit::uninit()));

    /// Puts a value here; called once, by [`program!`].
    #[allow(clippy::mut_from_ref, reason = "called once")]
    pub fn fill(&'static self, value: T) -> &'static mut T {
        // SAFETY: this is the only access, and there is one thread.
        unsafe { (*self.0.get()).write(value) }
    }
}

#[cfg(not(any(feature = "run", feature = "panics")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn a_panic_is_reachable() -> !;
    }
    // SAFETY: there is no such function: a program that can come here is not linked.
    unsafe { a_panic_is_reachable() }
}

#[cfg(all(feature = "panics", not(feature = "run")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
