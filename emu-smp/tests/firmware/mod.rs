//! Two firmwares for the tests of the server.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, each of which uses its part")]

use emu_smp::file_system::{HashFormat, HashOutput, HashType};
use emu_smp::os::{BootloaderResponse, ParametersResponse, ResetRequest, Task, TasksResponse};
use emu_smp::shell::ExecuteResponse;
use emu_smp::{
    Entries, Files, Firmware, GroupError, Header, ImageHash, ImageHeader, ImageSlots, List, Os, Refusal, ReturnCode,
    Settings, Shell, Slot, SlotImage, Statistics,
};

/// A firmware with two slots in arrays, and an operating system that only resets. It starts what it is told to.
#[derive(Debug, Clone)]
pub struct Device {
    pub slots: [[u8; Self::SIZE]; 2],
    pub active: u32,
    pub is_confirmed: bool,
    pub pending: Option<bool>,
    pub erased: u32,
    pub resets: u32,
    pub checks: bool,
}

impl Device {
    pub const SIZE: usize = 2_048;

    /// Runs 1.0.6, with an empty second slot.
    pub fn new() -> Self {
        let slots = [image(1, 0, 6, 1_000), [0xff; Self::SIZE]];
        Self { slots, active: 0, is_confirmed: true, pending: None, erased: 0, resets: 0, checks: false }
    }

    /// Restarts as a boot loader would.
    pub fn boot(&mut self) {
        let was_pending = self.pending.take();
        if was_pending.is_some() || !self.is_confirmed {
            self.slots.swap(0, 1);
            self.is_confirmed = was_pending.unwrap_or(true);
        }
    }

    /// The hash of the image in a slot: here its length and its version, so that a test can name it.
    pub fn hash(&self, number: usize) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(&self.slots[number][..32]);
        hash
    }
}

/// An image of so many bytes: a header and noise.
pub fn image(major: u8, minor: u8, revision: u16, length: usize) -> [u8; Device::SIZE] {
    let version = emu_smp::ImageVersion { major, minor, revision, build: 0 };
    let flags = emu_smp::ImageFlags::empty();
    let image_size = length as u32 - 32;
    let header = ImageHeader { load_address: 0, header_size: 32, protected_size: 0, image_size, flags, version };
    let mut flash = [0xff; Device::SIZE];
    flash[..length].iter_mut().enumerate().for_each(|(place, byte)| *byte = (place * 7 + revision as usize) as u8);
    flash[..32].copy_from_slice(&header.to_bytes());
    flash
}

impl Firmware for Device {
    fn images(&mut self) -> impl ImageSlots {
        self
    }

    fn os(&mut self) -> impl Os {
        self
    }
}

impl Os for Device {
    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        self.resets += 1;
        Ok(())
    }
}

impl ImageSlots for Device {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        let flash = self.slots.get(number as usize)?;
        let image = ImageHeader::from_bytes(flash.first_chunk().unwrap()).map(|header| SlotImage {
            version: header.version,
            hash: Some(ImageHash::Sha256(self.hash(number as usize))),
            is_active: number == self.active,
            is_confirmed: (number == self.active) == self.is_confirmed,
            pending: self.pending.filter(|_| number != self.active),
        });
        Some(Slot { size: Self::SIZE as u32, image })
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        self.erased += 1;
        self.slots[number as usize] = [0xff; Self::SIZE];
        self.pending = None;
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], _: bool) -> Result<(), Refusal<'static>> {
        self.slots[number as usize][offset as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        assert_ne!(number, self.active);
        self.pending = Some(is_permanent);
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        self.is_confirmed = true;
        Ok(())
    }

    /// The "SHA-256" of a file is its first 32 bytes here, and a file of another length is another.
    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        let flash = &self.slots[number as usize];
        let is_whole = length.checked_sub(1).and_then(|last| flash.get(last as usize)) != Some(&0xff);
        self.checks.then(|| flash[..32] == sha[..] && is_whole)
    }

    fn reason(&mut self, error: GroupError) -> Option<&'static str> {
        (error == GroupError::IMAGE_INVALID_HEADER_MAGIC).then_some("magic mismatch")
    }
}

/// A firmware that has what the Zephyr server of the exchanges had.
#[derive(Debug, Default)]
pub struct Twin {
    /// The file `/lfs1/v.txt`.
    file: Option<Vec<u8>>,
}

impl Firmware for Twin {
    const HAS_ENUMERATION: bool = true;
    const OTHER_GROUPS: &'static [emu_smp::Group] = &[emu_smp::Group::ZEPHYR];

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

