//! The same machines under an executor, such as embassy's, over the traits of `embedded-io-async`.
//!
//! Nothing of the protocols is asynchronous, so that this is all that it takes: a loop for the client's side of both lines, and
//! one for the device's.

use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use emu_smp::client::Instant;

use crate::gateway::{Reader, Updater};
use crate::module::{Device, SmpPort};

/// A clock. With embassy, `embassy_time::Instant::now().as_millis()` and `embassy_time::Timer::at`.
#[allow(async_fn_in_trait, reason = "executors of microcontrollers stay on one core")]
pub trait Clock {
    /// Returns the time.
    fn now(&self) -> Instant;

    /// Returns when it is this time.
    async fn sleep_until(&self, time: Instant);
}

/// What is driven on a serial line: it says what to send and until when to wait, and is told what came.
pub trait OnLine {
    /// See [`Updater::poll_transmit`].
    fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize>;
    /// See [`Updater::handle_bytes`].
    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]);
    /// See [`Updater::handle_timeout`].
    fn handle_timeout(&mut self, now: Instant);
    /// See [`Updater::poll_timeout`]; `None` ends the loop.
    fn poll_timeout(&self) -> Option<Instant>;
}

/// Drives a machine to its end. The line's `read` has to lose nothing when it is dropped before it is done, as embassy's
/// `BufferedUart` and every UART with a ring does.
///
/// # Errors
///
/// Those of the line.
pub async fn drive<L: Read + Write>(
    machine: &mut impl OnLine,
    line: &mut L,
    clock: &impl Clock,
) -> Result<(), L::Error> {
    let mut sent = [0; Updater::LINES];
    let mut received = [0; 128];
    loop {
        while let Some(length) = machine.poll_transmit(clock.now(), &mut sent) {
            line.write_all(&sent[..length]).await?;
        }
        let Some(until) = machine.poll_timeout() else { return Ok(()) };
        match select(line.read(&mut received), clock.sleep_until(until)).await {
            Either::First(length) => machine.handle_bytes(clock.now(), &received[..length?]),
            Either::Second(()) => {}
        }
        // After bytes, too: on a line where something always comes, nothing else would tell the time.
        machine.handle_timeout(clock.now());
    }
}

/// Answers SMP requests on a console until a reset is asked for; that is then due.
///
/// # Errors
///
/// Those of the line.
pub async fn serve<L: Read + Write>(device: &mut Device<'_>, line: &mut L) -> Result<(), L::Error> {
    let mut port = SmpPort::new();
    let mut lines = [0; SmpPort::LINES];
    let mut received = [0; 128];
    while !device.resets() {
        let length = line.read(&mut received).await?;
        let mut bytes = &received[..length];
        while let Some(answer) = port.answer(device, &mut bytes, &mut lines) {
            line.write_all(answer).await?;
        }
    }
    line.flush().await
}

macro_rules! on_line {
    ($($machine:ty),+) => {$(
        impl OnLine for $machine {
            fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
                self.poll_transmit(now, buffer)
            }

            fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
                self.handle_bytes(now, bytes);
            }

            fn handle_timeout(&mut self, now: Instant) {
                self.handle_timeout(now);
            }

            fn poll_timeout(&self) -> Option<Instant> {
                self.poll_timeout()
            }
        }
    )+};
}

