//! How long the upload of an image takes, beside other clients, to the same server: see `benches/README.md`.
//!
//! Usage: `upload [--smoke]`, or `upload SCENARIO...` for some of them by their numbers from 0; or `upload --serve SCENARIO BYTES` for `scripts/upload.py`, which starts the server of one
//! scenario, prints where it is and where the image's file lies, and checks at the end of its input what has come; or `upload
//! --scenarios`, which lists them. The server is the simulated meter, over the loopback interface; its line has the delay and the
//! losses. Every upload must have come right.

use std::io::Read as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use emu_client::Meter;
use emu_client::emu_smp::client::UploadOptions;
use emu_client::firmware::{Firmware, UpdateFile};
use emu_simulator::{ImageVersion, Link, OnlineUpdates, Simulator, TestImage};
use mcumgr_toolkit::MCUmgrClient;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(&SCENARIOS, SIZE, &CLIENTS),
        ["--smoke"] => compare(&SMOKE, 20 * 1024, &CLIENTS[..3]),
        ["--scenarios"] => SCENARIOS.iter().for_each(|scenario| println!("{}\t{}", scenario.runs(), scenario.name())),
        ["--serve", number, bytes] => serve(number.parse().expect("a number"), bytes.parse().expect("a number")),
        ref numbers => {
            let scenario = |number: &&str| SCENARIOS.get(number.parse::<usize>().ok()?).copied();
            let scenarios: Option<Vec<Scenario>> = numbers.iter().map(scenario).collect();
            compare(
                &scenarios.expect("usage: upload [--smoke | --scenarios | --serve SCENARIO BYTES | SCENARIO...]"),
                SIZE,
                &CLIENTS,
            );
        }
    }
}

/// A server and the line to it.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    /// In milliseconds, each way.
    delay: u64,
    /// Of a hundred datagrams, each way.
    loss: u32,
    buffers: u32,
}

const SCENARIOS: [Scenario; 8] = [
    Scenario { delay: 0, loss: 0, buffers: 2 },
    Scenario { delay: 0, loss: 0, buffers: 4 },
    Scenario { delay: 10, loss: 0, buffers: 2 },
    Scenario { delay: 10, loss: 0, buffers: 4 },
    Scenario { delay: 50, loss: 0, buffers: 2 },
    Scenario { delay: 50, loss: 0, buffers: 4 },
    Scenario { delay: 10, loss: 3, buffers: 2 },
    Scenario { delay: 10, loss: 3, buffers: 4 },
];

const SMOKE: [Scenario; 2] = [Scenario { delay: 0, loss: 0, buffers: 2 }, Scenario { delay: 2, loss: 3, buffers: 4 }];

impl Scenario {
    fn name(self) -> String {
        let Self { delay, loss, buffers } = self;
        let losses = if loss == 0 { String::new() } else { format!(" and {loss} % loss") };
        format!("{delay} ms{losses} each way, {buffers} buffers")
    }

    /// How often it is run.
    const fn runs(self) -> u64 {
        match self {
            Self { loss: 1.., .. } => 3,
            Self { delay: 0, .. } => 51,
            _ => 1,
        }
    }

