//! Serial lines: however the bytes are cut, frames and losses are the same; a frame comes out of whatever noise is around it.
//!
//! ```text
//! input = count *length size bytes            ; the lengths of pieces, how large frames may be; bytes of the wire, and
//!                                             ; a script: *(noise frame), each a length and as many bytes
//! ```

use emu_smp::{ConsoleDecoder, ConsoleEncoder, ConsoleError, Header, Losses, RawDecoder, RawLosses};

use crate::bytes::Bytes;

/// Takes the bytes as what comes on a console and on a raw serial line, and as frames to be written on both.
///
/// # Panics
///
/// If a property does not hold.
pub fn console(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let count = bytes.below(16) as usize;
    let pieces: Vec<usize> = bytes.take(count).iter().map(|length| usize::from(*length)).collect();
    match bytes.below(4) {
        1 => check::<8>(&pieces, bytes),
        2 => check::<64>(&pieces, bytes),
        3 => check::<7>(&pieces, bytes),
        _ => check::<300>(&pieces, bytes),
    }
}

fn check<const N: usize>(pieces: &[usize], bytes: Bytes<'_>) {
    let wire = bytes.clone().rest();
    check_console::<N>(pieces, wire);
    check_raw::<N>(pieces, wire);
    check_script::<N>(pieces, bytes.clone());
    check_resynchronisation::<N>(bytes);
}

/// Any bytes on a console, in pieces.
fn check_console<const N: usize>(pieces: &[usize], wire: &[u8]) {
    let whole = read_console::<N>(wire, &[]);
    assert_eq!(read_console::<N>(wire, pieces), whole, "cut into pieces of {pieces:?}");
    assert_eq!(read_console::<N>(wire, &[1]), whole, "cut at every byte");
    for frame in &whole.0 {
        assert!((Header::LENGTH..=N).contains(&frame.len()));
        assert_eq!(read_console::<N>(&lines(frame, 127), &[]), (vec![frame.clone()], Losses::default()));
    }
}

/// Any bytes on a raw line, in pieces: each frame ends where its header says.
fn check_raw<const N: usize>(pieces: &[usize], wire: &[u8]) {
    let whole = read_raw::<N>(wire, &[]);
    assert_eq!(read_raw::<N>(wire, pieces), whole, "cut into pieces of {pieces:?}");
    assert_eq!(read_raw::<N>(wire, &[1]), whole, "cut at every byte");

    let (mut frames, mut losses, mut rest) = (Vec::new(), RawLosses::default(), wire);
    while let Some(first) = rest.first_chunk() {
        let length = Header::LENGTH + usize::from(Header::from_bytes(*first).length);
        losses.too_large += u32::from(length > N);
        let Some((frame, behind)) = rest.split_at_checked(length) else { break };
        frames.extend((length <= N).then(|| frame.to_vec()));
        rest = behind;
    }
    // What is left over is lost with a reset, unless it has been counted.
    let is_counted = rest.first_chunk().is_some_and(|first| usize::from(Header::from_bytes(*first).length) + 8 > N);
    losses.cut_short += u32::from(!rest.is_empty() && !is_counted);
    assert_eq!(whole, (frames, losses));
}

/// Frames on a console, between the lines of which a shell prints: all come out, and nothing else is lost.
fn check_script<const N: usize>(pieces: &[usize], mut bytes: Bytes<'_>) {
    let mut wire = Vec::new();
    let mut frames = Vec::new();
    let mut losses = Losses::default();
    for _ in 0..8 {
        let length = usize::from(bytes.byte());
        let noise: Vec<u8> =
            bytes.take(length).iter().map(|byte| if is_marker(*byte) { b' ' } else { *byte }).collect();
        let length = usize::from(bytes.byte()) * 2;
        let frame = bytes.take(length).to_vec();
        let size = 1 + usize::from(bytes.byte());
        for line in lines(&frame, size).split_inclusive(|byte| *byte == b'\n') {
            losses.skipped_bytes += noise.iter().map(|byte| u32::from(!b"\r\n".contains(byte))).sum::<u32>();
            wire.extend_from_slice(&noise);
            wire.extend_from_slice(line);
        }
        match frame.len() {
            0..Header::LENGTH => losses.length += 1,
            length if length > N => losses.too_large += 1,
            _ => frames.push(frame),
        }
        if bytes.is_empty() {
            break;
        }
    }
    assert_eq!(read_console::<N>(&wire, pieces), (frames, losses));
}

