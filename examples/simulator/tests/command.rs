//! The command as a user starts it.
#![cfg(feature = "cli")]

mod common;

use common::smp::{Client, Refused};
use emu_smp::Version;
use emu_smp::image::{StateRequest, UploadRequest};
use emu_smp::os::EchoRequest;
#[cfg(target_os = "linux")]
use emu_smp::{ConsoleDecoder, ConsoleEncoder, Header, Operation, decode_response, encode_request};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
#[cfg(target_os = "linux")]
use std::time::Duration;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _: std::io::Result<()> = self.0.kill();
        let _: std::io::Result<std::process::ExitStatus> = self.0.wait();
    }
}

/// Starts the command and returns the address that it prints.
fn start(arguments: &[&str]) -> (Running, String) {
    let (running, mut lines) = start_lines(arguments);
    (running, lines.next().unwrap().strip_prefix("listening on http://").unwrap().to_owned())
}

/// Starts the command and returns the lines that it prints.
fn start_lines(arguments: &[&str]) -> (Running, impl Iterator<Item = String> + use<>) {
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_emu-simulator")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    (Running(child), lines)
}

fn get(address: &str, target: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_prints_its_address_and_answers_there() {
    let (_running, address) = start(&["--rows", "100", "--serial", "1234"]);
    let answer = get(&address, "/data/?last=1");
    assert!(answer.contains("\r\n\r\nTimestamp;Index;"));
    assert!(answer.contains("\n2026-01-01T00:00:00Z;100;0;00001234;"));
}

#[test]
fn options_reach_the_meter() {
    let (_running, address) = start(&[
        "--rows=20",
        "--first-index=500",
        "--depth=10",
        "--newest=2025-06-01T12:00:00Z",
        "--delimiter=comma",
        "--time=-01:00",
        "--hole=518,517",
        "--double=519",
        "--malformed=516",
        "--quiet",
        "--event=515=status:4",
    ]);
    let answer = get(&address, "/data/");
    let rows: Vec<Vec<&str>> =
        answer.lines().skip_while(|line| !line.is_empty()).skip(2).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][0], "2025-06-01T11:00:00-01:00");
    let indices: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    assert_eq!(indices, ["519", "519", "516", "515", "514", "513", "512", "511", "510"]);
    assert_eq!((rows[2][12], rows[3][2]), ("x7?", "4"));
}

#[test]
fn faults_are_had_on_request() {
    let (_running, address) = start(&["--rows=20", "--server-error", "--first=1", "--password=p"]);
    assert!(get(&address, "/data/").starts_with("HTTP/1.0 401"));
    let request = "/data/ HTTP/1.0\r\nAuthorization: Basic YWRtaW46cA==\r\nX:";
    assert!(get(&address, request).starts_with("HTTP/1.0 500"));
    assert!(get(&address, request).starts_with("HTTP/1.0 200"));
}

