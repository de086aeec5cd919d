//! A firmware update over `std::net` alone: the machines of emu-smp need no async.
//!
//! ```console
//! $ cargo run --bin blocking_update -- 192.168.1.20:1337 emu_professional_ii-1.0.9.bin
//! ```
//!
//! A third argument is how many seconds the meter may take to restart; the manual says 120.

use std::error::Error;
use std::net::UdpSocket;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use emu_examples::tell;
use emu_smp::ImageVerifier;
use emu_smp::client::{self, Policy, Session, Target, Update, UpdateOptions};

fn main() -> ExitCode {
    emu_examples::exit(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [meter, path, rest @ ..] = &arguments[..] else { return Err("expected HOST:PORT FILE [SECONDS]".into()) };
    let mut policy = Policy::DEFAULT;
    if let Some(seconds) = rest.first() {
        policy.reset_wait = Duration::from_secs(seconds.parse()?);
    }
    let file = std::fs::read(path)?;
    let mut verifier = ImageVerifier::new();
    verifier.push(&file)?;
    let target = Target::from(&verifier.finish()?);

    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(meter)?;
    let start = Instant::now();
    let now = || client::Instant::START + start.elapsed();
    let mut update = Update::new(Session::new(policy), &target, UpdateOptions::default());
    let mut buffer = [0; 2048];
    while update.outcome().is_none() {
        while let Some(length) = update.poll_transmit(now(), &mut &file[..], &mut buffer) {
            // What cannot be sent is as lost as what the network loses.
            let _: std::io::Result<usize> = socket.send(&buffer[..length]);
        }
        while let Some(event) = update.poll_event() {
            tell(&format!("{event:?}"));
        }
        let Some(until) = update.poll_timeout() else { continue };
        socket.set_read_timeout(Some((until - now()).max(Duration::from_millis(1))))?;
        match socket.recv(&mut buffer) {
            Ok(length) => update.handle_datagram(now(), &buffer[..length]),
            Err(_) => update.handle_timeout(now()),
        }
    }
    match update.outcome() {
        Some(Ok(updated)) => tell(&format!("{updated:?}")),
        Some(Err(error)) => return Err(error.into()),
        None => {}
    }
    Ok(())
}
