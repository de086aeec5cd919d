//! What holds for every body: it comes back as it was written, in whatever form of CBOR; whatever the bytes, they are a body
//! or an error whose place is in the frame.

mod common;

use common::Cbor;
use core::fmt::Debug;
use emu_smp::os::*;
use emu_smp::*;
use emu_smp::{enumeration as groups, file_system as files};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// Checks every body; the second word says whether its map takes keys that it does not know.
macro_rules! bodies {
    ($($test:ident: $type:ty, $unknown_keys:ident, $strategy:expr;)+) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]

            $(#[test]
            fn $test(value in $strategy, seed in any::<u64>()) {
                let value: $type = value;
                let is_open = matches!(stringify!($unknown_keys), "open");
                check(&value, seed, is_open);
            })+

            #[test]
            fn any_bytes(bytes in vec(any::<u8>(), 0..80)) {
                let bytes: &'static [u8] = bytes.leak();
                let mut reader = Reader::new(bytes);
                let skipped = reader.skip().map_err(|_| reader.error().expect("what is wrong"));
                let _ = found_in_frame(bytes, skipped);
                let _ = found_in_frame(bytes, Refusal::find(bytes));
                let _ = found_in_frame(bytes, decode_response::<shell::ExecuteRequest<'_>>(bytes));
                $(reads_what_it_writes::<$type>(bytes);)+
            }
        }
    };
}

