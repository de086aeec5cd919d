//! What becomes of a panic: a report to the debugger, and the end with a code that says so.

use core::panic::PanicInfo;

use crate::board;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    semihosting::eprintln!("{info}");
    board::exit(101)
}
