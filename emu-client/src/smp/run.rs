//! Driving the machines that take longer: an upload, an update.

use emu_smp::client::{
    Instant, Session, Update, UpdateError, UpdateEvent, UpdateStep, Updated, Upload, UploadError, UploadEvent,
    UploadProgress, Uploaded,
};

use super::error::{Error, ErrorKind};
use super::{Link, Smp, open};

/// A machine of [`emu_smp`] that can be driven by a [`Run`]: [`Upload`] or [`Update`].
pub trait Machine: sealed::Sealed {}

impl Machine for Upload {}
impl Machine for Update {}

/// What a [`Run`] has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment<E> {
    /// What the machine tells.
    Event(E),
    /// The upload has come further.
    Progress(UploadProgress),
}

/// An upload or an update under way.
///
/// It goes on only while [`next`](Self::next) or [`finish`](Self::finish) is awaited. Dropped, it stops where it is; the next
/// one of the same file goes on from there.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use emu_client::Meter;
/// use emu_client::emu_smp::client::UploadOptions;
/// use emu_client::firmware::UpdateFile;
/// use emu_client::smp::Moment;
///
/// let file = UpdateFile::read("emu_professional_ii-1.0.9.bin".as_ref())?;
/// let mut firmware = Meter::new("192.168.1.20")?.firmware();
/// let mut upload = firmware.upload(&file, UploadOptions::default());
/// while let Some(moment) = upload.next().await? {
///     if let Moment::Progress(progress) = moment {
///         println!("{} of {} bytes", progress.bytes, progress.total);
///     }
/// }
/// upload.finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it goes on only while it is awaited"]
pub struct Run<'a, M> {
    smp: &'a mut Smp,
    machine: M,
    file: &'a [u8],
    told: Option<UploadProgress>,
    /// Whether the meter was heard since this began: then its port is closed, or its line away, because it restarts.
    is_heard: bool,
}

impl<'a, M: Machine> Run<'a, M> {
    pub(crate) fn new(smp: &'a mut Smp, file: &'a [u8], machine: impl FnOnce(Session) -> M) -> Self {
        smp.forget_closed();
        let machine = machine(smp.session);
        Self { smp, machine, file, told: None, is_heard: false }
    }

    /// Waits for the next thing to tell; `None` at the end, of which [`finish`](Self::finish) tells.
    ///
    /// # Errors
    ///
    /// [`Error`] if there is no socket or serial port, or nobody is there.
    pub async fn next(&mut self) -> Result<Option<Moment<M::Event>>, Error> {
        self.drive().await.map_err(|kind| self.smp.error(kind))
    }

    /// Goes on to the end, and returns what came of it. An update that is held is cancelled.
    ///
    /// # Errors
    ///
    /// [`Error`] if there is no socket or serial port, nobody is there, or the machine has failed.
    pub async fn finish(mut self) -> Result<M::Outcome, Error> {
        while self.next().await?.is_some() {}
        let outcome = self.machine.outcome().unwrap_or(Err(M::HELD));
        outcome.map_err(|error| {
            let link = self.smp.link.as_mut();
            let kind = M::error(error, None);
            let is_closed =
                |link: &Link| !self.is_heard && kind.failure().is_some_and(|failure| link.explains(failure));
            let kind = match link {
                Some(link) if is_closed(link) => link.closed(),
                Some(link) => M::error(error, link.take_error()),
                None => kind,
            };
            self.smp.error(kind)
        })
    }