bodies! {
    done: Done, open, Just(Done);
    echo_request: EchoRequest<'static>, open, text().prop_map(|text| EchoRequest { text });
    echo_response: EchoResponse<'static>, open, text().prop_map(|text| EchoResponse { text });
    tasks: TasksResponse<'static>, open, entries(task()).prop_map(|tasks| TasksResponse { tasks: tasks.into() });
    task_alone: Task, open, task();
    pools: MemoryPoolsResponse<'static>, closed, entries(pool()).prop_map(MemoryPoolsResponse::from);
    pool_alone: MemoryPool, open, pool();
    date_time: DateTimeResponse, open, datetime().prop_map(|datetime| DateTimeResponse { datetime });
    set_date_time: SetDateTimeRequest, open, datetime().prop_map(|datetime| SetDateTimeRequest { datetime });
    reset: ResetRequest, open,
        (of(any::<bool>()), of(any::<u8>()))
            .prop_map(|(force, mode)| ResetRequest { force: force.map(Force), boot_mode: mode.map(BootMode) });
    parameters: ParametersResponse, open,
        any::<(u32, u32)>().prop_map(|(buffer_size, buffer_count)| ParametersResponse { buffer_size, buffer_count });
    info_request: InfoRequest<'static>, open, of(text()).prop_map(|format| InfoRequest { format });
    info_response: InfoResponse<'static>, open, text().prop_map(|output| InfoResponse { output });
    bootloader_request: BootloaderRequest<'static>, open, of(text()).prop_map(|query| BootloaderRequest { query });
    bootloader_response: BootloaderResponse<'static>, open, (of(text()), of(any::<i32>()), of(any::<bool>()))
        .prop_map(|(bootloader, mode, no_downgrade)| BootloaderResponse { bootloader, mode: mode.map(BootloaderMode), no_downgrade });

    set_state: image::SetStateRequest<'static>, open,
        (of(hash()), of(any::<bool>())).prop_map(|(hash, confirm)| image::SetStateRequest { hash, confirm });
    images: image::StateResponse<'static>, open, (list(image_state()), of(any::<i32>()))
        .prop_map(|(images, split_status)| image::StateResponse { images: images.into(), split_status });
    upload_request: image::UploadRequest<'static>, open,
        (of(any::<u32>()), any::<u32>(), of(bytes()), bytes(), of(any::<u32>()), of(any::<bool>()))
        .prop_map(|(length, offset, sha, data, image, upgrade)| image::UploadRequest { length, offset, sha, data, image, upgrade });
    upload_response: image::UploadResponse, open,
        (any::<u32>(), of(any::<bool>())).prop_map(|(offset, matches)| image::UploadResponse { offset, matches });
    erase: image::EraseRequest, open, of(any::<u32>()).prop_map(|slot| image::EraseRequest { slot });
    slots: image::SlotInfoResponse<'static>, open,
        list(image_slots()).prop_map(|images| image::SlotInfoResponse { images: images.into() });

    statistics_request: statistics::GroupRequest<'static>, open,
        text().prop_map(|name| statistics::GroupRequest { name });
    statistics_group: statistics::GroupResponse<'static>, open, (text(), entries(any::<u64>()))
        .prop_map(|(name, fields)| statistics::GroupResponse { name, fields: fields.into() });
    statistics_list: statistics::ListResponse<'static>, open,
        list(text()).prop_map(|groups| statistics::ListResponse { groups: groups.into() });

    setting_request: settings::ReadRequest<'static>, open,
        (text(), of(any::<u32>())).prop_map(|(name, max_size)| settings::ReadRequest { name, max_size });
    setting: settings::ReadResponse<'static>, open,
        (bytes(), of(any::<u32>())).prop_map(|(value, max_size)| settings::ReadResponse { value, max_size });
    setting_write: settings::WriteRequest<'static>, open,
        (bytes(), text()).prop_map(|(value, name)| settings::WriteRequest { value, name });
    setting_delete: settings::DeleteRequest<'static>, open, text().prop_map(|name| settings::DeleteRequest { name });
    settings_save: settings::SaveRequest<'static>, open, of(text()).prop_map(|name| settings::SaveRequest { name });

    file_request: files::ReadRequest<'static>, open,
        (any::<u64>(), text()).prop_map(|(offset, name)| files::ReadRequest { offset, name });
    file_response: files::ReadResponse<'static>, open, (any::<u64>(), bytes(), of(any::<u64>()))
        .prop_map(|(offset, data, length)| files::ReadResponse { offset, data, length });
    file_write: files::WriteRequest<'static>, open, (of(any::<u64>()), any::<u64>(), bytes(), text())
        .prop_map(|(length, offset, data, name)| files::WriteRequest { length, offset, data, name });
    file_written: files::WriteResponse, open, any::<u64>().prop_map(|offset| files::WriteResponse { offset });
    file_refused: files::WriteRefused, open, of(any::<u64>()).prop_map(|length| files::WriteRefused { length });
    file_status_request: files::StatusRequest<'static>, open, text().prop_map(|name| files::StatusRequest { name });
    file_status: files::StatusResponse, open, any::<u64>().prop_map(|length| files::StatusResponse { length });
    hash_request: files::HashRequest<'static>, open, (of(any::<u64>()), of(any::<u64>()), text(), of(text()))
        .prop_map(|(length, offset, name, kind)| files::HashRequest { length, offset, name, kind });
    hash_response: files::HashResponse<'static>, open, (text(), any::<u64>(), any::<u64>(), hash_output())
        .prop_map(|(kind, offset, length, output)| files::HashResponse { kind, offset, length, output });
    hash_types: files::HashTypesResponse<'static>, open,
        entries(any::<(u8, u32)>()
            .prop_map(|(format, size)| files::HashType { format: files::HashFormat(format), size }))
        .prop_map(|types| files::HashTypesResponse { types: types.into() });

    shell_request: shell::ExecuteRequest<'static>, open,
        list(text()).prop_map(|arguments| shell::ExecuteRequest { arguments: arguments.into() });
    shell_response: shell::ExecuteResponse<'static>, open,
        (text(), any::<i32>()).prop_map(|(output, exit_code)| shell::ExecuteResponse { output, exit_code });

    group_count: groups::GroupCountResponse, open,
        any::<u16>().prop_map(|count| groups::GroupCountResponse { count });
    group_list: groups::GroupListResponse<'static>, open,
        list(any::<u16>().prop_map(Group)).prop_map(|groups| groups::GroupListResponse { groups: groups.into() });
    group_by_index: groups::GroupByIndexRequest, open,
        of(any::<u16>()).prop_map(|index| groups::GroupByIndexRequest { index });
    group_found: groups::GroupByIndexResponse, open,
        (any::<u16>(), of(any::<bool>()))
            .prop_map(|(group, end)| groups::GroupByIndexResponse { group: Group(group), end });
    details_request: groups::GroupDetailsRequest<'static>, open, of(list(any::<u16>().prop_map(Group)))
        .prop_map(|groups| groups::GroupDetailsRequest { groups: groups.map(List::from) });
    details_response: groups::GroupDetailsResponse<'static>, open, list((any::<u16>(), of(text()), of(any::<u8>()))
        .prop_map(|(group, name, handlers)| groups::GroupDetails { group: Group(group), name, handlers }))
        .prop_map(|groups| groups::GroupDetailsResponse { groups: groups.into() });

    connect: transport::ConnectRequest<'static>, closed, (any::<u32>(), of(any::<u32>()), entries(parameter()))
        .prop_map(|(transport, mode, parameters)| transport::ConnectRequest::new(transport, mode, parameters));
    disconnect: transport::DisconnectRequest, open,
        (of(any::<bool>()), of(any::<u32>()))
            .prop_map(|(all, transport)| transport::DisconnectRequest { all, transport });
    bridges: transport::StatusResponse, open, any::<(u32, u32, bool, Option<u32>)>()
        .prop_map(|(supported, active, bridged, transport)| transport::StatusResponse { supported, active, bridged, transport });
    transports: transport::ListResponse<'static>, open,
        list((any::<u32>(), of(text())).prop_map(|(id, name)| transport::TransportInfo { id, name }))
        .prop_map(|transports| transport::ListResponse { transports: transports.into() });
    modes_request: transport::ModesRequest, open,
        any::<u32>().prop_map(|transport| transport::ModesRequest { transport });
    modes: transport::ModesResponse<'static>, open, list((any::<u32>(), text(), any::<bool>(), any::<bool>())
        .prop_map(|(id, description, incoming, outgoing)| transport::Mode { id, description, incoming, outgoing }))
        .prop_map(|modes| transport::ModesResponse { modes: modes.into() });
    configuration_request: transport::ConfigurationRequest, open,
        any::<(u32, u32)>().prop_map(|(mode, transport)| transport::ConfigurationRequest { mode, transport });
    configuration: transport::ConfigurationResponse<'static>, open, list((text(), any::<u8>(), any::<bool>())
        .prop_map(|(name, kind, required)| transport::ParameterInfo { name, kind: transport::ParameterKind(kind), required }))
        .prop_map(|parameters| transport::ConfigurationResponse { parameters: parameters.into() });
}

