//! The machine under a program: serial lines, a clock, memory that outlives a reset, and the ways to end.
//!
//! The same names for each machine, of which one is compiled in: [QEMU's `mps2-an386`](https://www.qemu.org/docs/master/system/arm/mps2.html)
//! for Arm, its `virt` for RISC-V. To bring a program to a board of one's own is to write this module for it.

#[cfg(target_arch = "arm")]
#[path = "mps2.rs"]
mod machine;
#[cfg(target_arch = "riscv32")]
#[path = "virt.rs"]
mod machine;

mod register;
#[cfg(target_arch = "arm")]
mod ring;

use core::convert::Infallible;
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

use embedded_io::{ErrorType, Read, ReadReady, Write};

/// Marks the function that a program starts with.
#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
/// Marks the function that a program starts with.
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

/// The machine's name in QEMU.
pub const NAME: &str = machine::NAME;

/// How many serial lines the machine has: two, or one on `virt`.
pub const LINES: usize = machine::LINES;

/// What there is once of.
#[derive(Debug)]
pub struct Board {
    /// The serial lines, in the order of QEMU's options `-serial`.
    pub lines: [SerialLine; LINES],
    /// Memory that a reset leaves as it is, in place of a flash for images. After the start it holds zeros in QEMU, and
    /// anything on a real board.
    pub retained: &'static mut [u8],
}

impl Board {
    /// Starts clock and serial lines, and hands everything out; `None` at the second call.
    #[must_use]
    pub fn take() -> Option<Self> {
        static IS_TAKEN: AtomicBool = AtomicBool::new(false);
        // Load and store in place of a swap, which a Cortex-M0 lacks: there is one thread, and no interrupt comes here.
        if IS_TAKEN.load(Ordering::Relaxed) {
            return None;
        }
        IS_TAKEN.store(true, Ordering::Relaxed);
        machine::start();
        let start = core::ptr::with_exposed_provenance_mut(machine::RETAINED.0);
        #[allow(unsafe_code, reason = "memory outside of Rust's")]
        // SAFETY: the memory map keeps these bytes free of everything else, any bytes are valid, and this is reached once.
        let retained = unsafe { slice::from_raw_parts_mut(start, machine::RETAINED.1) };
        Some(Self { lines: core::array::from_fn(|number| SerialLine { number }), retained })
    }
}

/// A serial line: a UART with what has been received and not been read yet.
#[derive(Debug)]
pub struct SerialLine {
    number: usize,
}

impl SerialLine {
    /// Takes what has been received, without waiting, and returns that: nothing if nothing was.
    pub fn take<'b>(&mut self, buffer: &'b mut [u8]) -> &'b [u8] {
        let received =
            buffer.iter_mut().map_while(|slot| machine::receive(self.number).map(|byte| *slot = byte)).count();
        &buffer[..received]
    }
}

impl ErrorType for SerialLine {
    type Error = Infallible;
}

/// Waits, asleep, for at least one byte.
impl Read for SerialLine {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            let received = self.take(buffer).len();
            if received > 0 || buffer.is_empty() {
                return Ok(received);
            }
            sleep();
        }
    }
}

impl ReadReady for SerialLine {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(machine::is_received(self.number))
    }
}

/// Waits until the UART has taken everything.
impl Write for SerialLine {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        bytes.iter().for_each(|byte| machine::send(self.number, *byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        machine::flush(self.number);
        Ok(())
    }
}

/// Returns the time since the start, in milliseconds.
#[must_use]
pub fn milliseconds() -> u64 {
    machine::milliseconds()
}

/// Sleeps until something is received, but for a millisecond at most.
pub fn sleep() {
    machine::sleep();
}

/// Restarts the machine.
pub fn reset() -> ! {
    machine::reset()
}

/// Ends the emulator with an exit code; without a debugger or emulator there is nothing to end, and this is a fault.
pub fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}