    async fn drive(&mut self) -> Result<Option<Moment<M::Event>>, ErrorKind> {
        let Smp { location, session, link, buffer } = &mut *self.smp;
        let link = open(link, location).await?;
        loop {
            if let Some(event) = self.machine.poll_event() {
                return Ok(Some(Moment::Event(event)));
            }
            let progress = self.machine.progress();
            if progress.total > 0 && self.told.replace(progress) != Some(progress) {
                return Ok(Some(Moment::Progress(progress)));
            }
            while let Some(length) = self.machine.poll_transmit(link.now(), &mut self.file, buffer) {
                // Now, since this future may be dropped at any await.
                *session = *self.machine.session();
                link.send(buffer.get(..length).unwrap_or_default()).await;
            }
            let Some(until) = self.machine.poll_timeout() else {
                // The end, or it is held.
                return Ok(self.machine.poll_event().map(Moment::Event));
            };
            if link.is_over() || (link.is_closed() && !self.is_heard) {
                return Err(link.closed());
            }
            match link.receive(until).await {
                Some((now, datagram)) => {
                    self.is_heard = true;
                    self.machine.handle_datagram(now, datagram);
                }
                None => self.machine.handle_timeout(link.now()),
            }
            *session = *self.machine.session();
        }
    }
}

impl Run<'_, Update> {
    /// Goes on to the reset, where [`UpdateOptions::hold_before_reset`](emu_smp::client::UpdateOptions::hold_before_reset)
    /// has stopped it. While it is held, [`next`](Self::next) returns `None`.
    pub fn proceed(&mut self) {
        self.machine.proceed();
    }

    /// Returns whether it waits for [`proceed`](Self::proceed).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.machine.is_held()
    }

    /// Returns what it is doing.
    #[must_use]
    pub fn step(&self) -> UpdateStep {
        self.machine.step()
    }
}

/// What both machines have, so that they are driven in one way.
mod sealed {
    use std::io;

    use super::{
        ErrorKind, Instant, Session, Update, UpdateError, UpdateEvent, Updated, Upload, UploadError, UploadEvent,
        UploadProgress, Uploaded,
    };

    pub trait Sealed {
        type Event;
        type Outcome;
        type Error: Copy;

        /// What comes of it if nobody lets it go on.
        const HELD: Self::Error;

        fn handle_datagram(&mut self, now: Instant, datagram: &[u8]);
        fn handle_timeout(&mut self, now: Instant);
        fn poll_transmit(&mut self, now: Instant, file: &mut &[u8], buffer: &mut [u8]) -> Option<usize>;
        fn poll_timeout(&self) -> Option<Instant>;
        fn poll_event(&mut self) -> Option<Self::Event>;
        fn progress(&self) -> UploadProgress;
        fn session(&self) -> &Session;
        fn outcome(&self) -> Option<Result<Self::Outcome, Self::Error>>;
        fn error(error: Self::Error, last: Option<io::Error>) -> ErrorKind;
    }

    macro_rules! sealed {
        ($($machine:ident $event:ident $outcome:ident $error:ident;)+) => {$(
            impl Sealed for $machine {
                type Event = $event;
                type Outcome = $outcome;
                type Error = $error;

                const HELD: $error = $error::Cancelled;

                fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
                    $machine::handle_datagram(self, now, datagram);
                }

                fn handle_timeout(&mut self, now: Instant) {
                    $machine::handle_timeout(self, now);
                }

                fn poll_transmit(&mut self, now: Instant, file: &mut &[u8], buffer: &mut [u8]) -> Option<usize> {
                    $machine::poll_transmit(self, now, file, buffer)
                }

                fn poll_timeout(&self) -> Option<Instant> {
                    $machine::poll_timeout(self)
                }

                fn poll_event(&mut self) -> Option<$event> {
                    $machine::poll_event(self)
                }

                fn progress(&self) -> UploadProgress {
                    $machine::progress(self)
                }

                fn session(&self) -> &Session {
                    $machine::session(self)
                }

                fn outcome(&self) -> Option<Result<$outcome, $error>> {
                    $machine::outcome(self)
                }

                fn error(error: $error, last: Option<io::Error>) -> ErrorKind {
                    ErrorKind::$machine { error, last }
                }
            }
        )+};
    }

    sealed! {
        Upload UploadEvent Uploaded UploadError;
        Update UpdateEvent Updated UpdateError;
    }
}