proptest! {
    /// A refusal is found in what it is written as, in any form.
    #[test]
    fn refusals(general in (any::<i32>(), of(text())), group in any::<(u16, u16)>(), is_indefinite in any::<bool>()) {
        let general = Refusal::Code { code: ReturnCode(general.0), reason: general.1 };
        let group = Refusal::from(GroupError { group: Group(group.0), code: group.1 });
        for refusal in [general, group] {
            let bytes = Cbor::parse(encoded(&refusal)).0.to_bytes(is_indefinite);
            let is_none = refusal.code() == Some(ReturnCode::OK) || refusal.group_error().is_some_and(|error| error.code == 0);
            prop_assert_eq!(Refusal::find(&bytes), Ok(Some(refusal).filter(|_| !is_none)));
        }
    }
}

/// Everything that holds for a value.
fn check<T: Encode + Decode<'static> + PartialEq + Debug>(value: &T, seed: u64, is_open: bool) {
    let bytes = encoded(value);
    assert!(T::MAX_LENGTH.is_none_or(|most| bytes.len() <= most), "{} bytes", bytes.len());
    assert_eq!(decode::<T>(bytes).as_ref(), Ok(value));

    // No buffer is too small to say so.
    let mut buffer = vec![0; bytes.len()];
    for capacity in 0..bytes.len() {
        let mut writer = Writer::new(&mut buffer[..capacity]);
        assert!(writer.value(value).is_err() && writer.written().is_empty());
    }

    let (cbor, _) = Cbor::parse(bytes);
    let mut random = random(seed);
    for is_indefinite in [false, true] {
        let bytes = cbor.to_bytes(is_indefinite).leak();
        assert_eq!(decode::<T>(bytes).as_ref(), Ok(value));
        is_told_where_it_ends::<T>(bytes);
    }

    // In any order, in any mixture of forms.
    let mut shuffled = cbor.clone();
    shuffled.each_map(&mut |pairs| shuffle(pairs, &mut random));
    let mut bytes = Vec::new();
    shuffled.write(&mut || random() & 1 == 0, &mut bytes);
    let found: T = decode(bytes.leak()).unwrap();
    assert_eq!(Cbor::parse(encoded(&found)).0.sorted(), cbor.clone().sorted());

    // With keys that are not known, whatever they hold.
    if is_open {
        let mut extended = cbor;
        let Cbor::Map(pairs) = &mut extended else { panic!("no map") };
        for number in 0..3 {
            let place = random() as usize % (pairs.len() + 1);
            pairs.insert(place, (Cbor::Text(format!("unknown {number}")), anything(&mut random, 5)));
        }
        pairs.insert(0, (Cbor::Number(-1), anything(&mut random, 5)));
        let mut bytes = Vec::new();
        extended.write(&mut || random() & 1 == 0, &mut bytes);
        let bytes = bytes.leak();
        assert_eq!(decode::<T>(bytes).as_ref(), Ok(value));
        is_told_where_it_ends::<T>(bytes);
    }

    // Damaged.
    for _ in 0..16 {
        let mut damaged = bytes_of(value);
        let place = random() as usize % damaged.len();
        damaged[place] ^= 1 << (random() % 8);
        reads_what_it_writes::<T>(damaged.leak());
    }
}

