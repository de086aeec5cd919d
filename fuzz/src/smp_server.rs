//! The server: whatever comes, it answers within the buffer or is silent, its answers are what they should be, the firmware is
//! told nothing that the server has promised not to; and then it still serves.
//!
//! ```text
//! input = flags size *step              ; whether the firmware looks what is in its slots; the size of the buffer
//! step  = kind ...                      ; a datagram, a request with a right header, a piece of an image, a restart
//! ```

use emu_smp::image::{EraseRequest, SetStateRequest, SlotInfoRequest, StateRequest, UploadRequest};
use emu_smp::os::{self, EchoRequest};
use emu_smp::{
    Command, Group, Header, ImageVersion, Operation, RawRequest, RawResponse, Refusal, Request, Server, Version,
    decode_response, encode_request, enumeration, file_system, settings, shell, statistics,
};

use crate::bytes::Bytes;
use crate::firmware::{Device, image, sha};

/// Serves what the bytes say, and then a client that does it right.
///
/// # Panics
///
/// If a property does not hold.
pub fn smp_server(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut device = Device::new(bytes.flag());
    let mut server = Server::new();
    // Down to those that hold no answer.
    let mut buffer = vec![0; bytes.pick(&[1500, 64, 300, 0, 7, 9, 20, 63, 128])];
    let mut datagram = Vec::new();
    while !bytes.is_empty() {
        datagram.clear();
        match bytes.below(8) {
            0 => datagram.extend_from_slice(take(&mut bytes)),
            1 => drop((device.restart(), server.drop_upload())),
            2 => datagram.extend(piece(&mut bytes, &device)),
            kind => {
                // One request, or several.
                for _ in 0..1 + (kind & 1) {
                    datagram.extend(request(&mut bytes));
                }
            }
        }
        serve(&mut server, &mut device, &datagram, &mut buffer);
    }
    // Whatever was: once the image that runs is confirmed, all goes as ever.
    device.restart();
    device.restart();
    check_serves(&mut server, &mut device);
}

fn take<'a>(bytes: &mut Bytes<'a>) -> &'a [u8] {
    let length = bytes.short() % 2048;
    bytes.take(length.into())
}

/// A request with a header that fits, of a group that there is as a rule.
fn request(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let operation = Operation::from_bits(bytes.pick(&[0, 2, 0, 2, 0, 2, 1, 3, 4]));
    let version = Version::from_bits(bytes.pick(&[0, 1, 0, 1, 2]));
    let group = Group(bytes.pick(&[0, 1, 2, 3, 8, 9, 10, 63, 70, 11, 64, u16::MAX]));
    let command = Command { group, number: bytes.below(10) as u8 };
    let sequence = bytes.byte();
    let length = usize::from(bytes.byte());
    let body = if length == 0 { b"\xa0" } else { bytes.take(length) };
    let mut frame = vec![0; Header::LENGTH + body.len()];
    let header =
        Header { operation, version, flags: 0, length: body.len() as u16, group, sequence, command: command.number };
    frame[..Header::LENGTH].copy_from_slice(&header.to_bytes());
    frame[Header::LENGTH..].copy_from_slice(body);
    frame
}

/// A piece of an image, likely one that is wanted.
fn piece(bytes: &mut Bytes<'_>, device: &Device) -> Vec<u8> {
    let version = ImageVersion { major: 1, minor: bytes.below(3) as u8, revision: 6, build: 0 };
    let file = image(version, 32 + usize::from(bytes.byte()) * 9);
    let offset = match bytes.below(4) {
        0 => 0,
        1 => device.slots.iter().map(Vec::len).min().unwrap_or(0),
        2 => usize::from(bytes.short()),
        _ => usize::from(bytes.byte()) * 9,
    };
    let rest = file.get(offset..).unwrap_or(b"behind the end");
    let length = usize::from(bytes.byte()).min(rest.len());
    let data = if bytes.flag() { rest } else { &rest[..length] };
    let lengths = [Some(file.len() as u32), None, Some(u32::MAX), Some(Device::SIZE as u32 + 1), Some(0)];
    let name = sha(&file);
    let request = UploadRequest {
        length: bytes.pick(&lengths),
        offset: offset as u32,
        sha: bytes.pick(&[Some(&name[..]), None, Some(&[]), Some(&[1; 33]), Some(&[1; 3])]),
        data,
        image: bytes.pick(&[None, Some(0), Some(1), Some(u32::MAX)]),
        upgrade: bytes.pick(&[None, Some(true), Some(false)]),
    };
    let mut frame = vec![0; 2500];
    let version = if bytes.flag() { Version::V1 } else { Version::V0 };
    let length = encode_request(&request, version, bytes.byte(), &mut frame).expect("a piece that fits");
    frame.truncate(length);
    frame
}

