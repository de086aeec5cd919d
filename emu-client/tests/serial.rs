//! Firmware updates over a serial line: a pseudo-terminal with the simulated meter at its other end, and streams that end.
#![cfg(unix)]

mod cli;

use std::io::ErrorKind::{IsADirectory, NotFound, ResourceBusy, Unsupported};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use emu_client::emu_smp::client::{Failure, Policy, UpdateEvent, UpdateOptions, Updated, UploadOptions};
use emu_client::emu_smp::image::StateRequest;
use emu_client::emu_smp::os::EchoResponse;
use emu_client::emu_smp::{ConsoleDecoder, ConsoleEncoder, Encode, Header, Operation, encode_frame};
use emu_client::firmware::{Firmware, UpdateFile};
use emu_client::smp::{Error, ErrorKind, Location, Moment, Smp};
use emu_simulator::{Boot, Link, OnlineUpdates, SerialLine, Simulator, TestImage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use cli::{Outcome, emu, folder};

/// Patience of a test: quick to ask again, slow to give up.
const QUICK: Policy = Policy {
    first_timeout: Duration::from_millis(300),
    min_timeout: Duration::from_millis(100),
    max_timeout: Duration::from_millis(500),
    tries: 40,
    give_up: Duration::from_secs(20),
    erase_wait: Duration::from_secs(20),
    reset_wait: Duration::from_millis(100),
    return_wait: Duration::from_secs(30),
    poll_interval: Duration::from_millis(100),
    early_poll: None,
};

/// A bound on real time that only a hang breaks.
const HANGS: Duration = Duration::from_secs(60);

/// A meter on a line, with a path that stays.
struct Meter {
    simulator: Option<Simulator>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Meter {
    fn new(mut line: SerialLine, updates: OnlineUpdates) -> Self {
        let (folder, path) = folder("line");
        line.link = Some(path.clone());
        let updates = OnlineUpdates {
            serial: Some(line),
            reset_delay: Duration::from_millis(20),
            restart_time: Duration::from_millis(300),
            ..updates
        };
        let simulator = Simulator::builder().rows(3).online_updates(updates).start_blocking().unwrap();
        assert_eq!(simulator.serial_path().as_ref(), Some(&path));
        Self { simulator: Some(simulator), path, _folder: folder }
    }

    fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().unwrap()
    }

    fn smp(&self) -> Smp {
        Smp::serial(&self.path, 115_200).policy(QUICK)
    }

    fn firmware(&self) -> Firmware {
        self.smp().into()
    }

    /// The METER of a command line.
    fn location(&self) -> String {
        format!("serial:{}", self.path.display())
    }
}

fn image(version: &str) -> TestImage {
    TestImage::new(version.parse().unwrap()).size(20_000)
}

fn file(version: &str) -> UpdateFile {
    UpdateFile::from_bytes(image(version).to_bytes()).unwrap()
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANGS, work).await.expect("it hangs")
}

async fn update(meter: &Meter) -> Updated {
    let (mut firmware, file) = (meter.firmware(), file("1.0.9"));
    let updated = in_time(firmware.update(&file, UpdateOptions::default()).finish()).await.unwrap();
    assert_eq!(meter.simulator().firmware_version().to_string(), "1.0.9");
    assert_eq!(meter.simulator().boots(), [Boot::Swapped]);
    let images = in_time(firmware.list()).await.unwrap().images;
    assert!(images[0].confirmed && images[0].hash == Some(image("1.0.9").hash()), "{images:?}");
    updated
}

#[tokio::test]
async fn a_whole_update() {
    let meter = Meter::new(SerialLine::default(), OnlineUpdates::default());
    assert_eq!(update(&meter).await, Updated::Updated);
}

/// What a shell prints and what a console sends back is no frame, or none for us.
#[tokio::test]
async fn a_console_that_talks_and_echoes() {
    let line = SerialLine { is_talkative: true, echoes: true, ..SerialLine::default() };
    let meter = Meter::new(line, OnlineUpdates::default());
    assert_eq!(update(&meter).await, Updated::Updated);
    let mut smp = meter.smp();
    assert_eq!(smp.losses(), None);
    let list = in_time(smp.request(StateRequest, |list| list.images.iter().count())).await;
    assert_eq!(list.unwrap(), 2);
    let losses = smp.losses().unwrap();
    assert_eq!((losses.total(), losses.skipped_bytes), (0, 0), "{losses:?}");
    // The prompt behind the first answer comes before the second.
    assert!(in_time(Firmware::from(smp).list()).await.is_ok());
}

