//! The update server on its UDP socket and its serial line: datagrams in and out in their time, buffers that run out, restarts.
//!
//! ```text
//! socket -> way to the meter -> buffers -> module, one datagram at a time -> way to the client -> socket
//! ```
//!
//! A frame on the serial line is a datagram like any other.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use emu_smp::{Header, ReturnCode};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::line::Line;
use super::link::Direction;
use super::module::Module;
use super::options::OnlineUpdates;
use super::quirks::refusal;

/// What the server and the simulator's owner share.
#[derive(Debug)]
pub(crate) struct Updates {
    module: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) module: Module,
    /// Datagrams that came to the socket and frames that came on the line, whatever became of them.
    pub(crate) datagrams: u64,
    /// Counts up when options were changed.
    pub(crate) changes: u64,
    /// Whether the owner wants a restart at once.
    pub(crate) restarts: bool,
    /// Where the serial line is, while there is one.
    pub(crate) serial_path: Option<PathBuf>,
}

impl Updates {
    /// Without options nobody is to ask for anything, and the slots are empty.
    pub(crate) fn new(options: Option<OnlineUpdates>) -> Self {
        let module = match options {
            Some(options) => Module::new(options),
            None => Module::with_running(OnlineUpdates::default(), Vec::new()),
        };
        Self { module: Mutex::new(State { module, datagrams: 0, changes: 0, restarts: false, serial_path: None }) }
    }

    /// Runs `work` on the module.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.module.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a datagram came from, and its answer goes.
#[derive(Debug, Clone, Copy)]
enum Peer {
    Udp(SocketAddr),
    Line,
}

/// Serves for ever.
pub(crate) async fn serve(socket: UdpSocket, mut line: Line, updates: Arc<Updates>) {
    let mut server = Server::new(&updates);
    let mut buffer = vec![0; 65_536];
    loop {
        while let Some(due) = server.next_due()
            && due <= Instant::now()
        {
            match server.step() {
                // What can not be sent is lost, as on any way.
                Some((datagram, Peer::Udp(peer))) => {
                    let _: io::Result<usize> = socket.send_to(&datagram, peer).await;
                }
                Some((frame, Peer::Line)) => line.send(&frame),
                None => {}
            }
            line.set_away(server.is_away, &updates);
        }
        let due = server.next_due();
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                // An error is one of an answer before, that nobody took.
                if let Ok((length, peer)) = received {
                    server.receive(buffer.get(..length).unwrap_or_default(), Peer::Udp(peer));
                }
            }
            frames = line.receive() => {
                for frame in frames {
                    server.receive(&frame, Peer::Line);
                }
            }
            () = until(due) => {}
            () = tokio::time::sleep(LOOK) => server.look(),
        }
    }
}

/// How often the server looks whether its owner wants a restart.
const LOOK: Duration = Duration::from_millis(20);

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// What is to happen at some time.
#[derive(Debug)]
enum Event {
    /// A datagram arrives at the meter.
    Arrive(Vec<u8>, Peer),
    /// The module is done with a datagram.
    Done,
    /// An answer leaves the line to the client; the meter has sent it at this time.
    Leave(Vec<u8>, Peer, Instant),
    /// The meter goes away, to restart.
    GoAway,
    /// It is back.
    ComeBack,
}

/// The server without its socket.
#[derive(Debug)]
struct Server<'a> {
    updates: &'a Updates,
    to_meter: Direction,
    to_client: Direction,
    changes: u64,
    /// What is to happen, in order; of two at the same time, what was planned first.
    events: BTreeMap<(Instant, u64), Event>,
    planned: u64,
    /// Datagrams in the meter's buffers; the first is being worked on.
    buffered: VecDeque<(Vec<u8>, Peer)>,
    is_away: bool,
    /// Until when nothing is heard, for a slot is erased.
    deaf_until: Option<Instant>,
    /// Datagrams since the last restart that was planned by their number, and how many such restarts there were.
    since_restart: u64,
    restarted: usize,
}