/// Cut anywhere, a body ends within a value, and the error says where that value starts.
fn is_told_where_it_ends<T: Decode<'static> + Debug>(bytes: &'static [u8]) {
    let (_, starts) = Cbor::parse(bytes);
    for cut in 0..bytes.len() {
        let error = decode::<T>(&bytes[..cut]).unwrap_err();
        let start = starts.iter().rev().find(|start| **start <= cut).unwrap();
        assert_eq!((error.kind, error.offset), (DecodeErrorKind::End, Header::LENGTH + start), "cut at {cut}: {error}");
    }
}

/// Whatever the bytes, they are a value that comes back, or an error in the frame.
fn reads_what_it_writes<T: Encode + Decode<'static> + PartialEq + Debug>(bytes: &'static [u8]) {
    let Some(value) = found_in_frame(bytes, decode::<T>(bytes)) else { return };
    let mut buffer = vec![0; 2 * bytes.len() + 512];
    let mut writer = Writer::new(&mut buffer);
    // A hash that is too long for one is read and not written.
    if writer.value(&value).is_ok() {
        assert_eq!(decode::<T>(writer.written().to_vec().leak()).as_ref(), Ok(&value));
    }
}

fn found_in_frame<T>(bytes: &[u8], result: Result<T, DecodeError>) -> Option<T> {
    if let Err(error) = &result {
        assert!(error.offset >= Header::LENGTH && error.offset <= Header::LENGTH + bytes.len(), "{error}");
        assert!(!error.to_string().is_empty());
    }
    result.ok()
}

fn encoded<T: Encode>(value: &T) -> &'static [u8] {
    bytes_of(value).leak()
}

fn bytes_of<T: Encode>(value: &T) -> Vec<u8> {
    let mut buffer = vec![0; 16384];
    let mut writer = Writer::new(&mut buffer);
    writer.value(value).unwrap();
    writer.written().to_vec()
}

/// Any value, with others in it so many levels deep at most.
fn anything(random: &mut impl FnMut() -> u64, depth: u32) -> Cbor {
    let number = random();
    let length = random() % 4;
    match if depth == 0 { number % 4 } else { number % 6 } {
        0 => Cbor::Number(i128::from(random() >> (random() % 64)) - i128::from(random() >> (random() % 64) >> 1)),
        1 => Cbor::Bytes(vec![0xff; length as usize * 10]),
        2 => Cbor::Text("ä".repeat(length as usize * 10)),
        3 => Cbor::Simple(20 + (random() % 4) as u8),
        4 => Cbor::List((0..length).map(|_| anything(random, depth - 1)).collect()),
        _ => Cbor::Map((0..length).map(|_| (anything(random, depth - 1), anything(random, depth - 1))).collect()),
    }
}

/// Numbers without an end, by the xorshift method.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 3
    }
}

