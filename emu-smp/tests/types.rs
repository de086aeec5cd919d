//! What every public type can be relied on for, checked when this is compiled.

use core::fmt::Debug;

use emu_smp::*;

fn check<T: Send + Sync + Debug + Clone + 'static>() {}

/// What borrows its buffer alone has no second.
fn check_exclusive<T: Send + Sync + Debug + 'static>() {}

/// The types of a module.
macro_rules! check_all {
    ($($module:ident: $($name:ident $(<$lifetime:lifetime>)?),+;)+) => {
        $($(check::<$module::$name $(<$lifetime>)?>();)+)+
    };
}

#[test]
fn every_type_can_be_shared_shown_and_cloned() {
    check::<(Command, Group, GroupError, Header, HeaderError, ImageHash, ImageHashError, Mismatch, Operation)>();
    check::<(
        DecodeError,
        DecodeErrorKind,
        EncodeError,
        Malformed,
        MapReader,
        Reader<'static>,
        Refusal<'static>,
        ReturnCode,
    )>();
    check::<(Entries<'static, u64>, EntriesIter<'static, u64>, List<'static, u64>, ListIter<'static, u64>)>();
    check::<(Done, UnknownOperation, Version, RawRequest<'static>, RawResponse<'static>)>();
    check::<(ConsoleDecoder<8>, ConsoleEncoder<'static>, ConsoleError, Losses, RawDecoder<8>, RawLosses)>();
    check::<(FileKind, HashKind, ImageBuildError, ImageBuilder<'static>, ImageEntries, ImageFile, ImageFileError)>();
    check::<(ImageFlags, ImageHeader, ImagePadding, ImageVerifier, ImageVersion, ImageVersionError)>();
    check::<(NoUnknownSignature, SignatureKind, UnknownSignature, Server, Slot, SlotImage)>();
    check::<client::Exchange<image::EraseRequest>>();
    check_exclusive::<Writer<'static>>();
    check_all! {
        os: BootMode, BootloaderMode, BootloaderRequest<'static>, BootloaderResponse<'static>, DateTime, DateTimeRequest,
            DateTimeResponse, EchoRequest<'static>, EchoResponse<'static>, Force, InfoRequest<'static>,
            InfoResponse<'static>, InvalidDateTime, MemoryPool, MemoryPoolsRequest, MemoryPoolsResponse<'static>,
            ParametersRequest, ParametersResponse, ResetRequest, SetDateTimeRequest, Task, TasksRequest,
            TasksResponse<'static>;
        image: EraseRequest, HashBytes<'static>, ImageSlots<'static>, ImageState<'static>, SetStateRequest<'static>,
            SlotInfo, SlotInfoRequest, SlotInfoResponse<'static>, StateRequest, StateResponse<'static>,
            UploadRequest<'static>, UploadResponse;
        statistics: GroupRequest<'static>, GroupResponse<'static>, ListRequest, ListResponse<'static>;
        settings: CommitRequest, DeleteRequest<'static>, LoadRequest, ReadRequest<'static>, ReadResponse<'static>,
            SaveRequest<'static>, WriteRequest<'static>;
        file_system: CloseRequest, HashFormat, HashOutput<'static>, HashRequest<'static>, HashResponse<'static>, HashType,
            HashTypesRequest, HashTypesResponse<'static>, ReadRequest<'static>, ReadResponse<'static>,
            StatusRequest<'static>, StatusResponse, WriteRefused, WriteRequest<'static>, WriteResponse;
        shell: ExecuteRequest<'static>, ExecuteResponse<'static>;
        enumeration: GroupByIndexRequest, GroupByIndexResponse, GroupCountRequest, GroupCountResponse,
            GroupDetails<'static>, GroupDetailsRequest<'static>, GroupDetailsResponse<'static>, GroupListRequest,
            GroupListResponse<'static>;
        transport: ConfigurationRequest, ConfigurationResponse<'static>, ConnectRequest<'static>, DisconnectRequest,
            ListRequest, ListResponse<'static>, Mode<'static>, ModesRequest, ModesResponse<'static>, Parameter<'static>,
            ParameterInfo<'static>, ParameterKind, StatusRequest, StatusResponse, TransportInfo<'static>;
        zephyr: StorageEraseRequest;
        client: Failure, FileDownload<'static>, FileTransferError, FileUpload<'static>, Instant, OtherImage, Parameters, Policy,
            ReadError, Reason, Refused, Session, Target, Update, UpdateError, UpdateEvent, UpdateOptions, UpdateStep,
            Updated, Upload, UploadError, UploadEvent, UploadOptions, UploadProgress, Uploaded;
    }
}

/// What is shown of a response that borrows; what borrows nothing comes back.
#[cfg(feature = "serde")]
#[test]
fn through_serde() {
    use serde_json::{from_value, json, to_value};

    let body = b"\xbf\x65tasks\xbf\x60\xbf\x64prio\x20\x63tid\x02\x65state\x02\xff\xff\xff";
    let tasks = to_value(decode::<os::TasksResponse<'_>>(body).unwrap()).unwrap();
    assert_eq!((&tasks["tasks"][""]["priority"], &tasks["tasks"][""]["runtime"]), (&json!(-1), &json!(null)));

    let hash = image::HashBytes(&[4, 0x84]);
    assert_eq!(to_value(image::SetStateRequest { hash: Some(hash), confirm: None }).unwrap()["hash"], json!("0484"));
    let pools = [("heap", os::MemoryPool { block_size: 16, blocks: 4, free: 3, least_free: 2 })];
    let shown = to_value(os::MemoryPoolsResponse::from(pools.as_slice())).unwrap();
    assert_eq!(from_value::<os::MemoryPool>(shown["heap"].clone()).unwrap(), pools[0].1);

    let request = os::SetDateTimeRequest { datetime: os::DateTime::new(2026, 11, 22, 10, 0, 0).unwrap() };
    let shown = to_value(request).unwrap();
    assert_eq!(shown, json!({"datetime": "2026-11-22T10:00:00"}));
    assert_eq!(from_value::<os::SetDateTimeRequest>(shown).unwrap(), request);
    assert!(from_value::<os::SetDateTimeRequest>(json!({"datetime": "2026-02-30T10:00:00"})).is_err());

    let parameters = [("le", transport::Parameter::Bool(true)), ("key", transport::Parameter::Bytes(&[1]))];
    let shown = to_value(transport::ConnectRequest::new(3, None, &parameters)).unwrap();
    assert_eq!(shown, json!({"transport": 3, "mode": null, "le": true, "key": [1]}));
    let refusal = Refusal::from(GroupError::IMAGE_NO_IMAGE);
    assert_eq!(to_value(refusal).unwrap(), json!({"group": {"group": 1, "code": 3}}));
    assert_eq!(to_value(os::BootloaderMode::RAM_LOAD).unwrap(), json!(6));
}