    /// The mean where it is chance that differs, the median where it is what else the machine does.
    fn average(self, mut times: Vec<f64>) -> f64 {
        if self.loss > 0 {
            return times.iter().sum::<f64>() / times.len() as f64;
        }
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    fn start(self, seed: u64) -> Simulator {
        let delay = Duration::from_millis(self.delay);
        let link = Link { seed, delay, loss: f64::from(self.loss) / 100.0, ..Link::default() };
        let updates = OnlineUpdates { link, buffer_count: self.buffers, ..OnlineUpdates::default() };
        Simulator::builder().rows(1).online_updates(updates).start_blocking().expect("a free port")
    }
}

/// Something that uploads.
struct Client {
    name: &'static str,
    /// How much less it is given, since it is so slow; its time is told for all.
    share: usize,
    /// Returns how long it took, from the first datagram on: files are read, checked and hashed before.
    upload: fn(SocketAddr, &[u8]) -> Result<Duration, String>,
}

const CLIENTS: [Client; 4] = [
    Client { name: "emu", share: 1, upload: |address, file| emu(address, file, 0) },
    Client { name: "emu, window of one", share: 1, upload: |address, file| emu(address, file, 1) },
    Client { name: "mcumgr-toolkit, 1018-byte frames", share: 1, upload: |address, file| toolkit(address, file, true) },
    Client { name: "mcumgr-toolkit, as it is", share: 4, upload: |address, file| toolkit(address, file, false) },
];

fn compare(scenarios: &[Scenario], size: usize, clients: &[Client]) {
    println!("seconds for {} KiB, and how many times emu's\n", size / 1024);
    print!("| |");
    clients.iter().for_each(|client| print!(" {} |", client.name));
    println!("\n|---|{}", "--:|".repeat(clients.len()));
    for scenario in scenarios {
        let mut times = vec![Vec::new(); clients.len()];
        for seed in 1..=scenario.runs() {
            // In turns, so that what else the machine does is everybody's.
            for (client, times) in clients.iter().zip(&mut times) {
                times.push(measure(*scenario, seed, size, client));
            }
        }
        let times: Vec<f64> = times.into_iter().map(|times| scenario.average(times)).collect();
        print!("| {} |", scenario.name());
        times.iter().for_each(|time| print!(" {time:.4} ({:.1}) |", time / times[0]));
        println!();
    }
}

/// Returns how many seconds an upload takes.
fn measure(scenario: Scenario, seed: u64, size: usize, client: &Client) -> f64 {
    let file = image(size / client.share);
    let simulator = scenario.start(seed);
    let time = (client.upload)(simulator.smp_addr().expect("a server"), &file);
    let time = time.unwrap_or_else(|error| panic!("{}, {}: {error}", client.name, scenario.name()));
    assert!(simulator.flash(1) == file, "{}, {}: another image has come", client.name, scenario.name());
    time.as_secs_f64() * client.share as f64
}

fn image(size: usize) -> Vec<u8> {
    TestImage::new(ImageVersion { major: 1, minor: 0, revision: 9, build: 0 }).size(size).to_bytes()
}

fn emu(address: SocketAddr, file: &[u8], window: u8) -> Result<Duration, String> {
    let file = UpdateFile::from_bytes(file.to_vec()).map_err(|error| error.to_string())?;
    let meter = Meter::new(&address.ip().to_string()).map_err(|error| error.to_string())?;
    let mut firmware = Firmware::from(meter.smp().port(address.port()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = UploadOptions { window, ..UploadOptions::default() };
    let start = Instant::now();
    runtime.block_on(firmware.upload(&file, options).finish()).map_err(|error| error.to_string())?;
    Ok(start.elapsed())
}

/// As its own command does it: a timeout of a second, five tries more; with `auto`, it asks for the size of frames.
fn toolkit(address: SocketAddr, file: &[u8], auto: bool) -> Result<Duration, String> {
    let sha = sha256(file)?;
    let client = MCUmgrClient::new_from_udp(address, Duration::from_secs(1)).map_err(|error| error.to_string())?;
    let start = Instant::now();
    if auto {
        client.use_auto_frame_size().map_err(|error| error.to_string())?;
    }
    client.image_upload(file, None, Some(sha), false, None).map_err(|error| error.to_string())?;
    Ok(start.elapsed())
}

fn sha256(file: &[u8]) -> Result<[u8; 32], String> {
    Ok(UpdateFile::from_bytes(file.to_vec()).map_err(|error| error.to_string())?.target().sha)
}

/// Serves one upload of somebody else; ends with its input, and fails if another image has come.
fn serve(number: usize, bytes: usize) {
    let file = image(bytes);
    let path = std::env::temp_dir().join(format!("emu-upload-{}.bin", std::process::id()));
    std::fs::write(&path, &file).expect("a temporary file");
    let simulator = SCENARIOS[number].start(1);
    let address = simulator.smp_addr().expect("a server");
    println!("{}\t{}\t{}", address.ip(), address.port(), path.display());
    std::io::stdin().read_to_end(&mut Vec::new()).expect("an input");
    std::fs::remove_file(&path).expect("the file that was written");
    assert!(simulator.flash(1) == file, "another image has come");
}

/// How many bytes an image has: about as many as the manual's.
const SIZE: usize = 200 * 1024;