/// Of eight frames one is damaged, each way.
#[tokio::test]
async fn a_line_that_loses_bytes() {
    let line = SerialLine { byte_loss: 0.000_2, ..SerialLine::default() };
    let updates = OnlineUpdates { link: Link { seed: 7, ..Link::default() }, ..OnlineUpdates::default() };
    let meter = Meter::new(line, updates);
    assert_eq!(update(&meter).await, Updated::Updated);
    assert_eq!(meter.simulator().flash(0).get(..20_000), Some(&image("1.0.9").to_bytes()[..]));
}

#[tokio::test]
async fn a_line_that_goes_away_with_the_meter() {
    let meter = Meter::new(SerialLine { goes_away: true, ..SerialLine::default() }, OnlineUpdates::default());
    let before = std::fs::read_link(&meter.path).unwrap();
    // Held, so that the other terminal has another name.
    let _held = std::fs::File::open(&before).unwrap();
    assert_eq!(update(&meter).await, Updated::Updated);
    assert_ne!(std::fs::read_link(&meter.path).unwrap(), before);
}

/// A port that is given by another path is another `Smp`; one that is taken is told to be.
#[tokio::test]
async fn one_program_at_a_time() {
    let meter = Meter::new(SerialLine::default(), OnlineUpdates::default());
    let (mut first, mut second) = (meter.firmware(), meter.firmware());
    assert!(in_time(first.list()).await.is_ok());
    assert_eq!(open_error(&in_time(second.list()).await.unwrap_err()), ResourceBusy);
    drop(first);
    assert!(in_time(second.list()).await.is_ok());
}

fn open_error(error: &Error) -> std::io::ErrorKind {
    match error.kind() {
        ErrorKind::Open(cause) => cause.kind(),
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn what_is_no_serial_port() {
    let (folder, path) = folder("file");
    std::fs::write(&path, "text").unwrap();
    let missing = folder.path().join("missing");
    for (path, kind) in [(missing.as_path(), NotFound), (folder.path(), IsADirectory), (&path, Unsupported)] {
        let mut firmware = Firmware::from(Smp::serial(path, 115_200));
        for _ in 0..2 {
            let error = firmware.list().await.unwrap_err();
            assert_eq!(open_error(&error), kind, "{error}");
            assert_eq!(error.location(), &Location::serial(path, 115_200));
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"text");
}

/// Nobody answers, and then the line is gone: while a request waits, and before one.
#[tokio::test]
async fn a_line_that_is_gone() {
    let mut meter = Meter::new(SerialLine::default(), OnlineUpdates { is_silent: true, ..OnlineUpdates::default() });
    let mut firmware = meter.firmware();
    let begin = Instant::now();
    let simulator = meter.simulator.take().unwrap();
    let vanish = async {
        while simulator.datagrams() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::task::spawn_blocking(move || drop(simulator)).await.unwrap();
    };
    let (listed, ()) = in_time(async { tokio::join!(firmware.list(), vanish) }).await;
    let error = listed.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Gone { .. }), "{error:?}");
    assert!(error.with_causes().contains("the serial line is gone: No such file"), "{}", error.with_causes());
    assert!(begin.elapsed() < QUICK.give_up, "{:?}", begin.elapsed());
    assert_eq!(open_error(&in_time(firmware.list()).await.unwrap_err()), NotFound);
}

/// Gone in the middle of an upload: it is waited for as for any meter that is silent, and what went wrong is told.
#[tokio::test]
async fn a_line_that_is_gone_in_the_middle() {
    let mut meter = Meter::new(SerialLine::default(), OnlineUpdates::default());
    let (file, policy) = (file("1.0.9"), Policy { give_up: Duration::from_secs(4), ..QUICK });
    let mut firmware = Firmware::from(meter.smp().policy(policy));
    let mut upload = firmware.upload(&file, UploadOptions::default());
    let error = loop {
        match in_time(upload.next()).await {
            Ok(Some(Moment::Progress(progress))) if progress.bytes > 5_000 => drop(meter.simulator.take()),
            Ok(Some(_)) => {}
            Ok(None) => break in_time(upload.finish()).await.unwrap_err(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind().failure(), Some(Failure::NoAnswer { .. })), "{error:?}");
    assert!(error.with_causes().contains("No such file"), "{}", error.with_causes());
}

/// Broken off and begun again, the upload goes on.
#[tokio::test]
async fn a_line_that_comes_back_in_the_middle() {
    let updates = OnlineUpdates { restarts: vec![20], ..OnlineUpdates::default() };
    let meter = Meter::new(SerialLine { goes_away: true, is_talkative: true, ..SerialLine::default() }, updates);
    let (mut firmware, file) = (meter.firmware(), file("1.0.9"));
    let updated = in_time(firmware.update(&file, UpdateOptions::default()).finish()).await;
    assert_eq!(updated.unwrap(), Updated::Updated);
    assert_eq!(meter.simulator().boots().len(), 2);
}

/// Reads the next request of a console, and returns its header.
async fn next_request(device: &mut DuplexStream, decoder: &mut ConsoleDecoder<1_024>) -> Option<Header> {
    let mut byte = [0];
    while device.read_exact(&mut byte).await.is_ok() {
        if let Some(frame) = decoder.decode(&mut &byte[..]) {
            return Some(Header::split(frame).unwrap().0);
        }
    }
    None
}

/// A stream that was given ends: nothing that goes over it waits for another, however patient it is.
#[tokio::test]
async fn a_stream_that_ends() {
    let (stream, mut device) = duplex(4_096);
    let serve = async move {
        let mut decoder = ConsoleDecoder::new();
        let request = next_request(&mut device, &mut decoder).await.unwrap();
        let header = Header { operation: Operation::WriteResponse, ..request };
        let mut frame = [0; 64];
        let length = encode_frame(header, &mut frame, |writer| EchoResponse { text: "hi" }.encode(writer)).unwrap();
        let mut lines = [0; 128];
        let lines = ConsoleEncoder::encode(&frame[..length], &mut lines).unwrap();
        // Cut where a chunk may be cut.
        for piece in lines.chunks(5) {
            device.write_all(piece).await.unwrap();
        }
        next_request(&mut device, &mut decoder).await.unwrap();
    };
    let mut firmware = Firmware::from(Smp::console(stream));
    let ask = async {
        assert_eq!(firmware.echo("hi").await.unwrap(), "hi");
        let error = firmware.list().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Gone { .. }), "{error:?}");
        assert!(error.to_string().starts_with("meter at serial line: the serial line is gone"), "{error}");
        let update_file = file("1.0.9");
        let mut update = firmware.update(&update_file, UpdateOptions::default());
        let error = loop {
            match update.next().await {
                Ok(Some(Moment::Event(UpdateEvent::Step(_)) | Moment::Progress(_))) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error.kind(), ErrorKind::Gone { .. }), "{error:?}");
    };
    in_time(async { tokio::join!(ask, serve) }).await;
}