/// Behind anything whatever, the next frame comes out.
fn check_resynchronisation<const N: usize>(mut bytes: Bytes<'_>) {
    let length = usize::from(bytes.byte());
    let frame: Vec<u8> = bytes.take(length).iter().copied().chain([0xa0; Header::LENGTH]).take(N).collect();
    let wire = [bytes.rest(), &lines(&frame, 127)].concat();
    if frame.len() >= Header::LENGTH {
        assert_eq!(read_console::<N>(&wire, &[]).0.last(), Some(&frame));
    }
}

/// Writes a frame through a buffer of so many bytes.
fn lines(frame: &[u8], size: usize) -> Vec<u8> {
    let mut encoder = ConsoleEncoder::new(frame).expect("a short frame");
    let mut lines = Vec::new();
    let mut buffer = vec![0; size];
    while let length @ 1.. = encoder.write(&mut buffer) {
        assert!(length == size || encoder.is_finished(), "the buffer is filled");
        lines.extend_from_slice(&buffer[..length]);
    }
    let needed = ConsoleEncoder::encoded_length(frame.len());
    let mut exact = vec![0; needed];
    assert_eq!(ConsoleEncoder::encode(frame, &mut exact), Ok(&lines[..]));
    let length = needed - 1;
    assert_eq!(
        ConsoleEncoder::encode(frame, &mut exact[..length]),
        Err(ConsoleError::BufferTooSmall { needed, length })
    );
    assert!(lines.split_inclusive(|byte| *byte == b'\n').all(|line| line.len() <= ConsoleEncoder::MAX_LINE));
    lines
}

fn read_console<const N: usize>(wire: &[u8], pieces: &[usize]) -> (Vec<Vec<u8>>, Losses) {
    let mut decoder = ConsoleDecoder::<N>::new();
    let mut frames = Vec::new();
    for mut piece in cut(wire, pieces) {
        while let Some(frame) = decoder.decode(&mut piece) {
            frames.push(frame.to_vec());
        }
        assert!(piece.is_empty());
    }
    (frames, decoder.losses())
}

fn read_raw<const N: usize>(wire: &[u8], pieces: &[usize]) -> (Vec<Vec<u8>>, RawLosses) {
    let mut decoder = RawDecoder::<N>::new();
    let mut frames = Vec::new();
    for mut piece in cut(wire, pieces) {
        while let Some(frame) = decoder.decode(&mut piece) {
            frames.push(frame.to_vec());
        }
        assert!(piece.is_empty());
    }
    decoder.reset();
    (frames, decoder.losses())
}

/// Cuts bytes into pieces of these lengths, over and over; without any, into one.
pub(crate) fn cut<'a>(mut rest: &'a [u8], pieces: &[usize]) -> Vec<&'a [u8]> {
    let can_end = pieces.iter().any(|length| *length > 0);
    let mut lengths = pieces.iter().copied().cycle();
    let mut cut = Vec::new();
    while !rest.is_empty() {
        let length = if can_end { lengths.next().unwrap_or(rest.len()) } else { rest.len() };
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        cut.push(piece);
        rest = behind;
    }
    cut
}

/// What only a marker starts with: neither base64 nor what a shell prints holds it.
fn is_marker(byte: u8) -> bool {
    matches!(byte, 0x04 | 0x06)
}
