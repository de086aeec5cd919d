//! Arm's MPS2 board with the image AN386, as QEMU has it: a Cortex-M4 at 25 MHz.
//!
//! Its UARTs hold a single byte. Each is fetched by an interrupt into a ring of 1 KiB. If that is full, the byte stays in the
//! UART: QEMU then holds back what follows, while on a wire it would be lost.
//!
//! Source: Arm DAI 0386, "Memory map" and "Interrupts"; Arm DDI 0479, "APB UART".

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::Peripherals;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB};
use cortex_m_rt::{ExceptionFrame, exception};

use super::register::Register;
use super::ring::Ring;

pub(super) const NAME: &str = "mps2-an386";

pub(super) const LINES: usize = 2;

/// Where the memory map has `SLOTS`, and how much of it is used.
pub(super) const RETAINED: (usize, usize) = (0x2100_0000, 1 << 20);

/// The processor's clock, in hertz.
const CLOCK: u32 = 25_000_000;

const BAUD_RATE: u32 = 115_200;

/// Arm's CMSDK UART.
struct Uart {
    data: Register<u32>,
    state: Register<u32>,
    control: Register<u32>,
    interrupt: Register<u32>,
    divider: Register<u32>,
}

/// Of `state`: the byte to send is not sent yet; one has been received.
const IS_SENDING: u32 = 1 << 0;
const IS_RECEIVED: u32 = 1 << 1;

/// Of `control`: sender and receiver are on; a received byte interrupts.
const SENDER: u32 = 1 << 0;
const RECEIVER: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 3;

/// Of `interrupt`, to clear: a byte has been received.
const RECEIVED: u32 = 1 << 1;

const UARTS: [Uart; LINES] = [Uart::at(0x4000_4000), Uart::at(0x4000_5000)];

/// The interrupt of a received byte, of each UART.
#[derive(Clone, Copy)]
struct Received(u16);

const INTERRUPTS: [Received; LINES] = [Received(0), Received(2)];

static RINGS: [Ring<1024>; LINES] = [const { Ring::new() }; LINES];

static MILLISECONDS: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

impl Uart {
    const fn at(base: usize) -> Self {
        #[allow(unsafe_code, reason = "a register is reached by its address")]
        // SAFETY: the memory map has the registers of a UART there.
        unsafe {
            Self {
                data: Register::at(base),
                state: Register::at(base + 0x4),
                control: Register::at(base + 0x8),
                interrupt: Register::at(base + 0xc),
                divider: Register::at(base + 0x10),
            }
        }
    }
}

#[allow(unsafe_code, reason = "the trait asks for it")]
// SAFETY: the numbers are those of the interrupts, and stay so.
unsafe impl InterruptNumber for Received {
    fn number(self) -> u16 {
        self.0
    }
}

pub(super) fn start() {
    if let Some(Peripherals { mut SYST, .. }) = Peripherals::take() {
        SYST.set_clock_source(SystClkSource::Core);
        SYST.set_reload(CLOCK / 1000 - 1);
        SYST.clear_current();
        SYST.enable_interrupt();
        SYST.enable_counter();
    }
    for (uart, received) in UARTS.iter().zip(INTERRUPTS) {
        uart.divider.write(CLOCK / BAUD_RATE);
        uart.control.write(SENDER | RECEIVER | INTERRUPT);
        #[allow(unsafe_code, reason = "to unmask an interrupt can break a critical section")]
        // SAFETY: there is no critical section yet.
        unsafe {
            NVIC::unmask(received);
        }
    }
}

pub(super) fn receive(number: usize) -> Option<u8> {
    let byte = RINGS[number].pop();
    // A byte that was left in the UART because the ring was full interrupts no more by itself.
    if byte.is_some() && UARTS[number].state.read() & IS_RECEIVED != 0 {
        NVIC::pend(INTERRUPTS[number]);
    }
    byte
}

pub(super) fn is_received(number: usize) -> bool {
    !RINGS[number].is_empty()
}

pub(super) fn send(number: usize, byte: u8) {
    flush(number);
    UARTS[number].data.write(byte.into());
}

pub(super) fn flush(number: usize) {
    while UARTS[number].state.read() & IS_SENDING != 0 {}
}

pub(super) fn milliseconds() -> u64 {
    let [low, high] = &MILLISECONDS;
    loop {
        let before = high.load(Ordering::Relaxed);
        let value = u64::from(low.load(Ordering::Relaxed)) | u64::from(before) << 32;
        if high.load(Ordering::Relaxed) == before {
            return value;
        }
    }
}

pub(super) fn sleep() {
    cortex_m::asm::wfi();
}

pub(super) fn reset() -> ! {
    SCB::sys_reset()
}

#[exception]
fn SysTick() {
    let [low, high] = &MILLISECONDS;
    let next = low.load(Ordering::Relaxed).wrapping_add(1);
    if next == 0 {
        high.store(high.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    low.store(next, Ordering::Relaxed);
}

/// Every interrupt comes here, for there is no crate that names them for this board.
#[exception]
#[allow(unsafe_code, reason = "the runtime asks for it")]
unsafe fn DefaultHandler(number: i16) {
    let Some(line) = INTERRUPTS.iter().position(|received| i16::try_from(received.0) == Ok(number)) else {
        panic!("interrupt {number} was not asked for")
    };
    let uart = &UARTS[line];
    uart.interrupt.write(RECEIVED);
    while uart.state.read() & IS_RECEIVED != 0 && !RINGS[line].is_full() {
        RINGS[line].push(uart.data.read() as u8);
    }
}

/// A fault of the processor ends the program as a panic does, in place of an endless loop.
#[exception]
#[allow(unsafe_code, reason = "the runtime asks for it")]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    panic!("hard fault: {frame:?}")
}