impl<'a> Server<'a> {
    fn new(updates: &'a Updates) -> Self {
        let (link, changes) = updates.with(|state| (state.module.options.link, state.changes));
        Self {
            updates,
            to_meter: Direction::new(link, true),
            to_client: Direction::new(link, false),
            changes,
            events: BTreeMap::new(),
            planned: 0,
            buffered: VecDeque::new(),
            is_away: false,
            deaf_until: None,
            since_restart: 0,
            restarted: 0,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        self.events.first_key_value().map(|((due, _), _)| *due)
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.planned += 1;
        self.events.insert((Instant::now() + after, self.planned), event);
    }

    /// Looks whether the owner has changed anything.
    fn look(&mut self) {
        let (link, changes, restarts) =
            self.updates.with(|state| (state.module.options.link, state.changes, std::mem::take(&mut state.restarts)));
        if changes != self.changes {
            self.changes = changes;
            (self.to_meter, self.to_client) = (Direction::new(link, true), Direction::new(link, false));
            (self.since_restart, self.restarted) = (0, 0);
        }
        if restarts {
            self.plan(Duration::ZERO, Event::GoAway);
        }
    }

    /// Takes a datagram from the socket onto the line.
    fn receive(&mut self, datagram: &[u8], peer: Peer) {
        self.look();
        self.updates.with(|state| state.datagrams += 1);
        for time in self.to_meter.send() {
            self.plan(time, Event::Arrive(datagram.to_vec(), peer));
        }
    }

    /// Makes the next event happen, and returns what leaves.
    fn step(&mut self) -> Option<(Vec<u8>, Peer)> {
        let (_, event) = self.events.pop_first()?;
        match event {
            Event::Arrive(datagram, peer) => self.arrive(datagram, peer),
            Event::Done => {
                self.buffered.pop_front();
                self.work();
            }
            Event::Leave(datagram, peer, _) => return Some((datagram, peer)),
            Event::GoAway => self.go_away(),
            Event::ComeBack => self.is_away = false,
        }
        None
    }

    /// A datagram is at the meter: it finds a buffer, or is dropped.
    fn arrive(&mut self, mut datagram: Vec<u8>, peer: Peer) {
        let restarted = self.restarted;
        let (is_silent, restart, (largest, cuts), (buffers, answers_when_full)) = self.updates.with(|state| {
            let options = &state.module.options;
            let restart = options.restarts.get(restarted).copied();
            let buffers = options.buffer_count.max(1) as usize;
            let largest = match peer {
                Peer::Udp(_) => (options.largest_datagram, options.cuts_large_datagrams),
                // A console's packet is put together in the buffer, with its length and its checksum.
                Peer::Line => ((options.buffer_size as usize).saturating_sub(4), false),
            };
            (options.is_silent, restart, largest, (buffers, options.answers_when_full))
        });
        if self.is_away || is_silent {
            return;
        }
        self.since_restart += 1;
        if restart == Some(self.since_restart) {
            (self.since_restart, self.restarted) = (0, self.restarted + 1);
            self.go_away();
            return;
        }
        if (datagram.len() > largest && !cuts) || self.deaf_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        datagram.truncate(largest);
        if self.buffered.len() >= buffers {
            if answers_when_full && let Ok((header, _)) = Header::split(&datagram) {
                self.leave(&refusal(&header, ReturnCode::OUT_OF_MEMORY), peer, Duration::ZERO);
            }
            return;
        }
        self.buffered.push_back((datagram, peer));
        if self.buffered.len() == 1 {
            self.work();
        }
    }

    /// Works on the first datagram in the buffers. Its answers leave when it is done.
    fn work(&mut self) {
        let Some((datagram, peer)) = self.buffered.front() else { return };
        let peer = *peer;
        let ((answers, taken), reset, is_deaf) = self.updates.with(|state| {
            let answered = state.module.answer(datagram);
            let is_deaf = state.module.take_erased() && state.module.options.quirks.deaf_while_erasing;
            (answered, state.module.take_reset().then_some(state.module.options.reset_delay), is_deaf)
        });
        self.deaf_until = is_deaf.then(|| Instant::now() + taken);
        for answer in answers {
            self.leave(&answer, peer, taken);
        }
        self.plan(taken, Event::Done);
        if let Some(delay) = reset {
            self.plan(taken + delay, Event::GoAway);
        }
    }

    /// Puts an answer onto the line.
    fn leave(&mut self, answer: &[u8], peer: Peer, after: Duration) {
        let sent = Instant::now() + after;
        for time in self.to_client.send() {
            self.plan(after + time, Event::Leave(answer.to_vec(), peer, sent));
        }
    }

    /// The meter restarts: what is in its buffers and what it was about to say is lost.
    fn go_away(&mut self) {
        let restart_time = self.updates.with(|state| {
            state.module.restart();
            state.module.options.restart_time
        });
        self.is_away = true;
        self.deaf_until = None;
        self.buffered.clear();
        let now = Instant::now();
        self.events.retain(|_, event| match event {
            Event::Arrive(..) => true,
            Event::Leave(_, _, sent) => *sent <= now,
            Event::Done | Event::GoAway | Event::ComeBack => false,
        });
        self.plan(restart_time, Event::ComeBack);
    }
}