on_line!(Updater<'_>, Reader);

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::module::{Boot, LogPort, Meter, Slots};
    use core::cell::{Cell, RefCell};
    use core::convert::Infallible;
    use core::future::poll_fn;
    use core::task::Poll;
    use embassy_futures::block_on;
    use embedded_io_async::ErrorType;
    use emu_proto::ReadoutPlan;
    use emu_smp::client::Updated;
    use emu_smp::{ImageBuilder, ImageHash, ImageVersion, SignatureKind};
    use std::collections::VecDeque;
    use std::vec;

    /// Bytes on their way.
    type Wire = RefCell<VecDeque<u8>>;

    /// One end of a serial line.
    struct Line<'a> {
        receives: &'a Wire,
        sends: &'a Wire,
    }

    impl ErrorType for Line<'_> {
        type Error = Infallible;
    }

    impl Read for Line<'_> {
        async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
            poll_fn(|context| {
                let mut wire = self.receives.borrow_mut();
                let length = wire.len().min(buffer.len());
                buffer.iter_mut().zip(wire.drain(..length)).for_each(|(slot, byte)| *slot = byte);
                context.waker().wake_by_ref();
                if length > 0 { Poll::Ready(Ok(length)) } else { Poll::Pending }
            })
            .await
        }
    }

    impl Write for Line<'_> {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            self.sends.borrow_mut().extend(bytes);
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    /// Time that passes while everybody waits: a millisecond each time that it is looked at.
    #[derive(Default)]
    struct Virtual(Cell<u64>);

    impl Clock for Virtual {
        fn now(&self) -> Instant {
            Instant::from_millis(self.0.get())
        }

        async fn sleep_until(&self, time: Instant) {
            poll_fn(|context| {
                if time <= self.now() {
                    return Poll::Ready(());
                }
                self.0.set(self.0.get() + 1);
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    #[test]
    fn a_whole_update() {
        let version = ImageVersion { revision: 9, ..Slots::FIRST };
        let mut buffer = [0; 6_000];
        let file = ImageBuilder { version, ..ImageBuilder::new(&[7; 5_000]) }
            .build_into(&mut buffer, |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64])))
            .unwrap();
        let (up, down, clock) = (Wire::default(), Wire::default(), Virtual::default());
        let mut memory = vec![0; Slots::MEMORY];
        let mut updater = Updater::new(file).unwrap();
        let mut boots = vec![];
        let meter = async {
            loop {
                let (slots, boot) = Slots::boot(&mut memory).unwrap();
                boots.push(boot);
                let Ok(()) = serve(&mut Device::new(slots, "host"), &mut Line { receives: &up, sends: &down }).await;
            }
        };
        let mut line = Line { receives: &down, sends: &up };
        let done = block_on(select(drive(&mut updater, &mut line, &clock), meter));
        assert!(matches!(done, Either::First(Ok(()))));
        assert!(matches!(updater.outcome(), Some(Ok(Updated::Updated))), "{:?}", updater.outcome());
        assert_eq!(boots, [Boot::First, Boot::Swapped]);
        assert_eq!(Slots::boot(&mut memory).unwrap().0.image(0).unwrap().version, version);
    }

    #[test]
    fn a_whole_log() {
        let (up, down, clock) = (Wire::default(), Wire::default(), Virtual::default());
        let mut meter = Meter::new();
        meter.advance(10_000);
        let answers = async {
            let mut port = LogPort::new();
            let mut line = Line { receives: &up, sends: &down };
            let mut buffer = [0; LogPort::BUFFER];
            loop {
                let Ok(length) = line.read(&mut buffer).await;
                port.handle_bytes(&meter, &buffer[..length]);
                while let Some(length) = port.poll_transmit(&meter, &mut buffer) {
                    let Ok(()) = line.write_all(&buffer[..length]).await;
                }
            }
        };
        let mut reader = Reader::new(ReadoutPlan::all().block(20));
        let mut line = Line { receives: &down, sends: &up };
        block_on(select(drive(&mut reader, &mut line, &clock), answers));
        assert!(reader.is_complete());
        let totals = reader.totals();
        assert_eq!((totals.rows, totals.first, totals.last), (106, Some(1), Some(106)));
        assert_eq!(totals.energies[0], (1..=106).map(|index| index * 300).sum::<i64>());
    }

    /// A line on which something always comes.
    struct Noise<'a>(&'a Virtual);

    impl ErrorType for Noise<'_> {
        type Error = Infallible;
    }

    impl Read for Noise<'_> {
        async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
            self.0.0.set(self.0.0.get() + 100);
            buffer.fill(b'?');
            Ok(buffer.len())
        }
    }

    impl Write for Noise<'_> {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            Ok(bytes.len())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    #[test]
    fn noise_is_no_reason_to_go_on_for_ever() {
        let mut buffer = [0; 6_000];
        let file = ImageBuilder::new(&[7; 5_000])
            .build_into(&mut buffer, |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64])))
            .unwrap();
        let (mut updater, clock) = (Updater::new(file).unwrap(), Virtual::default());
        let Ok(()) = block_on(drive(&mut updater, &mut Noise(&clock), &clock));
        assert!(matches!(updater.outcome(), Some(Err(_))), "{:?}", updater.outcome());
        let (mut reader, clock) = (Reader::new(ReadoutPlan::all()), Virtual::default());
        let Ok(()) = block_on(drive(&mut reader, &mut Noise(&clock), &clock));
        assert!(reader.is_done() && !reader.is_complete());
    }

    /// The page shows code of these files, and no other.
    #[test]
    fn the_page_shows_what_is_compiled() {
        const PAGE: &str = include_str!("../../../docs/microcontroller.md");
        const FILES: [&str; 5] = [
            include_str!("asynchronous.rs"),
            include_str!("bin/meter-module.rs"),
            include_str!("gateway/reader.rs"),
            include_str!("gateway/updater.rs"),
            include_str!("module/smp_port.rs"),
        ];
        let without_indents = |text: &str| text.lines().map(str::trim).collect::<vec::Vec<_>>().join("\n");
        let files = FILES.map(without_indents);
        let shown: vec::Vec<_> =
            PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
        assert!(shown.len() >= 5);
        for block in shown {
            let block = without_indents(block);
            assert!(files.iter().any(|file| file.contains(&block)), "in no file: {block}");
        }
    }
}
