//! A server with every group: that none of it panics
#![no_std]
#![no_main]

use emu_smp::file_system::{HashFormat, HashOutput, HashType};
use emu_smp::os::{
    BootloaderResponse, DateTime, MemoryPool, MemoryPoolsResponse, ParametersResponse, ResetRequest, Task,
    TasksResponse,
};
use emu_smp::shell::ExecuteResponse;
use emu_smp::{
    Entries, Files, Firmware, Group, GroupError, Header, ImageHash, ImageSlots, ImageVersion, List, Os, Refusal,
    Server, Settings, Shell, Slot, SlotImage, Statistics, Writer,
};
use footprint::keep;

footprint::program! {
    state: (Server, Device, [u8; 512]) = (Server::new(), Device { value: 0 }, [0; 512]),
    turn: |(server, device, buffer), datagram| {
        let mut datagram = datagram;
        while let Some(answer) = server.answer(device, &mut datagram, buffer) {
            keep(answer);
        }
        server.drop_upload();
    },
    input: b"\x08\x00\x00\x01\x00\x0a\x01\x03\xa0",
    count: 1,
    unit: "frame",
}

struct Device {
    value: u8,
}

const TASK: Task = Task {
    priority: -1,
    id: 1,
    state: 2,
    stack_used: Some(100),
    stack_size: Some(200),
    context_switches: None,
    runtime: None,
    last_checkin: None,
    next_checkin: None,
};
const POOL: MemoryPool = MemoryPool { block_size: 64, blocks: 4, free: 3, least_free: 2 };
const HASH: HashType = HashType { format: HashFormat::BYTES, size: 32 };

impl Firmware for Device {
    const HAS_ENUMERATION: bool = true;
    const OTHER_GROUPS: &'static [Group] = &[Group(70)];

    fn images(&mut self) -> impl ImageSlots {
        self
    }

    fn os(&mut self) -> impl Os {
        self
    }

    fn statistics(&mut self) -> impl Statistics {
        self
    }

    fn settings(&mut self) -> impl Settings {
        self
    }

    fn files(&mut self) -> impl Files {
        self
    }

    fn shell(&mut self) -> impl Shell {
        self
    }

    fn other(&mut self, request: &Header, body: &[u8], answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
        keep(&(request, body));
        Ok(answer.value(&self.value)?)
    }
}

impl ImageSlots for Device {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        let version = ImageVersion { major: self.value, minor: 0, revision: 6, build: 0 };
        let hash = Some(ImageHash::Sha512([7; 64]));
        let is_active = number == 0;
        let image = SlotImage { version, hash, is_active, is_confirmed: is_active, pending: None };
        (number < 2).then_some(Slot { size: 262_144, image: Some(image) })
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        keep(&number);
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        keep(&(number, offset, data, is_last));
        Ok(())
    }

    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        keep(&(number, is_permanent));
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        keep(&(number, length, sha));
        Some(self.value == 0)
    }

    fn reason(&mut self, error: GroupError) -> Option<&'static str> {
        (error == GroupError::IMAGE_TOO_LARGE).then_some("too large")
    }
}

impl Os for Device {
    fn reset(&mut self, request: ResetRequest) -> Result<(), Refusal<'static>> {
        keep(&request);
        Ok(())
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        Some(ParametersResponse { buffer_size: 512, buffer_count: 1 })
    }

    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        const TASKS: &[(&str, Task)] = &[("main", TASK)];
        Some(TasksResponse { tasks: Entries::from(TASKS) })
    }

    fn memory_pools(&mut self) -> Option<MemoryPoolsResponse<'_>> {
        const POOLS: &[(&str, MemoryPool)] = &[("heap", POOL)];
        Some(POOLS.into())
    }

    fn datetime(&mut self) -> Result<DateTime, Refusal<'static>> {
        DateTime::new(2026, 11, 22, 10, 0, self.value).map_err(|_| GroupError::OS_RTC_NOT_SET.into())
    }

    fn set_datetime(&mut self, datetime: DateTime) -> Result<(), Refusal<'static>> {
        keep(&datetime);
        Ok(())
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        (letter == 's').then_some("module")
    }

    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        Ok(BootloaderResponse {
            bootloader: query.or(Some("MCUboot")).map(|_| "MCUboot"),
            mode: None,
            no_downgrade: None,
        })
    }
}

impl Statistics for Device {
    fn groups(&mut self) -> List<'_, &str> {
        List::from(&["link"][..])
    }

    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>> {
        const FIELDS: &[(&str, u64)] = &[("in", 7), ("out", 9)];
        (name == "link").then_some(Entries::from(FIELDS))
    }
}

impl Settings for Device {
    fn read(&mut self, name: &str) -> Result<&[u8], Refusal<'static>> {
        keep(name);
        Ok(core::slice::from_ref(&self.value))
    }

    fn write(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal<'static>> {
        keep(name);
        self.value = *value.first().ok_or(GroupError::SETTINGS_WRITE_NOT_SUPPORTED)?;
        Ok(())
    }
}

impl Files for Device {
    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>> {
        keep(name);
        Ok(4096)
    }

    fn read(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>> {
        keep(&(name, offset));
        buffer.fill(self.value);
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        keep(&(name, offset, data));
        Ok(())
    }

    fn hash_types(&mut self) -> &[(&str, HashType)] {
        const TYPES: &[(&str, HashType)] = &[("sha256", HASH)];
        TYPES
    }

    fn hash(&mut self, name: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        keep(&(name, kind, offset, length));
        Ok(HashOutput::Number(7))
    }
}

impl Shell for Device {
    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        arguments.iter().for_each(keep);
        Ok(ExecuteResponse { output: "", exit_code: 0 })
    }
}