/// Has a datagram answered, and checks each answer.
fn serve(server: &mut Server, device: &mut Device, datagram: &[u8], buffer: &mut [u8]) -> Option<Vec<u8>> {
    let capacity = buffer.len();
    let mut rest = datagram;
    let mut last = None;
    loop {
        let asked = rest;
        let answer = server.answer(device, &mut rest, buffer).map(<[u8]>::to_vec);
        let taken = asked.len() - rest.len();
        let Some(answer) = answer else {
            assert!(asked.len() < Header::LENGTH || capacity < Server::MIN_BUFFER, "no answer to {asked:02x?}");
            assert!(rest.is_empty());
            return last;
        };
        assert!(answer.len() <= capacity && taken >= Header::LENGTH);
        let request = Header::from_bytes(*asked.first_chunk().expect("a header"));
        let (header, body) = Header::split(&answer).expect("a frame");
        assert_eq!(body.len() + Header::LENGTH, answer.len());
        assert_eq!(header.check_answers(&request), Ok(()));
        assert_eq!((header.version, header.flags), (request.version.min(Version::V1), 0));
        check_body(&request, body, rest.is_empty());
        last = Some(answer);
    }
}

/// The body of an answer is what was asked for, or a refusal that the version knows; behind that nothing is done any more.
fn check_body(request: &Header, body: &[u8], is_last: bool) {
    // The firmware does these by itself, as it likes.
    if request.group.0 >= Group::ZEPHYR.0 {
        return;
    }
    let refusal = Refusal::find(body).unwrap_or_else(|error| panic!("an answer of {body:02x?}: {error}"));
    match refusal {
        Some(Refusal::Group(error)) => assert_eq!(request.version, Version::V1, "{error}"),
        Some(Refusal::Code { .. }) => assert!(is_last, "what comes behind a refusal is dropped"),
        None => {}
    }
    macro_rules! answers_to {
        ($($request:ty)+) => {
            $(if (request.operation, request.id()) == (<$request>::OPERATION, <$request>::COMMAND) {
                let answer = decode_response::<$request>(body);
                return assert!(answer.is_ok(), "{}: {answer:?} of {body:02x?}", request.id());
            })+
        };
    }
    answers_to! {
        EchoRequest<'_> os::TasksRequest os::MemoryPoolsRequest os::DateTimeRequest os::SetDateTimeRequest
        os::ResetRequest os::ParametersRequest os::InfoRequest<'_> os::BootloaderRequest<'_>
        StateRequest SetStateRequest<'_> UploadRequest<'_> EraseRequest
        SlotInfoRequest
        statistics::GroupRequest<'_> statistics::ListRequest
        settings::ReadRequest<'_> settings::WriteRequest<'_> settings::DeleteRequest<'_> settings::CommitRequest
        settings::LoadRequest settings::SaveRequest<'_>
        file_system::ReadRequest<'_> file_system::WriteRequest<'_> file_system::StatusRequest<'_>
        file_system::HashRequest<'_> file_system::HashTypesRequest file_system::CloseRequest
        shell::ExecuteRequest<'_>
        enumeration::GroupCountRequest enumeration::GroupListRequest enumeration::GroupByIndexRequest
        enumeration::GroupDetailsRequest<'_>
    }
    // Echo is answered whether it is read or written, as existing servers do.
    assert!(refusal.is_some() || request.id() == Command::ECHO, "an answer to {} of {body:02x?}", request.id());
}

/// Good requests are answered right: an echo, a list, an application's own, and a whole upload.
fn check_serves(server: &mut Server, device: &mut Device) {
    let echo = ask(server, device, &EchoRequest { text: "still there" });
    let echo = decode_response::<EchoRequest<'_>>(&echo).expect("an echo").expect("an echo");
    assert_eq!(echo.text, "still there");

    let command = Command { group: Group(70), number: 9 };
    let body = b"\x81\x01".as_slice();
    let raw = ask(server, device, &RawRequest { operation: Operation::Write, command, body });
    assert_eq!(decode_response::<RawRequest<'_>>(&raw), Ok(Ok(RawResponse(body))));

    let file = image(ImageVersion { major: 2, minor: 0, revision: 0, build: 0 }, 700);
    let mut offset = 0;
    // An upload under way may have the same name, and then goes on.
    for _ in 0..8 {
        let piece = UploadRequest {
            length: Some(700),
            offset: offset as u32,
            sha: Some(&sha(&file)),
            data: &file[offset..700.min(offset + 200)],
            image: None,
            upgrade: None,
        };
        let answer = ask(server, device, &piece);
        let response =
            decode_response::<UploadRequest<'_>>(&answer).expect("an answer").expect("a piece that is taken");
        assert_ne!(response.matches, Some(false));
        offset = response.offset as usize;
        if offset == 700 {
            break;
        }
    }
    assert_eq!(offset, 700, "all is uploaded");
    let list = ask(server, device, &StateRequest);
    let list = decode_response::<StateRequest>(&list).expect("a list").expect("a list");
    let images: Vec<_> = list.images.iter().map(|image| (image.active, image.version)).collect();
    assert_eq!(images, [(true, &device.version().to_string()[..]), (false, "2.0.0")]);
}

/// Asks for something, and returns the body of the answer.
fn ask<R: Request>(server: &mut Server, device: &mut Device, request: &R) -> Vec<u8> {
    let mut frame = [0; 1500];
    let length = encode_request(request, Version::V1, 0x77, &mut frame).expect("a small request");
    let answer = serve(server, device, &frame[..length], &mut [0; 1500]).expect("an answer");
    answer[Header::LENGTH..].to_vec()
}