/// A device that does not read what is written to it stops nobody.
#[tokio::test]
async fn a_stream_that_takes_nothing() {
    let (stream, _device) = duplex(16);
    let policy = Policy { give_up: Duration::from_secs(1), ..QUICK };
    let error = in_time(Firmware::from(Smp::console(stream).policy(policy)).list()).await.unwrap_err();
    assert!(matches!(error.kind().failure(), Some(Failure::NoAnswer { .. })), "{error:?}");
}

/// Bytes without a frame, as at a wrong rate: that something came is told.
#[tokio::test]
async fn bytes_that_are_no_answer() {
    let (stream, mut device) = duplex(4_096);
    device.write_all(&[0xa5; 100]).await.unwrap();
    let policy = Policy { give_up: Duration::from_secs(1), ..QUICK };
    let error = in_time(Firmware::from(Smp::console(stream).policy(policy)).list()).await.unwrap_err();
    let told = error.with_causes();
    assert!(told.ends_with("what came is no answer: 0 damaged frames, and 100 bytes that are in no frame"), "{told}");
}

/// A request that is dropped half way does not spoil the next.
#[tokio::test]
async fn a_request_that_is_dropped() {
    let line = SerialLine::default();
    let link = Link { delay: Duration::from_millis(20), ..Link::default() };
    let meter = Meter::new(line, OnlineUpdates { link, ..OnlineUpdates::default() });
    let mut firmware = meter.firmware();
    for milliseconds in [0, 1, 5, 10, 15, 20, 25, 30] {
        let patience = Duration::from_millis(milliseconds);
        let dropped = tokio::time::timeout(patience, firmware.echo("dropped")).await;
        assert!(dropped.is_err(), "{milliseconds}: {dropped:?}");
        let text = milliseconds.to_string();
        assert_eq!(in_time(firmware.echo(&text)).await.unwrap(), text);
    }
}

fn firmware(meter: &Meter, verb: &str, rest: &[&str]) -> Outcome {
    emu(&[&["firmware", verb, &meter.location()], rest].concat())
}

