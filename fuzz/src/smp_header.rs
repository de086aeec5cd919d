//! The header of a frame: any bytes are one, and only its own answer answers it.
//!
//! ```text
//! input = header*8 frame      ; the header of a request, and what is looked at as an answer to it
//! ```

use emu_smp::{Command, Group, Header, HeaderError, Operation};

use crate::bytes::Bytes;

/// Splits a frame, and compares it with a request that it may answer.
///
/// # Panics
///
/// If a property does not hold.
pub fn smp_header(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let request: [u8; Header::LENGTH] = core::array::from_fn(|_| bytes.byte());
    let frame = bytes.rest();
    check_bytes(request);
    check_split(frame);
    let request = Header::from_bytes(request);
    if let Some(first) = frame.first_chunk() {
        check_bytes(*first);
        check_answers(request, *first);
    }
    check_own_answer(request);
}

/// All bits come back but the reserved ones, and each field is where the protocol has it.
fn check_bytes(bytes: [u8; Header::LENGTH]) {
    let header = Header::from_bytes(bytes);
    let mut expected = bytes;
    expected[0] &= 0x1f;
    assert_eq!(header.to_bytes(), expected);
    assert_eq!(header.operation.bits(), bytes[0] % 8);
    assert_eq!(header.version.bits(), bytes[0] / 8 % 4);
    assert_eq!(usize::from(header.length), usize::from(bytes[2]) * 256 + usize::from(bytes[3]));
    assert_eq!(usize::from(header.group.0), usize::from(bytes[4]) * 256 + usize::from(bytes[5]));
    assert_eq!((header.flags, header.sequence, header.command), (bytes[1], bytes[6], bytes[7]));
    assert_eq!(header.id(), Command { group: header.group, number: header.command });
    for name in [header.id().to_string(), header.group.to_string()] {
        assert!(!name.is_empty() && name.is_ascii(), "{name}");
    }
}

fn check_split(frame: &[u8]) {
    let expected = match frame {
        [_, _, l0, l1, _, _, _, _, rest @ ..] => {
            let announced = u16::from_be_bytes([*l0, *l1]);
            rest.get(..usize::from(announced)).ok_or(HeaderError::Truncated { announced, length: rest.len() })
        }
        _ => Err(HeaderError::TooShort { length: frame.len() }),
    };
    let split = Header::split(frame);
    assert_eq!(split.map(|(_, body)| body), expected);
    if let Ok((header, _)) = split {
        assert_eq!(Some(&header), frame.first_chunk().map(|first| Header::from_bytes(*first)).as_ref());
    }
}

/// An answer has the request's group, command and sequence number and the operation of a response, which is that of a write
/// for whatever is no read.
fn check_answers(request: Header, answer: [u8; Header::LENGTH]) {
    let header = Header::from_bytes(answer);
    let is_same = request.to_bytes()[4..] == answer[4..];
    let fits = match answer[0] % 8 {
        1 => request.operation == Operation::Read,
        3 => true,
        _ => false,
    };
    assert_eq!(header.check_answers(&request).is_ok(), is_same && fits, "{header:?} to {request:?}");
}

fn check_own_answer(request: Header) {
    let operation =
        if request.operation == Operation::Read { Operation::ReadResponse } else { Operation::WriteResponse };
    let answer = Header { operation, ..request };
    assert_eq!(answer.check_answers(&request), Ok(()));
    // Errors of a server's dispatcher come as answers to a write, whatever was asked.
    assert_eq!(Header { operation: Operation::WriteResponse, ..request }.check_answers(&request), Ok(()));
    let others = [
        Header { sequence: request.sequence.wrapping_add(1), ..answer },
        Header { command: request.command ^ 1, ..answer },
        Header { group: Group(request.group.0 ^ 1), ..answer },
        Header { operation: Operation::Read, ..answer },
    ];
    for other in others {
        assert!(other.check_answers(&request).is_err(), "{other:?} to {request:?}");
    }
}