    fn other(&mut self, request: &Header, _: &[u8], answer: &mut emu_smp::Writer<'_>) -> Result<(), Refusal<'static>> {
        if request.id() != emu_smp::Command::STORAGE_ERASE {
            return Err(ReturnCode::NOT_SUPPORTED.into());
        }
        Ok(answer.value(&emu_smp::Done)?)
    }
}

impl Os for Twin {
    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        const fn task(id: u32, priority: i32, state: u32, size: u32) -> Task {
            let (stack_used, stack_size) = (Some(6), Some(size));
            let (context_switches, runtime, last_checkin, next_checkin) = (None, None, None, None);
            Task { priority, id, state, stack_used, stack_size, context_switches, runtime, last_checkin, next_checkin }
        }
        const TASKS: &[(&str, Task)] = &[
            ("mcumgr smp", task(0, 3, 128, 512)),
            ("smp_udp4", task(1, 0, 2, 256)),
            ("conn_mgr_monitor", task(2, -1, 2, 128)),
            ("rx_q[0]", task(3, -1, 2, 375)),
            ("net_mgmt", task(4, -1, 2, 192)),
            ("sysworkq", task(5, -1, 2, 576)),
            ("shell_dummy", task(6, 14, 2, 512)),
            ("idle", task(7, 15, 0, 64)),
            ("main", task(8, 0, 4, 544)),
        ];
        Some(TasksResponse { tasks: Entries::from(TASKS) })
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        Some(ParametersResponse { buffer_size: 2_048, buffer_count: 2 })
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        Some(match letter {
            's' | 'o' => "Zephyr",
            'n' => "unknown",
            'r' => "684c9e8f32e4",
            'v' => "4.4.0",
            'b' => "Wed Jun  3 22:19:37 2026",
            'm' => "posix",
            'p' => "x86",
            'i' => "native_sim/native",
            _ => return None,
        })
    }

    fn bootloader(&mut self, _: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl Statistics for Twin {
    fn groups(&mut self) -> List<'_, &str> {
        List::from(&["flash_sim_stats", "flash_sim_thresholds", "smp_svr_stats"][..])
    }

    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>> {
        (name == "smp_svr_stats").then(|| Entries::from(&[("ticks", 13)][..]))
    }
}

impl Settings for Twin {
    fn read(&mut self, _: &str) -> Result<&[u8], Refusal<'static>> {
        Err(GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into())
    }

    fn write(&mut self, _: &str, _: &[u8]) -> Result<(), Refusal<'static>> {
        Err(GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into())
    }

    fn delete(&mut self, _: &str) -> Result<(), Refusal<'static>> {
        Err(GroupError::SETTINGS_KEY_NOT_FOUND.into())
    }
}

impl Files for Twin {
    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>> {
        let file = self.file.as_ref().filter(|_| name == "/lfs1/v.txt");
        Ok(file.ok_or(GroupError::FILE_NOT_FOUND)?.len() as u64)
    }

    fn read(&mut self, _: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>> {
        let file = self.file.as_deref().unwrap_or_default();
        if !buffer.is_empty() {
            buffer.copy_from_slice(&file[offset as usize..][..buffer.len()]);
        }
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        if name != "/lfs1/v.txt" {
            return Err(GroupError::FILE_OPEN_FAILED.into());
        }
        let file = self.file.get_or_insert_default();
        file.truncate(offset as usize);
        file.extend(data);
        Ok(())
    }

    fn hash_types(&mut self) -> &[(&str, HashType)] {
        &[
            ("crc32", HashType { format: HashFormat::NUMBER, size: 4 }),
            ("sha256", HashType { format: HashFormat::BYTES, size: 32 }),
        ]
    }

    /// As the real server has found them for "hello".
    fn hash(&mut self, _: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        const SHA: &[u8] = b"\x2c\xf2\x4d\xba\x5f\xb0\xa3\x0e\x26\xe8\x3b\x2a\xc5\xb9\xe2\x9e\x1b\x16\x1e\x5c\x1f\xa7\x42\x5e\x73\x04\x33\x62\x93\x8b\x98\x24";
        Ok(match (kind, offset, length) {
            ("sha256", ..) => HashOutput::Bytes(SHA),
            (_, 0, 5) => HashOutput::Number(907_060_870),
            _ => HashOutput::Number(1_007_802_625),
        })
    }
}

impl Shell for Twin {
    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        Ok(if arguments.iter().eq(["kernel", "version"]) {
            ExecuteResponse { output: "\r\nZephyr version 4.4.0\r\n", exit_code: 0 }
        } else {
            ExecuteResponse { output: "\r\n\x1b[1;31mnosuch: command not found\r\n\x1b[m", exit_code: -8 }
        })
    }
}
