//! Stack and instructions of a capability that runs in an emulator.

use core::hint::black_box;
use core::ptr;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::register::msp;
use cortex_m_semihosting::{debug, hprintln};

/// How often the capability runs, so that the timer's steps do not matter.
const TURNS: u32 = 64;

/// The emulator counts an instruction as a nanosecond (`-icount shift=0`), and the board's timer runs at 25 MHz.
const INSTRUCTIONS_A_TICK: u64 = 40;

/// How many bytes of stack are looked at.
const DEPTH: usize = 64 * 1024;

const PAINT: u32 = 0xa5a5_a5a5;

/// Runs the capability, prints a line for the host, and ends the emulator.
pub fn run<S>(state: &mut S, turn: fn(&mut S, &[u8]), first: Option<&[u8]>, input: &[u8], count: u32, unit: &str) -> ! {
    let (turn, input) = (black_box(turn), black_box(input));
    let stack = stack_of(|| {
        if let Some(first) = first {
            turn(state, first);
        }
        turn(state, input);
    });
    let instructions = instructions_of(|| turn(state, input)).div_ceil(u64::from(count));
    hprintln!("stack={} instructions={} state={} unit={}", stack, instructions, size_of::<S>(), unit);
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}

/// Returns how many bytes below this function's frame `call` wrote to.
#[inline(never)]
fn stack_of(call: impl FnOnce()) -> usize {
    let top = msp::read() as usize;
    let bottom = top.saturating_sub(DEPTH);
    let words = (bottom..top).step_by(size_of::<u32>());
    for address in words.clone() {
        // SAFETY: what lies below the stack pointer is free: there are no interrupts, and the memory is much larger.
        unsafe { ptr::write_volatile(address as *mut u32, PAINT) };
    }
    call();
    // SAFETY: as above.
    let mut touched = words.skip_while(|address| unsafe { ptr::read_volatile(*address as *const u32) } == PAINT);
    touched.next().map_or(0, |address| top - address)
}

/// Returns how many instructions a call takes.
fn instructions_of(mut call: impl FnMut()) -> u64 {
    // SAFETY: nobody else has the timer.
    let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(0x00ff_ffff);
    timer.clear_current();
    timer.enable_counter();
    let before = SYST::get_current();
    for _ in 0..TURNS {
        call();
    }
    let after = SYST::get_current();
    assert!(!timer.has_wrapped(), "the timer went round: fewer turns");
    u64::from(before.wrapping_sub(after) & 0x00ff_ffff) * INSTRUCTIONS_A_TICK / u64::from(TURNS)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