#[test]
fn the_command_over_a_line() {
    let line = SerialLine { goes_away: true, is_talkative: true, ..SerialLine::default() };
    let meter = Meter::new(line, OnlineUpdates::default());
    let (_folder, path) = folder("update.bin");
    std::fs::write(&path, image("1.0.9").to_bytes()).unwrap();
    let listed = firmware(&meter, "list", &[]);
    assert_eq!((listed.code, &*listed.stderr), (0, ""));
    assert!(listed.stdout.contains("    version: 1.0.6\n"), "{}", listed.stdout);
    let updated = firmware(&meter, "update", &[path.to_str().unwrap(), "--yes", "--wait", "1"]);
    assert_eq!(updated.code, 0, "{}", updated.stderr);
    assert!(updated.stdout.contains("    version: 1.0.9\n    bootable: true\n    flags: active confirmed\n"));
    let echo = emu(&["smp", &format!("{}@9600", meter.location()), "echo", "hi"]);
    assert_eq!((echo.code, &*echo.stdout, &*echo.stderr), (0, "hi\n", ""));
    let info = firmware(&meter, "info", &[]);
    assert!(info.stdout.contains("serial line: 0 damaged frames, "), "{}", info.stdout);
    let info: serde_json::Value = serde_json::from_str(&firmware(&meter, "info", &["--json"]).stdout).unwrap();
    // The prompts between the answers.
    assert!(info["serial_line"]["skipped_bytes"].as_u64() > Some(50), "{info}");
    let port = firmware(&meter, "list", &["--smp-port", "1337"]);
    assert!(port.code == 2 && port.stderr.contains("a serial line has none"), "{}", port.stderr);
}

#[test]
fn the_command_tells_of_a_bad_line() {
    // What the console echoes of a damaged request is damaged, too: among so many, some are.
    let line = SerialLine { byte_loss: 0.000_4, echoes: true, ..SerialLine::default() };
    let meter = Meter::new(line, OnlineUpdates::default());
    let (_folder, path) = folder("update.bin");
    std::fs::write(&path, image("1.0.9").size(10_000).to_bytes()).unwrap();
    let updated = firmware(&meter, "update", &[path.to_str().unwrap(), "--yes", "--wait", "1"]);
    assert_eq!(updated.code, 0, "{}", updated.stderr);
    assert_eq!(meter.simulator().firmware_version().to_string(), "1.0.9");
    assert!(updated.stderr.contains(" frames came damaged over the serial line\n"), "{}", updated.stderr);
}

#[test]
fn the_command_says_what_is_wrong_with_a_port() {
    let (folder, path) = folder("file");
    std::fs::write(&path, "text").unwrap();
    let (folder, path) = (folder.path().display(), path.display());
    for (meter, code, told) in [
        (format!("serial:{folder}/none"), 1, "/none: there is no such serial port: No such file"),
        (format!("serial:{folder}/none"), 1, "emu: is it plugged in?"),
        (format!("serial:{folder}"), 1, "that is a directory, and no serial port"),
        (format!("serial:{path}"), 1, "that is no serial port"),
        ("serial:".to_owned(), 2, "invalid METER: expected the path of a serial port, such as serial:/dev/ttyUSB0"),
        ("serial:/dev/ttyS0@0".to_owned(), 2, "invalid METER: expected a rate in baud, such as 115200, not \"0\""),
    ] {
        for arguments in [["firmware", "list", &meter], ["smp", &meter, "params"]] {
            let outcome = emu(&arguments);
            assert!(outcome.code == code && outcome.stderr.contains(told), "{}", outcome.stderr);
        }
    }
    for log in ["data", "logbook"] {
        let outcome = emu(&[log, "serial:/dev/ttyUSB0"]);
        let told = "emu: invalid METER: a serial line carries firmware updates";
        assert!(outcome.code == 2 && outcome.stderr.starts_with(told), "{}", outcome.stderr);
    }
}

#[test]
fn the_command_without_an_answer() {
    let meter = Meter::new(SerialLine::default(), OnlineUpdates { is_silent: true, ..OnlineUpdates::default() });
    let outcome = firmware(&meter, "list", &["--timeout", "1"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains(": no answer to image state: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("is its rate right (serial:PATH@BAUD)?"), "{}", outcome.stderr);
    // While another program has the port.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut held = meter.firmware();
    let outcome = runtime.block_on(async {
        let hold = async { drop(held.list().await) };
        let ask = async {
            while meter.simulator().datagrams() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let location = meter.location();
            tokio::task::spawn_blocking(move || emu(&["firmware", "list", &location])).await.unwrap()
        };
        tokio::select! {
            () = hold => panic!("answered"),
            outcome = ask => outcome,
        }
    });
    assert!(outcome.code == 1 && outcome.stderr.contains("another program has the serial port"), "{}", outcome.stderr);
}
