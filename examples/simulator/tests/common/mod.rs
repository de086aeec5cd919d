//! A small HTTP client over a plain socket, which shows what came and how the connection ended.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod smp;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use emu_simulator::Simulator;

/// What came back on a connection, up to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body as it came, chunk heads included.
    pub(crate) raw: Vec<u8>,
    /// Whether the connection was reset; else it was closed in good order.
    pub(crate) reset: bool,
}

impl Answer {
    /// The body without chunk heads, as far as it came.
    pub(crate) fn body(&self) -> Vec<u8> {
        if self.header("transfer-encoding").is_none_or(|value| value != "chunked") {
            return self.raw.clone();
        }
        self.chunks().concat()
    }

    /// The pieces of a chunked body, the last as far as it came.
    pub(crate) fn chunks(&self) -> Vec<Vec<u8>> {
        let mut rest = self.raw.as_slice();
        let mut chunks = Vec::new();
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            rest = &rest[end + 2..];
            if size == 0 {
                break;
            }
            chunks.push(rest[..size.min(rest.len())].to_vec());
            rest = rest.get(size + 2..).unwrap_or_default();
        }
        chunks
    }

    /// Whether the whole body came, by what the head says; unknown where closing is the end.
    pub(crate) fn is_complete(&self) -> bool {
        match self.header("content-length") {
            Some(length) => self.raw.len() == length.parse::<usize>().unwrap(),
            None => self.raw.ends_with(b"0\r\n\r\n"),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body()).unwrap()
    }

    /// The indices of the rows.
    pub(crate) fn indices(&self) -> Vec<u32> {
        self.text().lines().skip(1).map(|line| line.split(';').nth(1).unwrap().parse().unwrap()).collect()
    }
}

/// Asks for a target, with more header lines if need be, and reads until the connection ends.
pub(crate) fn get_with(simulator: &Simulator, target: &str, headers: &str) -> Answer {
    let mut stream = connect(simulator);
    write!(stream, "GET {target} HTTP/1.1\r\nHost: meter\r\nConnection: close\r\n{headers}\r\n").unwrap();
    read_answer(&mut stream)
}

pub(crate) fn get(simulator: &Simulator, target: &str) -> Answer {
    get_with(simulator, target, "")
}

pub(crate) fn connect(simulator: &Simulator) -> TcpStream {
    let stream = TcpStream::connect(simulator.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

pub(crate) fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut reset = false;
    let mut buffer = [0; 65_536];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                reset = true;
                break;
            }
            Err(error) => panic!("{error} after {} bytes", bytes.len()),
        }
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4);
    let raw = bytes.split_off(end);
    let head = String::from_utf8(bytes).unwrap();
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    Answer { status, head, raw, reset }
}
