//! The way between a machine and the model, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::device::Device;
use emu_smp::client::Instant;

/// A machine as the driver of the tests sees it.
pub trait Machine {
    fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize>;
    fn datagram(&mut self, now: Instant, datagram: &[u8]);
    fn timeout(&mut self, now: Instant);
    fn poll_timeout(&self) -> Option<Instant>;
    fn is_done(&self) -> bool;
    /// Called after each step.
    fn after(&mut self) {}
}

/// What the way does to datagrams. Times are in milliseconds, chances in thousandths.
#[derive(Debug, Clone, Default)]
pub struct Way {
    pub delay: u64,
    pub jitter: u64,
    pub loss: u32,
    pub doubling: u32,
    /// The chance of a datagram to be late by `lateness`, and so to be overtaken.
    pub late: u32,
    pub lateness: u64,
    /// When the device is restarted.
    pub restarts: Vec<u64>,
}

/// When, in which order, whether to the device, what.
type Arrival = (u64, u64, bool, Vec<u8>);
/// What says whether a datagram passes.
type Filter = Box<dyn FnMut(u64, &[u8]) -> bool>;

/// Two ends and the way between them.
pub struct Link<'a> {
    pub device: &'a mut Device,
    pub way: Way,
    pub random: Random,
    pub now: u64,
    heap: BinaryHeap<Reverse<Arrival>>,
    count: u64,
    /// What the machine has sent.
    pub sent: u32,
    pub sent_bytes: u64,
    /// Called for each datagram of the device; `false` loses it.
    pub filter: Filter,
    /// The same for each datagram of the machine.
    pub tap: Filter,
}

impl<'a> Link<'a> {
    pub fn new(device: &'a mut Device, way: Way, seed: u64) -> Self {
        Self {
            device,
            way,
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            now: 0,
            heap: BinaryHeap::new(),
            count: 0,
            sent: 0,
            sent_bytes: 0,
            filter: Box::new(|_, _| true),
            tap: Box::new(|_, _| true),
        }
    }

    /// Runs until the machine is done, or for so long; returns whether it is done.
    pub fn run(&mut self, machine: &mut impl Machine, until: u64) -> bool {
        let mut buffer = [0; 4096];
        self.way.restarts.sort_unstable();
        loop {
            while let Some(length) = machine.transmit(Instant::from_millis(self.now), &mut buffer) {
                self.sent += 1;
                self.sent_bytes += length as u64;
                if (self.tap)(self.now, &buffer[..length]) {
                    self.send(true, &buffer[..length]);
                }
                assert!(self.sent < 200_000, "an endless loop");
            }
            machine.after();
            if machine.is_done() {
                return true;
            }
            let arrival = self.heap.peek().map(|Reverse((at, ..))| *at);
            let timeout = machine.poll_timeout().map(Instant::as_millis);
            let restart = self.way.restarts.first().copied();
            let next = [arrival, timeout, self.device.next_time(), restart].into_iter().flatten().min();
            let Some(next) = next else { panic!("nothing will ever happen at {}", self.now) };
            if next > until {
                return false;
            }
            self.now = self.now.max(next);
            if restart.is_some_and(|at| at <= self.now) {
                self.way.restarts.remove(0);
                self.device.restart(self.now);
            }
            for answer in self.device.run(self.now) {
                if (self.filter)(self.now, &answer) {
                    self.send(false, &answer);
                }
            }
            if arrival.is_some_and(|at| at <= self.now) {
                let Some(Reverse((_, _, is_to_device, datagram))) = self.heap.pop() else { continue };
                if is_to_device {
                    self.device.receive(self.now, &datagram);
                } else {
                    machine.datagram(Instant::from_millis(self.now), &datagram);
                }
            } else if timeout.is_some_and(|at| at <= self.now) {
                machine.timeout(Instant::from_millis(self.now));
            }
        }
    }

    fn send(&mut self, is_to_device: bool, datagram: &[u8]) {
        let copies = 1 + u32::from(self.random.chance(self.way.doubling));
        for _ in 0..copies {
            if self.random.chance(self.way.loss) {
                continue;
            }
            let late = if self.random.chance(self.way.late) { self.random.below(self.way.lateness + 1) } else { 0 };
            let at = self.now + self.way.delay + self.random.below(self.way.jitter + 1) + late;
            self.count += 1;
            self.heap.push(Reverse((at, self.count, is_to_device, datagram.to_vec())));
        }
    }
}

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound.max(1)
    }

    /// In thousandths.
    pub fn chance(&mut self, thousandths: u32) -> bool {
        thousandths > 0 && self.below(1000) < u64::from(thousandths)
    }
}
