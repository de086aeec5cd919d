//! QEMU's machine `virt` for RISC-V.
//!
//! It has one serial line, so that programs that need two do not run on it. The UART holds 16 bytes, which QEMU does not
//! exceed: what follows is held back. It is polled, and interrupts only wake the processor up; on a wire, at 115,200 baud,
//! the program would have to come back within a millisecond.
//!
//! Source: QEMU, `hw/riscv/virt.c`; National Semiconductor, PC16550D; "RISC-V Platform-Level Interrupt Controller".

use riscv::register::mie;

use super::register::Register;

pub(super) const NAME: &str = "virt";

pub(super) const LINES: usize = 1;

/// Where the memory map has `SLOTS`, and how much of it is used.
pub(super) const RETAINED: (usize, usize) = (0x8100_0000, 1 << 20);

/// How many ticks a millisecond has.
const TICKS: u64 = 10_000;

/// The registers of a 16550.
struct Uart {
    data: Register<u8>,
    interrupt: Register<u8>,
    fifo: Register<u8>,
    line: Register<u8>,
    state: Register<u8>,
}

/// Of `state`: something has been received; there is room for what is to be sent; everything is sent.
const IS_RECEIVED: u8 = 1 << 0;
const HAS_ROOM: u8 = 1 << 5;
const IS_SENT: u8 = 1 << 6;

/// The number of the UART's interrupt.
const UART_INTERRUPT: u32 = 10;

#[allow(unsafe_code, reason = "a register is reached by its address")]
mod registers {
    use super::{Register, Uart};

    const UART_BASE: usize = 0x1000_0000;

    // SAFETY: the memory map has the registers of a 16550 there.
    pub(super) const UART: Uart = unsafe {
        Uart {
            data: Register::at(UART_BASE),
            interrupt: Register::at(UART_BASE + 1),
            fifo: Register::at(UART_BASE + 2),
            line: Register::at(UART_BASE + 3),
            state: Register::at(UART_BASE + 5),
        }
    };

    // SAFETY: of the interrupt controller, for the first processor: the UART's priority, what is enabled, what is served.
    pub(super) const PRIORITY: Register<u32> =
        unsafe { Register::at(0x0c00_0000 + 4 * super::UART_INTERRUPT as usize) };
    // SAFETY: as above.
    pub(super) const ENABLED: Register<u32> = unsafe { Register::at(0x0c00_2000) };
    // SAFETY: as above.
    pub(super) const SERVED: Register<u32> = unsafe { Register::at(0x0c20_0004) };

    // SAFETY: of the timer, the time as two words, and when to interrupt.
    pub(super) const TIME: [Register<u32>; 2] = unsafe { [Register::at(0x0200_bff8), Register::at(0x0200_bffc)] };
    // SAFETY: as above.
    pub(super) const ALARM: [Register<u32>; 2] = unsafe { [Register::at(0x0200_4000), Register::at(0x0200_4004)] };

    // SAFETY: of the test device, which ends or restarts the machine.
    pub(super) const FINISHER: Register<u32> = unsafe { Register::at(0x0010_0000) };
}

use registers::{ALARM, ENABLED, FINISHER, PRIORITY, SERVED, TIME, UART};

pub(super) fn start() {
    // 8 bits, no parity, one stop bit; with its queues, emptied.
    UART.line.write(0b11);
    UART.fifo.write(0b111);
    // A received byte interrupts.
    UART.interrupt.write(0b1);
    PRIORITY.write(1);
    ENABLED.write(1 << UART_INTERRUPT);
    #[allow(unsafe_code, reason = "to enable an interrupt can break a critical section")]
    // SAFETY: interrupts stay off as a whole; the processor wakes up from those enabled here, and goes on.
    unsafe {
        mie::set_mext();
        mie::set_mtimer();
    }
}

pub(super) fn receive(_: usize) -> Option<u8> {
    (UART.state.read() & IS_RECEIVED != 0).then(|| UART.data.read())
}

pub(super) fn is_received(_: usize) -> bool {
    UART.state.read() & IS_RECEIVED != 0
}

pub(super) fn send(_: usize, byte: u8) {
    while UART.state.read() & HAS_ROOM == 0 {}
    UART.data.write(byte);
}

pub(super) fn flush(_: usize) {
    while UART.state.read() & IS_SENT == 0 {}
}

pub(super) fn milliseconds() -> u64 {
    ticks() / TICKS
}

fn ticks() -> u64 {
    let [low, high] = &TIME;
    loop {
        let before = high.read();
        let value = u64::from(low.read()) | u64::from(before) << 32;
        if high.read() == before {
            return value;
        }
    }
}

pub(super) fn sleep() {
    let [low, high] = &ALARM;
    let alarm = ticks().wrapping_add(TICKS);
    // No earlier alarm in between the two halves.
    high.write(u32::MAX);
    low.write(alarm as u32);
    high.write((alarm >> 32) as u32);
    riscv::asm::wfi();
    // What woke it up is over with its being told so, since whoever sleeps looks at the line next.
    let served = SERVED.read();
    if served != 0 {
        SERVED.write(served);
    }
}

pub(super) fn reset() -> ! {
    FINISHER.write(0x7777);
    loop {
        riscv::asm::wfi();
    }
}