fn shuffle<T>(items: &mut [T], random: &mut impl FnMut() -> u64) {
    for last in (1..items.len()).rev() {
        items.swap(last, random() as usize % (last + 1));
    }
}

fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => "[a-z_]{0,8}", 1 => "\\PC{0,40}", 1 => "x{20,30}"].prop_map(|text| &*text.leak())
}

fn bytes() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 250..260)].prop_map(|bytes| &*bytes.leak())
}

fn list<T: Debug + 'static>(item: impl Strategy<Value = T>) -> impl Strategy<Value = &'static [T]> {
    vec(item, 0..5).prop_map(|items| &*items.leak())
}

/// Keys and values. The keys differ from those of the bodies.
fn entries<T: Debug + 'static>(value: impl Strategy<Value = T>) -> impl Strategy<Value = &'static [(&'static str, T)]> {
    let key = "[A-Z0-9]{0,26}".prop_map(|key| &*key.leak());
    vec((key, value), 0..6).prop_map(|entries| &*entries.leak())
}

fn task() -> impl Strategy<Value = Task> {
    let counts = any::<(Option<u32>, Option<u32>, Option<u32>, Option<u64>, Option<u32>, Option<u32>)>();
    (any::<(i32, u32, u32)>(), counts).prop_map(|((priority, id, state), counts)| Task {
        priority,
        id,
        state,
        stack_used: counts.0,
        stack_size: counts.1,
        context_switches: counts.2,
        runtime: counts.3,
        last_checkin: counts.4,
        next_checkin: counts.5,
    })
}

fn pool() -> impl Strategy<Value = MemoryPool> {
    any::<(u32, u32, u32, u32)>().prop_map(|(block_size, blocks, free, least_free)| MemoryPool {
        block_size,
        blocks,
        free,
        least_free,
    })
}

fn datetime() -> impl Strategy<Value = DateTime> {
    let date = (0..10_000_u16, 1..13_u8, 1..29_u8);
    let time = (0..24_u8, 0..60_u8, 0..61_u8);
    (date, time, prop_oneof![Just(0), 0..1_000_000_u32], of(-1439..1440_i16)).prop_map(
        |((year, month, day), (hour, minute, second), microsecond, offset)| {
            let time = DateTime::new(year, month, day, hour, minute, second).unwrap();
            let time = time.with_microsecond(microsecond).unwrap();
            offset.map_or(time, |offset| time.with_offset(offset).unwrap())
        },
    )
}

fn hash() -> impl Strategy<Value = image::HashBytes<'static>> {
    vec(any::<u8>(), 0..65).prop_map(|bytes| image::HashBytes(bytes.leak()))
}

fn image_state() -> impl Strategy<Value = image::ImageState<'static>> {
    (any::<(u32, u32)>(), text(), of(hash()), any::<[bool; 5]>()).prop_map(|((image, slot), version, hash, flags)| {
        let [bootable, pending, confirmed, active, permanent] = flags;
        image::ImageState { image, slot, version, hash, bootable, pending, confirmed, active, permanent }
    })
}

fn image_slots() -> impl Strategy<Value = image::ImageSlots<'static>> {
    let slot = any::<(u32, u32, Option<u32>)>().prop_map(|(slot, size, upload_image_id)| image::SlotInfo {
        slot,
        size,
        upload_image_id,
    });
    (any::<u32>(), list(slot), of(any::<u32>())).prop_map(|(image, slots, max_image_size)| image::ImageSlots {
        image,
        slots: slots.into(),
        max_image_size,
    })
}

fn hash_output() -> impl Strategy<Value = files::HashOutput<'static>> {
    prop_oneof![any::<u64>().prop_map(files::HashOutput::Number), bytes().prop_map(files::HashOutput::Bytes)]
}

fn parameter() -> impl Strategy<Value = transport::Parameter<'static>> {
    use transport::Parameter;

    prop_oneof![
        any::<u64>().prop_map(Parameter::Unsigned),
        (i64::MIN..0).prop_map(Parameter::Signed),
        any::<bool>().prop_map(Parameter::Bool),
        text().prop_map(Parameter::Text),
        bytes().prop_map(Parameter::Bytes),
    ]
}
