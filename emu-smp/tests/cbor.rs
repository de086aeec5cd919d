//! Reading and writing CBOR at its edges: what is nested, announced, doubled, null, missing, or too large for its buffer.

use emu_smp::image::{EraseRequest, SetStateRequest, StateResponse, UploadResponse};
use emu_smp::os::*;
use emu_smp::*;
use emu_smp::{enumeration as groups, file_system as files};

fn fault<'a, T: Decode<'a> + core::fmt::Debug>(body: &'a [u8]) -> (usize, &'static str, DecodeErrorKind) {
    let error = decode::<T>(body).unwrap_err();
    (error.offset, error.key, error.kind)
}

#[test]
fn no_announced_length_is_believed() {
    use DecodeErrorKind::End;
    // Lists, maps, texts and bytes of 2^64 - 1, and nothing behind.
    assert_eq!(fault::<StateResponse<'_>>(b"\xa1\x66images\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), (25, "images", End));
    assert_eq!(fault::<Done>(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), (17, "", End));
    assert_eq!(fault::<EchoRequest<'_>>(b"\xa1\x61d\x7b\xff\xff\xff\xff\xff\xff\xff\xff"), (11, "d", End));
    for head in [b'\x5b', b'\x7b', b'\x9b', b'\xbb'] {
        let body = [&[0xa1, 0x61, b'x', head][..], &[0xff; 8]].concat();
        assert_eq!(decode::<Done>(&body).unwrap_err().kind, End, "{head:02x}");
    }
    // A map that announces 2^63 pairs has not 0 of them.
    let body = b"\xa1\x61x\xbb\x80\x00\x00\x00\x00\x00\x00\x00";
    assert_eq!(decode::<Done>(body).unwrap_err().kind, End);
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize, open: &[u8], close: &[u8]| {
        [b"\xa1\x61x".as_slice(), &open.repeat(depth), b"\x00", &close.repeat(depth)].concat()
    };
    for (open, close) in [(&b"\x81"[..], &b""[..]), (b"\x9f", b"\xff"), (b"\xa1\x00", b""), (b"\xbf\x61a", b"\xff")] {
        assert_eq!(decode(&nested(8, open, close)), Ok(Done));
        let error = decode::<Done>(&nested(9, open, close)).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::TooDeep { most: 8 });
        assert_eq!(error.offset, Header::LENGTH + 3 + 8 * open.len());
        assert!(decode::<Done>(&nested(10_000, open, close)).is_err());
    }
    // Tags and breaks do not nest.
    assert_eq!(decode(&[b"\xa1\x61x".as_slice(), &[0xc1; 1000], b"\x00"].concat()), Ok(Done));
}

#[test]
fn what_is_skipped_is_cbor() {
    for good in [
        &b"\xf9\x00\x00"[..],
        b"\xfa\x00\x00\x00\x00",
        b"\xfb\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\xf8\xff",
        b"\xf6",
        b"\xf7",
        b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7f\x61a\x60\xff",
        b"\x5f\x41a\x40\xff",
        // Whether a text that nobody reads is UTF-8 is of no interest.
        b"\x61\xff",
        b"\xd9\xd9\xf7\x80",
        b"\x82\x9f\xff\xbf\xff",
    ] {
        assert_eq!(decode([b"\xa1\x61x", good].concat().as_slice()), Ok(Done), "{good:02x?}");
    }
    for bad in [
        // A break without a start, a map's key without a value, pieces of another kind or within pieces, unassigned heads.
        &b"\xff"[..],
        b"\x81\xff",
        b"\xbf\x00\xff",
        b"\x7f\x41a\xff",
        b"\x5f\x5f\xff\xff",
        b"\x1c",
        b"\x1f",
        b"\x3f",
        b"\xdf\x00",
        b"\x9f\xc1\xff",
        b"\xbf\x00\xc1\xff",
        b"\x7c",
        b"\xfc",
    ] {
        let body = [b"\xa1\x61x", bad].concat();
        let error = decode::<Done>(&body).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::NotCbor, "{bad:02x?}");
        assert!(error.offset >= 11 && error.offset < 11 + bad.len());
    }
}