#[test]
fn wrong_use_is_told() {
    let output = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_emu-simulator")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(output(&["--first", "1", "--every", "2"]).0, Some(2));
    assert_eq!(output(&["--event", "1=flood:3"]).0, Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, message) = output(&["--rows", "1", "--port", &port]);
    assert_eq!(code, Some(1));
    assert!(message.contains("can not listen on 127.0.0.1:"), "{message}");
    // Nor is it a panic where nobody can be told.
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emu-simulator"));
        let status = command.args(["--rows", "1", "--port", &port]).stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn updates_are_answered_where_it_says() {
    let image = std::env::temp_dir().join(format!("emu-simulator-{}.bin", std::process::id()));
    let path = image.to_str().unwrap();
    let written = Command::new(env!("CARGO_BIN_EXE_emu-simulator"))
        .args(["--write-test-image", path, "--image-version", "1.2.3", "--image-size", "5000"])
        .output()
        .unwrap();
    let line = String::from_utf8(written.stdout).unwrap();
    assert!(line.starts_with("test image 1.2.3 of 5000 bytes, hash "), "{line}");
    assert_eq!(std::fs::read(&image).unwrap().len(), 5_000);

    let (_running, mut lines) = start_lines(&["--rows=1", "--smp-port=0", "--smp-other", path, "--smp-running=1.0.7"]);
    lines.next().unwrap();
    let second = lines.next().unwrap();
    let address = second.strip_prefix("firmware updates on udp://").unwrap();
    let mut client = Client::at(address.parse().unwrap());
    assert_eq!(client.list(), ["0 1.0.7 active confirmed", "1 1.2.3"]);
    std::fs::remove_file(image).unwrap();
}

#[test]
fn quirks_of_the_update_server() {
    let options = ["--smp-ram-load", "--smp-omit-image", "--smp-upload-reasons", "--smp-ignore-image"];
    let more = ["--smp-cut-datagrams", "--smp-deaf-while-erasing", "--smp-image-check"];
    let arguments = [&["--rows=1", "--smp-port=0"][..], &options, &more].concat();
    let (_running, mut lines) = start_lines(&arguments);
    let second = lines.nth(1).unwrap();
    let mut client = Client::at(second.strip_prefix("firmware updates on udp://").unwrap().parse().unwrap());
    assert_eq!(client.set(None, true), Err(Refused::Code(8)));
    assert!(!client.body(&StateRequest).windows(6).any(|bytes| bytes == b"\x65image"));
    client.version = Version::V0;
    let request = UploadRequest { length: None, offset: 0, sha: None, data: &[0; 31], image: Some(3), upgrade: None };
    assert_eq!(client.body(&request), b"\xbf\x62rc\x03\x63rsn\x70header malformed\xff");
    assert_eq!(client.ask(&EchoRequest { text: &"x".repeat(1_600) }), Err(Refused::Code(9)));
}

#[test]
fn the_usual_port_for_updates_is_not_insisted_on() {
    // Taken by the first of them, at the latest.
    let ports: Vec<_> =
        (0..2).map(|_| start_lines(&["--rows=1"])).map(|(running, mut lines)| (running, lines.nth(1))).collect();
    assert!(
        ports.iter().all(|(_, line)| line.as_ref().is_some_and(|line| line.starts_with("firmware updates on udp://")))
    );
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output =
        Command::new(env!("CARGO_BIN_EXE_emu-simulator")).args(["--rows=1", "--smp-port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("UDP port {port}")));
}

/// A pseudo-terminal under a name that is given, which is there for as long as the meter.
#[cfg(target_os = "linux")]
#[test]
fn updates_are_answered_on_a_serial_line() {
    let folder = std::env::temp_dir().join(format!("emu-simulator-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("line");
    let path = link.to_str().unwrap();
    // The link that a meter left which was killed.
    std::os::unix::fs::symlink("/dev/pts/none", &link).unwrap();
    let arguments = ["--rows=1", "--smp-port=0", "--smp-serial", path, "--smp-serial-talk", "--smp-serial-echo"];
    let (running, mut lines) = start_lines(&arguments);
    assert_eq!(lines.nth(2).unwrap(), format!("firmware updates on serial:{path}"));

    let mut line = std::fs::File::options().read(true).write(true).open(&link).unwrap();
    let mut frame = [0; 64];
    let length = encode_request(&EchoRequest { text: "hi" }, Version::V0, 7, &mut frame).unwrap();
    let mut request = [0; 128];
    line.write_all(ConsoleEncoder::encode(&frame[..length], &mut request).unwrap()).unwrap();
    let (told, answers) = std::sync::mpsc::channel();
    // Reads until the meter goes away, which is the terminal's end.
    let reader = std::thread::spawn(move || {
        let (mut decoder, mut buffer) = (ConsoleDecoder::<256>::new(), [0; 64]);
        while let Ok(length @ 1..) = line.read(&mut buffer) {
            let mut bytes = &buffer[..length];
            while let Some(frame) = decoder.decode(&mut bytes) {
                told.send(frame.to_vec()).unwrap();
            }
        }
    });
    let next = || answers.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(next(), frame[..length], "the echo of the console");
    let answer = next();
    let (header, body) = Header::split(&answer).unwrap();
    assert_eq!((header.operation, header.sequence), (Operation::WriteResponse, 7));
    assert_eq!(decode_response::<EchoRequest<'_>>(body).unwrap().unwrap().text, "hi");
    drop(running);
    reader.join().unwrap();

    // What is no link of ours stays.
    std::fs::remove_file(&link).unwrap();
    std::fs::write(&link, "text").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_emu-simulator")).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains(&format!("{path}: File exists")), "{told}");
    assert_eq!(std::fs::read(&link).unwrap(), b"text");
    std::fs::remove_dir_all(&folder).unwrap();
}
