//! A firmware behind the server under test, which holds the server to its promises.

use emu_smp::file_system::{HashFormat, HashOutput, HashType};
use emu_smp::os::{BootloaderResponse, DateTime, MemoryPool, MemoryPoolsResponse, ParametersResponse, ResetRequest};
use emu_smp::os::{Task, TasksResponse};
use emu_smp::shell::ExecuteResponse;
use emu_smp::{
    Done, Entries, Files, Firmware, Group, GroupError, Header, ImageHash, ImageHeader, ImageSlots, ImageVersion, List,
    Os, Refusal, ReturnCode, Settings, Shell, Slot, SlotImage, Statistics, Writer,
};

/// A device with two slots that has every group of commands.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) slots: [Vec<u8>; 2],
    active: usize,
    is_confirmed: bool,
    pending: Option<bool>,
    /// What is being uploaded: where, how much there will be, and how much there is.
    upload: Option<(u32, u32, u32)>,
    /// Whether it looks whether a slot holds a file.
    checks: bool,
    file: Vec<u8>,
    setting: Vec<u8>,
}

impl Device {
    /// How many bytes a slot has.
    pub(crate) const SIZE: usize = 2048;

    pub(crate) fn new(checks: bool) -> Self {
        let version = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };
        Self {
            slots: [image(version, 100), Vec::new()],
            active: 0,
            is_confirmed: true,
            pending: None,
            upload: None,
            checks,
            file: b"hello".to_vec(),
            setting: b"value".to_vec(),
        }
    }

    /// Restarts as a boot loader would.
    pub(crate) fn restart(&mut self) {
        self.upload = None;
        let pending = self.pending.take();
        if pending.is_some() || !self.is_confirmed {
            self.slots.swap(0, 1);
            self.is_confirmed = pending.unwrap_or(true);
        }
    }

    /// Returns the version that runs.
    pub(crate) fn version(&self) -> ImageVersion {
        self.version_in(self.active).expect("an image runs")
    }

    fn version_in(&self, slot: usize) -> Option<ImageVersion> {
        Some(ImageHeader::from_bytes(self.slots[slot].first_chunk()?)?.version)
    }
}

/// A file of so many bytes that starts as an image does.
pub(crate) fn image(version: ImageVersion, length: usize) -> Vec<u8> {
    let (flags, image_size) = (emu_smp::ImageFlags::empty(), 0);
    let header = ImageHeader { load_address: 0, header_size: 32, protected_size: 0, image_size, flags, version };
    let mut file = header.to_bytes().to_vec();
    file.resize(length, 0x5a);
    file
}

/// What stands for a file's SHA-256 here: its first bytes, and how many there are.
pub(crate) fn sha(file: &[u8]) -> [u8; 32] {
    let mut sha: [u8; 32] = file.first_chunk().copied().unwrap_or_default();
    sha[28..].copy_from_slice(&(file.len() as u32).to_be_bytes());
    sha
}

impl Firmware for Device {
    const HAS_ENUMERATION: bool = true;
    const OTHER_GROUPS: &'static [Group] = &[Group::ZEPHYR, Group(70)];

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
        assert_eq!(body.len(), usize::from(request.length));
        match request.group {
            Group::ZEPHYR => Ok(answer.value(&Done)?),
            Group(64..) => Ok(answer.raw(body)?),
            _ => Err(ReturnCode::NOT_SUPPORTED.into()),
        }
    }
}

impl ImageSlots for Device {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        let number = usize::try_from(number).ok()?;
        self.slots.get(number)?;
        let image = self.version_in(number).map(|version| SlotImage {
            version,
            hash: Some(ImageHash::Sha256(sha(&self.slots[number]))),
            is_active: number == self.active,
            is_confirmed: (number == self.active) == self.is_confirmed,
            pending: self.pending.filter(|_| number != self.active),
        });
        Some(Slot { size: Self::SIZE as u32, image })
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        assert_ne!(number as usize, self.active, "the image that runs is not erased");
        assert!(self.is_confirmed || self.slots[number as usize].is_empty(), "nor the one that is gone back to");
        self.slots[number as usize].clear();
        self.pending = None;
        self.upload = None;
        Ok(())
    }

    fn begin(&mut self, number: u32, length: u32) -> Result<(), Refusal<'static>> {
        assert!(length as usize <= Self::SIZE);
        self.erase(number)?;
        self.upload = Some((number, length, 0));
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        let (slot, length, written) = self.upload.expect("a slot is made ready before it is written to");
        assert_eq!((number, offset), (slot, written), "pieces come in order");
        let written = written + data.len() as u32;
        assert!(written <= length, "no more than was announced");
        assert_eq!(is_last, written == length);
        self.slots[number as usize].extend_from_slice(data);
        self.upload = (!is_last).then_some((slot, length, written));
        Ok(())
    }

    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        assert_ne!(number as usize, self.active);
        assert!(self.version_in(number as usize).is_some(), "there is an image to start");
        self.pending = Some(is_permanent);
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        self.is_confirmed = true;
        Ok(())
    }

    fn holds(&mut self, number: u32, length: u32, expected: &[u8; 32]) -> Option<bool> {
        let file = &self.slots[number as usize];
        self.checks.then(|| file.len() == length as usize && sha(file) == *expected)
    }
}

