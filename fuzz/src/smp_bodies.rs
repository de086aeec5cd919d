//! Bodies of frames: of any bytes, each request and response is read or refused at a place within the frame; what is read is
//! written and read again as the same; what is skipped is what is CBOR.
//!
//! ```text
//! input = body
//! ```

use core::fmt::Debug;

use emu_smp::{
    Decode, DecodeError, DecodeErrorKind, Done, Encode, Header, RawRequest, RawResponse, Reader, Refusal, Request,
    Version, Writer, decode, decode_response, encode_request, enumeration, file_system, image, os, settings, shell,
    statistics, transport, zephyr,
};

/// Reads the bytes as every request and every response there is.
///
/// # Panics
///
/// If a property does not hold.
pub fn smp_bodies(data: &[u8]) {
    // No frame is longer.
    let body = &data[..data.len().min(usize::from(u16::MAX))];
    check_skip(body);
    check_refusal(body);
    // What is left out is written as what stands for it, so that a list of images can grow.
    let mut buffer = vec![FREE; 512 + 16 * body.len()];
    check_all_requests(body, &mut buffer);
    check_all_responses(body, &mut buffer);
}

/// Checks these types as requests, and what they are answered with.
macro_rules! requests {
    ($($request:ty)+) => {
        fn check_all_requests(body: &[u8], buffer: &mut [u8]) {
            $(check_request::<$request>(body, buffer);)+
            assert_eq!(decode::<RawResponse<'_>>(body), Ok(RawResponse(body)));
            assert!(decode_response::<RawRequest<'_>>(body).is_ok());
        }
    };
}

requests! {
    os::EchoRequest<'_> os::TasksRequest os::MemoryPoolsRequest os::DateTimeRequest os::SetDateTimeRequest os::ResetRequest
    os::ParametersRequest os::InfoRequest<'_> os::BootloaderRequest<'_>
    image::StateRequest image::SetStateRequest<'_> image::UploadRequest<'_> image::EraseRequest image::SlotInfoRequest
    statistics::GroupRequest<'_> statistics::ListRequest
    settings::ReadRequest<'_> settings::WriteRequest<'_> settings::DeleteRequest<'_> settings::CommitRequest
    settings::LoadRequest settings::SaveRequest<'_>
    file_system::ReadRequest<'_> file_system::WriteRequest<'_> file_system::StatusRequest<'_> file_system::HashRequest<'_>
    file_system::HashTypesRequest file_system::CloseRequest
    shell::ExecuteRequest<'_>
    enumeration::GroupCountRequest enumeration::GroupListRequest enumeration::GroupByIndexRequest
    enumeration::GroupDetailsRequest<'_>
    transport::ConnectRequest<'_> transport::DisconnectRequest transport::StatusRequest transport::ListRequest
    transport::ModesRequest transport::ConfigurationRequest
    zephyr::StorageEraseRequest
}

/// Checks these types as responses.
macro_rules! responses {
    ($($response:ty)+) => {
        fn check_all_responses(body: &[u8], buffer: &mut [u8]) {
            $(let _ = check_body::<$response>(body, buffer);)+
        }
    };
}

responses! {
    Done
    os::EchoResponse<'_> os::TasksResponse<'_> os::MemoryPoolsResponse<'_> os::DateTimeResponse os::ParametersResponse
    os::InfoResponse<'_> os::BootloaderResponse<'_>
    image::StateResponse<'_> image::UploadResponse image::SlotInfoResponse<'_>
    statistics::GroupResponse<'_> statistics::ListResponse<'_>
    settings::ReadResponse<'_>
    file_system::ReadResponse<'_> file_system::WriteResponse file_system::WriteRefused file_system::StatusResponse
    file_system::HashResponse<'_> file_system::HashTypesResponse<'_>
    shell::ExecuteResponse<'_>
    enumeration::GroupCountResponse enumeration::GroupListResponse<'_> enumeration::GroupByIndexResponse
    enumeration::GroupDetailsResponse<'_>
    transport::StatusResponse transport::ListResponse<'_> transport::ModesResponse<'_>
    transport::ConfigurationResponse<'_>
}

fn check_request<'a, R>(body: &'a [u8], buffer: &'a mut [u8])
where
    R: Request + Decode<'a> + PartialEq + Debug,
{
    // As a response, the body is a refusal, what was asked for, or wrong at some place.
    match decode_response::<R>(body) {
        Ok(Ok(_)) => assert_eq!(R::find_refusal(body), Ok(None)),
        Ok(Err(refusal)) => assert_eq!(R::find_refusal(body), Ok(Some(refusal))),
        Err(error) => check_error(error, body),
    }
    // As a request, it makes a frame of the command's own header.
    let Some((value, written)) = check_body::<R>(body, buffer) else { return };
    let mut frame = vec![FREE; Header::LENGTH + written + 1];
    let Ok(length) = encode_request(&value, Version::V1, 0xa5, &mut frame) else {
        assert!(written > usize::from(u16::MAX), "{value:?} is a frame");
        return;
    };
    let (header, sent) = Header::split(&frame).expect("a frame");
    assert_eq!((length, sent.len(), frame.last()), (frame.len() - 1, written, Some(&FREE)));
    assert_eq!((header.operation, header.id()), (R::OPERATION, R::COMMAND));
    assert_eq!((header.version, header.sequence, header.flags), (Version::V1, 0xa5, 0));
}

/// Reads a body; if it is one, returns its value, and how many bytes that takes.
fn check_body<'a, T>(body: &'a [u8], buffer: &'a mut [u8]) -> Option<(T, usize)>
where
    T: Decode<'a> + Encode + PartialEq + Debug,
{
    let value: T = match decode(body) {
        Ok(value) => value,
        Err(error) => {
            check_error(error, body);
            return None;
        }
    };
    check_cuts::<T>(body);
    let written = write(&value, buffer)?;
    assert!(T::MAX_LENGTH.is_none_or(|most| written <= most), "{value:?} takes {written} bytes");
    // Into a buffer that is just large enough, and into one that is not.
    let mut exact = vec![FREE; written];
    assert_eq!(write(&value, &mut exact), Some(written));
    if let Some(short) = exact.len().checked_sub(1) {
        assert_eq!(write(&value, &mut vec![FREE; short]), None, "{value:?} in one byte less");
    }
    let encoded = &buffer[..written];
    assert_eq!(exact, encoded);
    let again: T = decode(encoded).unwrap_or_else(|error| panic!("{value:?} is written, and then: {error}"));
    assert_eq!(again, value);
    assert_eq!(write(&again, &mut exact), Some(written));
    assert_eq!(exact, encoded, "{value:?} written once more");
    Some((value, written))
}

/// Writes a value, and returns how many bytes it takes; `None` if it does not fit. Nothing is written behind it.
fn write<T: Encode + Debug>(value: &T, buffer: &mut [u8]) -> Option<usize> {
    let mut writer = Writer::new(buffer);
    let result = writer.value(value);
    let written = writer.written().len();
    assert!(result.is_ok() || written == 0, "what does not fit is not written in part: {value:?}");
    result.ok().map(|()| written)
}

/// A body that breaks off is told to be at its end, wherever that is.
fn check_cuts<'a, T: Decode<'a> + Debug>(body: &'a [u8]) {
    // Every cut of what is short, and a few of what is not.
    for length in (0..body.len()).step_by(1 + body.len() / 64) {
        match decode::<T>(&body[..length]) {
            Ok(value) => panic!("{length} bytes of {} are {value:?}", body.len()),
            Err(error) => {
                assert_eq!(error.kind, DecodeErrorKind::End, "cut at {length}");
                check_error(error, &body[..length]);
            }
        }
    }
}

fn check_error(error: DecodeError, body: &[u8]) {
    let end = Header::LENGTH + body.len();
    assert!((Header::LENGTH..=end).contains(&error.offset), "{error}, in a frame of {end} bytes");
    assert!(error.to_string().starts_with(&format!("at byte {} of the frame", error.offset)));
}

fn check_refusal(body: &[u8]) {
    let refusal = match Refusal::find(body) {
        Ok(Some(refusal)) => refusal,
        Ok(None) => return,
        Err(error) => return check_error(error, body),
    };
    assert_eq!(refusal.code().is_some(), refusal.group_error().is_none());
    assert!(!refusal.to_string().contains(char::is_control), "{refusal}");
    let mut buffer = vec![FREE; 64 + body.len()];
    let length = write(&refusal, &mut buffer).expect("a refusal of no more bytes");
    assert_eq!(Refusal::find(&buffer[..length]), Ok(Some(refusal)));
}

/// What is skipped is one value as RFC 8949 has it, up to its last byte and no further.
fn check_skip(body: &[u8]) {
    let mut reader = Reader::new(body);
    let skipped = match reader.skip() {
        Ok(()) => Ok(reader.position()),
        Err(_) => Err(reader.error().expect("what is wrong")),
    };
    if let Err(error) = skipped {
        check_error(error, body);
    }
    let mut rest = body;
    let expected = well_formed(&mut rest, 0).map(|()| body.len() - rest.len());
    assert_eq!(skipped.map_err(|error| error.kind), expected);
}

/// RFC 8949, appendix C, "well-formedness", down to eight levels.
fn well_formed(rest: &mut &[u8], depth: usize) -> Result<(), DecodeErrorKind> {
    let (major, argument) = head(rest)?;
    match (major, argument) {
        (0 | 1, Some(_)) | (7, Some(_)) => {}
        (2 | 3, Some(length)) => drop(take(rest, length)?),
        (2 | 3, None) => {
            while !is_break(rest)? {
                match head(rest)? {
                    (piece, Some(length)) if piece == major => drop(take(rest, length)?),
                    _ => return Err(DecodeErrorKind::NotCbor),
                }
            }
        }
        (4 | 5, _) if depth == DEPTH => return Err(DecodeErrorKind::TooDeep { most: DEPTH }),
        (4 | 5, Some(count)) => {
            for _ in 0..u128::from(count) * if major == 5 { 2 } else { 1 } {
                well_formed(rest, depth + 1)?;
            }
        }
        (4 | 5, None) => {
            while !is_break(rest)? {
                well_formed(rest, depth + 1)?;
                if major == 5 {
                    well_formed(rest, depth + 1)?;
                }
            }
        }
        (6, Some(_)) => well_formed(rest, depth)?,
        _ => return Err(DecodeErrorKind::NotCbor),
    }
    Ok(())
}

/// Takes a head: the major type, and the argument if it has one.
fn head(rest: &mut &[u8]) -> Result<(u8, Option<u64>), DecodeErrorKind> {
    let first = take(rest, 1)?[0];
    let argument = match first & 0x1f {
        short @ 0..=23 => Some(u64::from(short)),
        long @ 24..=27 => {
            let bytes = take(rest, 1 << (long - 24))?;
            Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        }
        31 => None,
        _ => return Err(DecodeErrorKind::NotCbor),
    };
    Ok((first >> 5, argument))
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], DecodeErrorKind> {
    let length = usize::try_from(length).map_err(|_| DecodeErrorKind::End)?;
    let (taken, behind) = rest.split_at_checked(length).ok_or(DecodeErrorKind::End)?;
    *rest = behind;
    Ok(taken)
}

fn is_break(rest: &mut &[u8]) -> Result<bool, DecodeErrorKind> {
    let is_break = *rest.first().ok_or(DecodeErrorKind::End)? == 0xff;
    if is_break {
        *rest = &rest[1..];
    }
    Ok(is_break)
}

/// How deep values within values are skipped.
const DEPTH: usize = 8;

/// What is not written over.
const FREE: u8 = 0xee;
