//! Every request and response, read and written: that none of it panics
#![no_std]
#![no_main]

use core::hint::black_box;

use emu_smp::{
    Decode, Done, Encode, Entries, Group, Header, List, Operation, RawRequest, Refusal, Request, Version, Writer,
    decode, decode_response, encode_request,
};
use emu_smp::{enumeration, file_system, image, os, settings, shell, statistics, transport, zephyr};
use footprint::keep;

footprint::program! {
    state: [u8; 600] = [0; 600],
    turn: turn,
    input: b"\x08\x00\x00\x01\x00\x01\x01\x00\xa0",
    count: 1,
    unit: "turn",
}

fn turn(frame: &mut [u8; 600], input: &[u8]) {
    if let Ok((header, body)) = Header::split(input) {
        keep(&header.check_answers(&header));
        let request = RawRequest { operation: Operation::Read, command: header.id(), body };
        keep(&encode_request(&request, header.version, header.sequence, frame));
    }
    keep(&decode_response::<RawRequest<'_>>(input));
    if let Ok(Some(refusal)) = Refusal::find(input) {
        keep(&refusal.group_error().map(|error| error.to_return_code()));
        keep(&Writer::new(frame).value(&refusal));
    }
    requests(frame, input);
    lists(frame, input);
}

/// Reads and writes each request, and its response.
fn requests(frame: &mut [u8], input: &[u8]) {
    macro_rules! requests {
        ($($module:ident: $($name:ident $(<$lifetime:lifetime>)?),+;)+) => {
            $($(request::<$module::$name $(<$lifetime>)?>(frame, input);)+)+
        };
    }
    requests! {
        os: EchoRequest<'_>, TasksRequest, MemoryPoolsRequest, DateTimeRequest, SetDateTimeRequest, ResetRequest,
            ParametersRequest, InfoRequest<'_>, BootloaderRequest<'_>;
        image: StateRequest, SetStateRequest<'_>, UploadRequest<'_>, EraseRequest, SlotInfoRequest;
        statistics: GroupRequest<'_>, ListRequest;
        settings: ReadRequest<'_>, WriteRequest<'_>, DeleteRequest<'_>, CommitRequest, LoadRequest, SaveRequest<'_>;
        file_system: ReadRequest<'_>, WriteRequest<'_>, StatusRequest<'_>, HashRequest<'_>, HashTypesRequest,
            CloseRequest;
        shell: ExecuteRequest<'_>;
        enumeration: GroupCountRequest, GroupListRequest, GroupByIndexRequest, GroupDetailsRequest<'_>;
        transport: ConnectRequest<'_>, DisconnectRequest, StatusRequest, ListRequest, ModesRequest,
            ConfigurationRequest;
        zephyr: StorageEraseRequest;
    }
    body::<file_system::WriteRefused>(frame, input);
    body::<Done>(frame, input);
}

#[inline(never)]
fn request<'a, R>(frame: &mut [u8], input: &'a [u8])
where
    R: Request + Decode<'a>,
    R::Response<'a>: Encode,
{
    if let Ok(request) = decode::<R>(input) {
        keep(&encode_request(&request, Version::V1, 1, frame));
    }
    if let Ok(Ok(response)) = decode_response::<R>(input) {
        keep(&Writer::new(frame).value(&response));
    }
}

#[inline(never)]
fn body<'a, T: Encode + Decode<'a>>(frame: &mut [u8], input: &'a [u8]) {
    if let Ok(body) = decode::<T>(input) {
        keep(&Writer::new(frame).value(&body));
    }
}

/// Goes through lists, and writes those that a firmware makes.
fn lists(frame: &mut [u8], input: &[u8]) {
    if let Ok(state) = decode::<image::StateResponse<'_>>(input) {
        state.images.iter().for_each(|image| keep(&image.hash.map(|hash| hash.to_hash())));
    }
    if let Ok(details) = decode::<enumeration::GroupDetailsResponse<'_>>(input) {
        details.groups.iter().for_each(|group| keep(&group.name));
    }
    if let Ok(statistics) = decode::<statistics::GroupResponse<'_>>(input) {
        statistics.fields.iter().for_each(|field| keep(&field));
    }
    if let Ok(pools) = decode::<os::MemoryPoolsResponse<'_>>(input) {
        pools.iter().for_each(|pool| keep(&pool));
    }
    if let Ok(request) = decode::<transport::ConnectRequest<'_>>(input) {
        request.parameters().for_each(|parameter| keep(&parameter));
    }
    let groups = [Group::OS, Group::IMAGE];
    let fields = [("in", 7), ("out", 9)];
    let mut writer = Writer::new(frame);
    keep(&writer.value(&List::from(black_box(&groups[..]))));
    keep(&writer.value(&Entries::from(black_box(&fields[..]))));
    keep(&writer.bytes_with(black_box(8), |place| place.fill(1)));
    keep(&writer.raw(input));
    writer.truncate(black_box(3));
    keep(writer.written());
}