impl Os for Device {
    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        Some(ParametersResponse { buffer_size: 2048, buffer_count: 2 })
    }

    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        const MAIN: Task = Task {
            priority: -1,
            id: 1,
            state: 2,
            stack_used: Some(6),
            stack_size: Some(512),
            context_switches: None,
            runtime: Some(1 << 40),
            last_checkin: None,
            next_checkin: None,
        };
        Some(TasksResponse { tasks: Entries::from(&[("main", MAIN), ("", MAIN)][..]) })
    }

    fn memory_pools(&mut self) -> Option<MemoryPoolsResponse<'_>> {
        const HEAP: MemoryPool = MemoryPool { block_size: 64, blocks: 4, free: 3, least_free: 2 };
        Some(MemoryPoolsResponse::from(&[("heap", HEAP)][..]))
    }

    fn datetime(&mut self) -> Result<DateTime, Refusal<'static>> {
        DateTime::new(2026, 11, 22, 10, 0, 0).map_err(|_| GroupError::OS_RTC_NOT_SET.into())
    }

    fn set_datetime(&mut self, _: DateTime) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        "snrvbmpio".contains(letter).then_some("a name")
    }

    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        if query.is_some() {
            return Err(GroupError::OS_QUERY_YIELDS_NO_ANSWER.into());
        }
        Ok(BootloaderResponse { bootloader: Some("MCUboot"), mode: None, no_downgrade: None })
    }
}

impl Statistics for Device {
    fn groups(&mut self) -> List<'_, &str> {
        List::from(&["link", "meter"][..])
    }

    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>> {
        (name == "link").then(|| Entries::from(&[("in", 7), ("out", u64::MAX)][..]))
    }
}

impl Settings for Device {
    fn read(&mut self, name: &str) -> Result<&[u8], Refusal<'static>> {
        if name == "a/b" { Ok(&self.setting) } else { Err(GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into()) }
    }

    fn write(&mut self, _: &str, value: &[u8]) -> Result<(), Refusal<'static>> {
        self.setting = value.to_vec();
        Ok(())
    }
}

impl Files for Device {
    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>> {
        if name == "/f" { Ok(self.file.len() as u64) } else { Err(GroupError::FILE_NOT_FOUND.into()) }
    }

    fn read(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>> {
        assert_eq!(name, "/f", "only what is there is read");
        if !buffer.is_empty() {
            buffer.copy_from_slice(&self.file[offset as usize..][..buffer.len()]);
        }
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        if name != "/f" {
            return Err(GroupError::FILE_OPEN_FAILED.into());
        }
        assert!(offset == 0 || offset == self.file.len() as u64, "pieces belong at the end");
        self.file.truncate(offset as usize);
        self.file.extend_from_slice(data);
        Ok(())
    }

    fn hash_types(&mut self) -> &[(&str, HashType)] {
        &[
            ("crc32", HashType { format: HashFormat::NUMBER, size: 4 }),
            ("sha256", HashType { format: HashFormat::BYTES, size: 32 }),
        ]
    }

    fn hash(&mut self, name: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        assert_eq!(name, "/f", "only what is there is read");
        assert!(offset.checked_add(length).is_some_and(|end| end <= self.file.len() as u64));
        Ok(if kind == "crc32" { HashOutput::Number(length) } else { HashOutput::Bytes(&[0x5a; 32]) })
    }
}

impl Shell for Device {
    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        Ok(ExecuteResponse { output: "\r\ndone\r\n", exit_code: -(arguments.iter().count() as i32) })
    }
}
