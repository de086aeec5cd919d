//! Bytes between an interrupt that receives them and the program that reads them.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// A ring of up to `N - 1` bytes, for one writer and one reader; `N` is a power of two.
///
/// Loads and stores only: a Cortex-M0 has no more.
#[derive(Debug)]
pub(super) struct Ring<const N: usize> {
    bytes: [AtomicU8; N],
    /// Where the next byte is read, and where it is written; changed by the reader and the writer, respectively.
    read: AtomicUsize,
    written: AtomicUsize,
}

impl<const N: usize> Ring<N> {
    pub(super) const fn new() -> Self {
        const { assert!(N.is_power_of_two()) };
        Self { bytes: [const { AtomicU8::new(0) }; N], read: AtomicUsize::new(0), written: AtomicUsize::new(0) }
    }

    pub(super) fn is_full(&self) -> bool {
        Self::after(self.written.load(Ordering::Relaxed)) == self.read.load(Ordering::Acquire)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.load(Ordering::Acquire) == self.read.load(Ordering::Relaxed)
    }

    /// Adds a byte; the writer has seen that there is room.
    pub(super) fn push(&self, byte: u8) {
        let at = self.written.load(Ordering::Relaxed);
        self.bytes[at % N].store(byte, Ordering::Relaxed);
        self.written.store(Self::after(at), Ordering::Release);
    }

    pub(super) fn pop(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let at = self.read.load(Ordering::Relaxed);
        let byte = self.bytes[at % N].load(Ordering::Relaxed);
        self.read.store(Self::after(at), Ordering::Release);
        Some(byte)
    }

    const fn after(at: usize) -> usize {
        (at + 1) % N
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::thread;

    #[test]
    fn all_bytes_in_order_between_two_threads() {
        static RING: Ring<16> = Ring::new();
        let bytes = || (0..100_000_u32).map(|number| (number * 7 / 5) as u8);
        let writer = thread::spawn(move || {
            for byte in bytes() {
                while RING.is_full() {
                    thread::yield_now();
                }
                RING.push(byte);
            }
        });
        for byte in bytes() {
            let read = loop {
                match RING.pop() {
                    Some(read) => break read,
                    None => thread::yield_now(),
                }
            };
            assert_eq!(read, byte);
        }
        writer.join().unwrap();
        assert!(RING.is_empty() && RING.pop().is_none());
    }

    #[test]
    fn holds_one_byte_less_than_its_size() {
        let ring = Ring::<4>::new();
        for byte in 1..=3 {
            assert!(!ring.is_full());
            ring.push(byte);
        }
        assert!(ring.is_full());
        assert_eq!([ring.pop(), ring.pop(), ring.pop(), ring.pop()], [Some(1), Some(2), Some(3), None]);
    }
}