#[test]
fn another_value_is_told_from_the_end() {
    use DecodeErrorKind::{End, Expected};
    let text = Expected { expected: "a text of known length" };
    // A negative number of two bytes at the end of the frame is whole.
    assert_eq!(fault::<EchoRequest<'_>>(b"\xa1\x61d\x38\x05"), (11, "d", text));
    assert_eq!(fault::<EchoRequest<'_>>(b"\xa1\x61d\x38"), (11, "d", End));
    let number = Expected { expected: "a number from 0 to 4294967295" };
    for value in
        [&b"\x38\x05"[..], b"\x1b\x00\x00\x00\x01\x00\x00\x00\x00", b"\xf6", b"\xf5", b"\x60", b"\xff", b"\xa0"]
    {
        let body = [b"\xa1\x63off", value].concat();
        let error = decode::<UploadResponse>(&body).unwrap_err();
        assert_eq!((error.offset, error.kind), (13, number), "{value:02x?}");
    }
    assert_eq!(fault::<UploadResponse>(b"\xa1\x63off\x1a\x00\x00\x00"), (13, "off", End));
    assert_eq!(
        decode(b"\xa1\x63off\x1b\x00\x00\x00\x00\x00\x00\x00\x07"),
        Ok(UploadResponse { offset: 7, matches: None })
    );
    assert_eq!(fault::<EchoRequest<'_>>(b"\xa1\x61d\x61\xff"), (11, "d", DecodeErrorKind::NotUtf8));
    let truth = Expected { expected: "true or false" };
    assert_eq!(fault::<image::ImageState<'_>>(b"\xa1\x66active\xf6"), (16, "active", truth));
}

#[test]
fn doubled_null_missing_and_trailing() {
    let twice = DecodeErrorKind::Twice;
    assert_eq!(fault::<EraseRequest>(b"\xa2\x64slot\x01\x64slot\x01"), (20, "slot", twice));
    assert_eq!(fault::<EraseRequest>(b"\xa2\x64slot\xf6\x64slot\x01"), (20, "slot", twice));
    // The manual's tool confirms the running image so.
    let request = decode(b"\xa2\x67confirm\xf5\x64hash\xf6");
    assert_eq!(request, Ok(SetStateRequest { hash: None, confirm: Some(true) }));
    assert_eq!(fault::<UploadResponse>(b"\xa0"), (9, "off", DecodeErrorKind::Missing));
    assert_eq!(fault::<StateResponse<'_>>(b"\xa1\x66images\x81\xa0"), (18, "slot", DecodeErrorKind::Missing));
    assert_eq!(fault::<Done>(b"\xa0\x00"), (9, "", DecodeErrorKind::Trailing));
    assert_eq!(Refusal::find(b"\xa1\x62rc\x01\x00").unwrap_err().kind, DecodeErrorKind::Trailing);
    // What is known deep within is told by its own key.
    let number = DecodeErrorKind::Expected { expected: "a number from 0 to 4294967295" };
    assert_eq!(fault::<StateResponse<'_>>(b"\xa1\x66images\x81\xa1\x64slot\x20"), (23, "slot", number));
}

#[test]
fn keys_that_are_no_text_are_skipped() {
    // A number, a map, and a text in pieces; then the key that is known, whose name those pieces would have made.
    let body = b"\xa4\x05\x61d\xa1\x61d\x05\x05\x7f\x61d\xff\x05\x61d\x62hi";
    assert_eq!(decode(body), Ok(EchoRequest { text: "hi" }));
    assert_eq!(fault::<EchoRequest<'_>>(b"\xbf\x05\xff"), (10, "", DecodeErrorKind::NotCbor));
    let fields = b"\xa2\x64name\x60\x66fields\xa2\x01\x02\x61a\x03";
    let fields = decode::<statistics::GroupResponse<'_>>(fields).unwrap().fields;
    assert_eq!(fields.iter().collect::<Vec<_>>(), [("a", 3)]);
}

#[test]
fn a_refusal_is_never_success() {
    let err = b"\xa1\x63err\xa2\x65group\x01\x62rc\x09";
    let refusal = decode_response::<EraseRequest>(err).unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::from(GroupError::IMAGE_NO_FREE_SLOT));
    // Older servers say that nothing is wrong; some builds in both ways.
    for ok in [&b"\xa1\x62rc\x00"[..], b"\xa1\x63err\xa2\x65group\x01\x62rc\x00", b"\xbf\xff"] {
        assert_eq!(decode_response::<EraseRequest>(ok), Ok(Ok(Done)));
    }
    assert!(decode_response::<EraseRequest>(b"\xa1\x63err\xa0").is_err());
    let with_reason = b"\xa2\x62rc\x01\x63rsn\x6emagic mismatch";
    let refusal = decode_response::<EraseRequest>(with_reason).unwrap().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the device could not do it, and does not say why (rc 1, EUNKNOWN): magic mismatch"
    );
    // Letters are shown, and what a terminal would obey is not.
    let words = Refusal::Code { code: ReturnCode(1), reason: Some("gelöscht: ✓ \u{1b}[2J\u{202e}\"\n") };
    assert!(words.to_string().ends_with(r#"): gelöscht: ✓ \u{1b}[2J\u{202e}\"\n"#), "{words}");
}

#[test]
fn items_of_no_bytes_end_a_list() {
    #[derive(Debug, Clone, Copy)]
    struct Nothing;

    impl Decode<'_> for Nothing {
        fn decode(_: &mut Reader<'_>) -> Result<Self, Malformed> {
            Ok(Self)
        }
    }

    // 2^64 - 1 of them, and as many as come before a break that never does.
    for list in [&b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"\x9f"] {
        let mut reader = Reader::new(list);
        assert!(reader.value::<List<'_, Nothing>>().is_err());
        assert_eq!(reader.error().map(|error| error.kind), Some(DecodeErrorKind::End));
    }
}

#[test]
fn lists_longer_than_a_short_head_counts() {
    for length in [0, 1, 23, 24, 255, 256] {
        let numbers: Vec<_> = (0..length).map(Group).collect();
        let response = groups::GroupListResponse { groups: numbers.as_slice().into() };
        let mut buffer = [0; 1024];
        let mut writer = Writer::new(&mut buffer);
        writer.value(&response).unwrap();
        let found = decode::<groups::GroupListResponse<'_>>(writer.written()).unwrap().groups;
        assert_eq!(found.iter().collect::<Vec<_>>(), numbers);
        assert_eq!(format!("{found:?}"), format!("{numbers:?}"));
    }
}

#[test]
fn what_does_not_fit_is_not_there() {
    let mut buffer = [0; 16];
    let mut writer = Writer::new(&mut buffer);
    writer.begin_map().unwrap();
    writer.field("a", &1_u8).unwrap();
    let written = writer.written().to_vec();
    // The key would fit, the value does not.
    assert_eq!(writer.field("key", "more than there is room"), Err(EncodeError { capacity: 16 }));
    assert!(writer.bytes_with(13, |_| ()).is_err());
    assert_eq!(writer.written(), written);
    assert_eq!(writer.bytes_with(3, |place| place.fill(7)), Ok(()));
    writer.end().unwrap();
    assert_eq!(writer.written(), b"\xbf\x61a\x01\x43\x07\x07\x07\xff");
    writer.truncate(4);
    writer.truncate(100);
    assert_eq!((writer.written(), writer.capacity()), (&written[..], 16));
    assert_eq!(Writer::new(&mut []).map(0), Err(EncodeError { capacity: 0 }));

    // A body that is longer than a header can say.
    let mut frame = vec![0; 70_000];
    let data = vec![0; 65_530];
    let request = settings::WriteRequest { value: &data, name: "" };
    let error = encode_request(&request, Version::V1, 0, &mut frame).unwrap_err();
    assert_eq!(error.to_string(), "the frame does not fit into 65543 bytes");
}

/// The largest value of each body whose length has a bound takes just that.
#[test]
fn the_largest_are_as_large_as_they_say() {
    fn check<T: Encode>(value: &T) {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        writer.value(value).unwrap();
        assert_eq!(Some(writer.written().len()), T::MAX_LENGTH, "{}", core::any::type_name::<T>());
    }

    let (most, some) = (u32::MAX, Some(u32::MAX));
    check(&Done);
    check(&UploadResponse { offset: most, matches: Some(true) });
    let hash = ImageHash::Sha512([0; 64]);
    check(&SetStateRequest { hash: Some((&hash).into()), confirm: Some(false) });
    check(&EraseRequest { slot: some });
    check(&image::SlotInfo { slot: most, size: most, upload_image_id: some });
    let time = DateTime::new(9999, 12, 31, 23, 59, 60).unwrap().with_microsecond(999_999).unwrap();
    let time = time.with_offset(-1439).unwrap();
    check(&DateTimeResponse { datetime: time });
    check(&SetDateTimeRequest { datetime: time });
    check(&ResetRequest { force: Some(Force(true)), boot_mode: Some(BootMode(255)) });
    check(&ParametersResponse { buffer_size: most, buffer_count: most });
    check(&MemoryPool { block_size: most, blocks: most, free: most, least_free: most });
    check(&Task {
        priority: i32::MIN,
        id: most,
        state: most,
        stack_used: some,
        stack_size: some,
        context_switches: some,
        runtime: Some(u64::MAX),
        last_checkin: some,
        next_checkin: some,
    });
    check(&files::WriteResponse { offset: u64::MAX });
    check(&files::WriteRefused { length: Some(u64::MAX) });
    check(&files::StatusResponse { length: u64::MAX });
    check(&files::HashType { format: files::HashFormat(255), size: most });
    check(&groups::GroupCountResponse { count: u16::MAX });
    check(&groups::GroupByIndexRequest { index: Some(u16::MAX) });
    check(&groups::GroupByIndexResponse { group: Group(u16::MAX), end: Some(true) });
    check(&transport::DisconnectRequest { all: Some(true), transport: some });
    check(&transport::StatusResponse { supported: most, active: most, bridged: true, transport: some });
    check(&transport::ModesRequest { transport: most });
    check(&transport::ConfigurationRequest { mode: most, transport: most });
    assert_eq!((image::UploadRequest::MAX_LENGTH, EchoRequest::MAX_LENGTH), (None, None));
}
