//! The exchanges of a real Zephyr 4.4.0 server: each is read into the types, and each good request is written byte for byte.

mod common;

use common::Cbor;
use core::fmt::Debug;
use emu_smp::os::*;
use emu_smp::*;
use emu_smp::{enumeration as groups, file_system as files};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const EXCHANGES: &str = include_str!("data/zephyr_4.4.0_native_sim_udp.jsonl");

/// One exchange.
struct Exchange {
    name: String,
    request: &'static [u8],
    response: &'static [u8],
    body: Value,
}

#[test]
fn every_exchange_of_a_real_server() {
    let exchanges: Vec<_> = EXCHANGES.lines().map(Exchange::parse).collect();
    let names: BTreeSet<_> = exchanges.iter().map(|exchange| exchange.name.as_str()).collect();
    assert_eq!((exchanges.len(), names.len()), (72, 72));
    for exchange in &exchanges {
        check(exchange);
    }
}

/// What each exchange says. A name that is not known is a failure.
fn check(exchange: &Exchange) {
    let code = |code| Refusal::Code { code: ReturnCode(code), reason: None };
    let hi = EchoRequest { text: "hi" };
    let file = "/lfs1/v.txt";
    match exchange.name.as_str() {
        "echo write v0" | "echo write v1" => exchange.is(hi, Ok(EchoResponse { text: "hi" })),
        "echo read" => exchange.is_written(hi, |writer| writer.value(&hi), Ok(EchoResponse { text: "hi" })),
        "version 2 (reserved)" | "version 3 (reserved)" => exchange.is(hi, Err(code(13))),
        "echo missing d" => {
            exchange.is_written(EchoRequest { text: "" }, |writer| writer.map(0), Ok(EchoResponse { text: "" }));
        }
        "echo indefinite map" => exchange.is_written(
            hi,
            |writer| {
                writer.begin_map()?;
                writer.field("d", "hi")?;
                writer.end()
            },
            Ok(EchoResponse { text: "hi" }),
        ),
        "echo extra key" => exchange.is_written(
            hi,
            |writer| {
                writer.map(2)?;
                writer.field("d", "hi")?;
                writer.field("zz", &1_u8)
            },
            Ok(EchoResponse { text: "hi" }),
        ),
        "echo garbage cbor" => exchange.is_bad::<EchoRequest<'_>>(8, "", "expected a map", code(3)),
        "echo empty body" => exchange.is_bad::<EchoRequest<'_>>(8, "", "the body ends within a value", code(3)),
        "echo indefinite text" => {
            exchange.is_bad::<EchoRequest<'_>>(11, "d", "expected a text of known length", code(3));
        }
        "echo wrong type" => exchange.is_bad::<EchoRequest<'_>>(11, "d", "expected a text of known length", code(3)),
        "echo dup key" => exchange.is_bad::<EchoRequest<'_>>(15, "d", "the key is there twice", code(3)),
        "op 4" | "op 1 (a response op)" => {
            exchange.is_written(EchoRequest { text: "" }, |writer| writer.map(0), Err(code(8)));
        }
        "write to read-only cmd" => exchange.is_written(ParametersRequest, |writer| writer.map(0), Err(code(8))),
        "unknown group v0" | "unknown group v1" | "unknown cmd" => exchange.is_unknown(code(8)),

        "taskstat" => {
            let tasks = exchange.body["tasks"].as_object().unwrap().iter().map(|(name, task)| {
                let number = |key: &str| u32::try_from(task[key].as_u64().unwrap()).unwrap();
                let task = Task {
                    priority: i32::try_from(task["prio"].as_i64().unwrap()).unwrap(),
                    id: number("tid"),
                    state: number("state"),
                    stack_used: Some(number("stkuse")),
                    stack_size: Some(number("stksiz")),
                    context_switches: None,
                    runtime: None,
                    last_checkin: None,
                    next_checkin: None,
                };
                (&*name.clone().leak(), task)
            });
            // In the order of the frame.
            let mut tasks: Vec<_> = tasks.collect();
            tasks.sort_by_key(|(_, task)| task.id);
            assert_eq!((tasks.len(), tasks[2].0, tasks[2].1.priority), (9, "conn_mgr_monitor", -1));
            exchange.is(TasksRequest, Ok(TasksResponse { tasks: (&*tasks.leak()).into() }));
        }
        "mpstat" => exchange.is(MemoryPoolsRequest, Err(code(8))),
        "datetime get" => exchange.is(DateTimeRequest, Err(code(8))),
        "datetime set" => {
            let datetime = DateTime::new(2026, 11, 22, 10, 0, 0).unwrap();
            exchange.is(SetDateTimeRequest { datetime }, Err(code(8)));
        }
        "params" => exchange.is(ParametersRequest, Ok(ParametersResponse { buffer_size: 2048, buffer_count: 2 })),
        "os info default" => exchange.is(InfoRequest { format: None }, Ok(InfoResponse { output: "Zephyr" })),
        "os info a" => {
            let output =
                "Zephyr unknown 684c9e8f32e4 4.4.0 Wed Jun  3 22:19:37 2026 posix x86 native_sim/native Zephyr";
            exchange.is(InfoRequest { format: Some(InfoRequest::ALL) }, Ok(InfoResponse { output }));
        }
        "os info bad format v0" => exchange.is(InfoRequest { format: Some("Q") }, Err(code(3))),
        "os info bad format v1" => {
            exchange.is(InfoRequest { format: Some("Q") }, Err(GroupError::OS_INVALID_FORMAT.into()));
        }
        "bootloader" => exchange.is(BootloaderRequest { query: None }, Err(code(8))),
        "bootloader mode" => exchange.is(BootloaderRequest { query: Some(BootloaderRequest::MODE) }, Err(code(8))),
        "bootloader bad query" => exchange.is(BootloaderRequest { query: Some("zzz") }, Err(code(8))),

        "stat list" => {
            let groups = ["flash_sim_stats", "flash_sim_thresholds", "smp_svr_stats"].as_slice().into();
            exchange.is(statistics::ListRequest, Ok(statistics::ListResponse { groups }));
        }
        "stat group" => {
            let name = "smp_svr_stats";
            let fields = [("ticks", 13)].as_slice().into();
            exchange.is(statistics::GroupRequest { name }, Ok(statistics::GroupResponse { name, fields }));
        }
        "stat unknown group name v0" => exchange.is(statistics::GroupRequest { name: "nope" }, Err(code(5))),
        "stat unknown group name v1" => {
            let error = GroupError::STATISTICS_INVALID_NAME.into();
            exchange.is(statistics::GroupRequest { name: "nope" }, Err(error));
        }

        "settings unknown key v0" => {
            exchange.is(settings::ReadRequest { name: "no/such", max_size: None }, Err(code(1)));
        }
        "settings unknown key v1" => {
            let error = GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into();
            exchange.is(settings::ReadRequest { name: "no/such", max_size: None }, Err(error));
        }
        "settings write unknown" => {
            let error = GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into();
            exchange.is(settings::WriteRequest { value: &[1], name: "no/such" }, Err(error));
        }
        "settings delete unknown" => {
            exchange.is(settings::DeleteRequest { name: "no/such" }, Err(GroupError::SETTINGS_KEY_NOT_FOUND.into()));
        }
        "settings commit" => exchange.is(settings::CommitRequest, Ok(Done)),
        "settings load" => exchange.is(settings::LoadRequest, Ok(Done)),
        "settings save" => {
            exchange.is(settings::SaveRequest { name: None }, Err(GroupError::SETTINGS_SAVE_NOT_SUPPORTED.into()));
        }
        "settings key too long" => {
            let name = "a".repeat(200).leak();
            let error = GroupError::SETTINGS_KEY_TOO_LONG.into();
            exchange.is(settings::ReadRequest { name, max_size: None }, Err(error));
        }

        "fs upload" => exchange.is(
            files::WriteRequest { length: Some(5), offset: 0, data: b"hello", name: file },
            Ok(files::WriteResponse { offset: 5 }),
        ),
        "fs upload bad off" => {
            let request = files::WriteRequest { length: None, offset: 3, data: b"zz", name: file };
            exchange.is(request, Err(GroupError::FILE_OFFSET_NOT_VALID.into()));
            let (_, body) = Header::split(exchange.response).unwrap();
            assert_eq!(decode(body), Ok(files::WriteRefused { length: Some(5) }));
        }
        "fs download" => exchange.is(
            files::ReadRequest { offset: 0, name: file },
            Ok(files::ReadResponse { offset: 0, data: b"hello", length: Some(5) }),
        ),
        "fs download past end" => exchange.is(
            files::ReadRequest { offset: 99, name: file },
            Ok(files::ReadResponse { offset: 99, data: b"", length: None }),
        ),
        "fs status" => exchange.is(files::StatusRequest { name: file }, Ok(files::StatusResponse { length: 5 })),
        "fs status missing v0" => exchange.is(files::StatusRequest { name: "/lfs1/none" }, Err(code(5))),
        "fs status missing v1" => {
            exchange.is(files::StatusRequest { name: "/lfs1/none" }, Err(GroupError::FILE_NOT_FOUND.into()));
        }
        "fs hash default" => {
            let output = files::HashOutput::Number(907_060_870);
            let response = files::HashResponse { kind: "crc32", offset: 0, length: 5, output };
            exchange.is(files::HashRequest { length: None, offset: None, name: file, kind: None }, Ok(response));
        }
        "fs hash sha256" => {
            let sha = exchange.body["output"]["$bytes"].as_str().unwrap();
            let output = files::HashOutput::Bytes(unhex(sha));
            let response = files::HashResponse { kind: "sha256", offset: 0, length: 5, output };
            let request = files::HashRequest { length: None, offset: None, name: file, kind: Some("sha256") };
            exchange.is(request, Ok(response));
        }
        "fs hash off" => {
            let output = files::HashOutput::Number(1_007_802_625);
            let response = files::HashResponse { kind: "crc32", offset: 1, length: 3, output };
            let request = files::HashRequest { length: Some(3), offset: Some(1), name: file, kind: Some("crc32") };
            exchange.is(request, Ok(response));
        }
        "fs hash bad type" => {
            let request = files::HashRequest { length: None, offset: None, name: file, kind: Some("md5") };
            exchange.is(request, Err(GroupError::FILE_HASH_NOT_FOUND.into()));
        }
        "fs types" => {
            let types = [
                ("crc32", files::HashType { format: files::HashFormat::NUMBER, size: 4 }),
                ("sha256", files::HashType { format: files::HashFormat::BYTES, size: 32 }),
            ];
            exchange
                .is(files::HashTypesRequest, Ok(files::HashTypesResponse { types: (&*types.to_vec().leak()).into() }));
        }
        "fs close" => exchange.is(files::CloseRequest, Ok(Done)),

        "shell" => exchange.is(
            shell::ExecuteRequest { arguments: ["kernel", "version"].as_slice().into() },
            Ok(shell::ExecuteResponse { output: "\r\nZephyr version 4.4.0\r\n", exit_code: 0 }),
        ),
        "shell unknown" => exchange.is(
            shell::ExecuteRequest { arguments: ["nosuch"].as_slice().into() },
            Ok(shell::ExecuteResponse {
                output: "\r\n\u{1b}[1;31mnosuch: command not found\r\n\u{1b}[m",
                exit_code: -8,
            }),
        ),
        "shell empty v0" => exchange.is(shell::ExecuteRequest { arguments: [].as_slice().into() }, Err(code(3))),
        "shell empty v1" => {
            let error = GroupError::SHELL_EMPTY_COMMAND.into();
            exchange.is(shell::ExecuteRequest { arguments: [].as_slice().into() }, Err(error));
        }

        "enum count" => exchange.is(groups::GroupCountRequest, Ok(groups::GroupCountResponse { count: 7 })),
        "enum list" => {
            let list = [10, 8, 0, 3, 9, 2, 63].map(Group).to_vec().leak();
            exchange.is(groups::GroupListRequest, Ok(groups::GroupListResponse { groups: (&*list).into() }));
        }
        "enum single 0" => {
            let response = groups::GroupByIndexResponse { group: Group::ENUMERATION, end: None };
            exchange.is(groups::GroupByIndexRequest { index: None }, Ok(response));
        }
        "enum single 6" => {
            let response = groups::GroupByIndexResponse { group: Group::ZEPHYR, end: Some(true) };
            exchange.is(groups::GroupByIndexRequest { index: Some(6) }, Ok(response));
        }
        "enum index too large v0" => exchange.is(groups::GroupByIndexRequest { index: Some(99) }, Err(code(1))),
        "enum index too large v1" => {
            let error = GroupError::ENUMERATION_INDEX_TOO_LARGE.into();
            exchange.is(groups::GroupByIndexRequest { index: Some(99) }, Err(error));
        }
        "enum details" => {
            let details = [
                (10, "enum mgmt", 4),
                (8, "fs mgmt", 5),
                (0, "os mgmt", 8),
                (3, "settings mgmt", 4),
                (9, "shell mgmt", 1),
                (2, "stat mgmt", 2),
                (63, "zephyr basic mgmt", 1),
            ];
            exchange.is(groups::GroupDetailsRequest { groups: None }, Ok(self::details(&details)));
        }
        "enum details subset" => {
            let request = groups::GroupDetailsRequest { groups: Some([Group::OS, Group::IMAGE].as_slice().into()) };
            exchange.is(request, Ok(details(&[(0, "os mgmt", 8)])));
        }

        "zephyr storage erase" => exchange.is(zephyr::StorageEraseRequest, Ok(Done)),
        "image state v0" | "image state v1" => exchange.is(image::StateRequest, Err(code(8))),
        "slot info" => exchange.is(image::SlotInfoRequest, Err(code(8))),
        name => panic!("no check of {name:?}"),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the answers are written out, one by one")]
impl Exchange {
    fn parse(line: &str) -> Self {
        let line: Value = serde_json::from_str(line).unwrap();
        let responses = line["rsp"].as_array().unwrap();
        assert_eq!(responses.len(), 1);
        Self {
            name: line["name"].as_str().unwrap().to_owned(),
            request: unhex(line["req"].as_str().unwrap()),
            response: unhex(responses[0].as_str().unwrap()),
            body: line["body"].clone(),
        }
    }

    /// A request as it is always written, and its answer.
    fn is<R, A>(&self, request: R, answer: Result<A, Refusal<'static>>)
    where
        R: Request<Response<'static> = A> + Decode<'static> + PartialEq + Debug,
        A: Encode + PartialEq + Debug,
    {
        let (header, body) = Header::split(self.request).unwrap();
        assert_eq!(header.operation, R::OPERATION, "{}", self.name);
        let mut frame = [0; 512];
        let length = encode_request(&request, header.version, header.sequence, &mut frame).unwrap();
        assert_eq!(&frame[..length], self.request, "{}", self.name);
        assert!(R::MAX_LENGTH.is_none_or(|most| body.len() <= most), "{}", self.name);
        self.reads_as(request, &answer);
    }

    /// A request that is written in another way than usual, or by another operation, and its answer.
    fn is_written<R, A>(
        &self,
        request: R,
        write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
        answer: Result<A, Refusal<'static>>,
    ) where
        R: Request<Response<'static> = A> + Decode<'static> + PartialEq + Debug,
        A: Encode + PartialEq + Debug,
    {
        self.is_frame_of(write);
        self.reads_as(request, &answer);
    }

    /// The request's header in front of what is written is the request.
    fn is_frame_of(&self, write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>) {
        let (header, _) = Header::split(self.request).unwrap();
        let mut frame = [0; 512];
        let length = encode_frame(Header { length: 0, ..header }, &mut frame, write).unwrap();
        assert_eq!(&frame[..length], self.request, "{}", self.name);
    }

    fn reads_as<R, A>(&self, request: R, answer: &Result<A, Refusal<'static>>)
    where
        R: Request<Response<'static> = A> + Decode<'static> + PartialEq + Debug,
        A: Encode + PartialEq + Debug,
    {
        let (header, body) = Header::split(self.request).unwrap();
        assert_eq!(header.id(), R::COMMAND, "{}", self.name);
        assert_eq!(decode(body), Ok(request), "{}", self.name);
        let (answered, body) = Header::split(self.response).unwrap();
        assert_eq!(answered.check_answers(&header), Ok(()), "{}", self.name);
        let found = decode_response::<R>(body).unwrap();
        assert_eq!(&found, answer, "{}", self.name);
        match found {
            Ok(response) => assert_eq!(to_json(&response), self.body, "{}", self.name),
            Err(refusal) => self.is_refusal(refusal),
        }
    }

    /// A request of a command that this crate does not know, either.
    fn is_unknown(&self, refusal: Refusal<'static>) {
        let (header, body) = Header::split(self.request).unwrap();
        assert_eq!((header.id().name(), decode(body)), (None, Ok(Done)), "{}", self.name);
        self.is_frame_of(|writer| writer.map(0));
        self.answers_with(refusal);
    }

    /// A request that is broken on purpose: where it is, in which key, and what is wrong there.
    fn is_bad<R: Request + Decode<'static> + Debug>(
        &self,
        offset: usize,
        key: &str,
        kind: &str,
        refusal: Refusal<'static>,
    ) {
        let (header, body) = Header::split(self.request).unwrap();
        assert_eq!(header.id(), R::COMMAND, "{}", self.name);
        let error = decode::<R>(body).unwrap_err();
        assert_eq!((error.offset, error.key, error.kind.to_string().as_str()), (offset, key, kind), "{}", self.name);
        self.answers_with(refusal);
    }

    fn answers_with(&self, refusal: Refusal<'static>) {
        let (request, _) = Header::split(self.request).unwrap();
        let (answered, body) = Header::split(self.response).unwrap();
        assert_eq!(answered.check_answers(&request), Ok(()), "{}", self.name);
        assert_eq!(Refusal::find(body), Ok(Some(refusal)), "{}", self.name);
        self.is_refusal(refusal);
    }

    /// The refusal holds all that the body does, but what may stand beside one.
    fn is_refusal(&self, refusal: Refusal<'_>) {
        let mut body = self.body.clone();
        if self.name == "fs upload bad off" {
            assert_eq!(body.as_object_mut().unwrap().remove("len"), Some(json!(5)));
        }
        assert_eq!(to_json(&refusal), body, "{}", self.name);
    }
}

fn details(groups: &[(u16, &'static str, u8)]) -> groups::GroupDetailsResponse<'static> {
    let details = groups.iter().map(|(group, name, handlers)| groups::GroupDetails {
        group: Group(*group),
        name: Some(*name),
        handlers: Some(*handlers),
    });
    groups::GroupDetailsResponse { groups: (&*details.collect::<Vec<_>>().leak()).into() }
}

/// What a value is written as, read again by other code.
fn to_json<T: Encode>(value: &T) -> Value {
    let mut buffer = [0; 1024];
    let mut writer = Writer::new(&mut buffer);
    writer.value(value).unwrap();
    let mut json = Cbor::parse(writer.written()).0.to_json();
    // The start of what was hashed is left out where it is 0.
    if json["output"] != Value::Null && json["off"] == 0 {
        json.as_object_mut().unwrap().remove("off");
    }
    json
}

fn unhex(digits: &str) -> &'static [u8] {
    assert!(digits.len().is_multiple_of(2));
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap());
    bytes.collect::<Vec<_>>().leak()
}
