//! What a server can have besides images, for clients to be tried on: statistics, settings, files, a shell, tasks, a clock.
//! The meter is not known to have any of it.

use std::collections::BTreeMap;

use emu_smp::file_system::{HashFormat, HashOutput, HashType};
use emu_smp::os::{DateTime, MemoryPool, Task};
use emu_smp::shell::ExecuteResponse;
use emu_smp::{Entries, Files, GroupError, List, Refusal, Settings, Shell, Statistics};
use sha2::{Digest, Sha256};

/// Statistics, settings, files and a shell, in memory. A restart loses what was not saved.
#[derive(Debug)]
pub(super) struct Extras {
    /// Name and value of each statistic of the one group that there is.
    counts: [(&'static str, u64); 2],
    settings: BTreeMap<String, Vec<u8>>,
    saved: BTreeMap<String, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    /// What the shell has printed last.
    output: String,
    /// The hash that was computed last.
    hash: [u8; 32],
    pub(super) datetime: Option<DateTime>,
    pub(super) pools: [(&'static str, MemoryPool); 1],
    pub(super) tasks: [(&'static str, Task); 2],
}

impl Extras {
    pub(super) fn new() -> Self {
        let settings = BTreeMap::from([("meter/name".to_owned(), b"simulated".to_vec())]);
        let task = |id, priority, stack_size| Task {
            priority,
            id,
            state: 2,
            stack_used: Some(stack_size / 3),
            stack_size: Some(stack_size),
            context_switches: None,
            runtime: None,
            last_checkin: None,
            next_checkin: None,
        };
        Self {
            counts: [("datagrams", 0), ("restarts", 0)],
            saved: settings.clone(),
            settings,
            files: BTreeMap::from([("/lfs1/readme.txt".to_owned(), b"a simulated meter\n".to_vec())]),
            output: String::new(),
            hash: [0; 32],
            datetime: None,
            pools: [("net", MemoryPool { block_size: 128, blocks: 32, free: 30, least_free: 17 })],
            tasks: [("main", task(0, 0, 512)), ("smp_udp", task(1, -1, 256))],
        }
    }

    /// Counts a datagram.
    pub(super) fn count_datagram(&mut self) {
        self.counts[0].1 += 1;
    }

    /// Loses what a restart loses.
    pub(super) fn restart(&mut self) {
        self.counts[1].1 += 1;
        self.settings = self.saved.clone();
        self.datetime = None;
    }

    /// Erases what was saved.
    pub(super) fn erase_storage(&mut self) {
        self.saved.clear();
    }

    fn file(&self, name: &str) -> Result<&Vec<u8>, Refusal<'static>> {
        if !name.starts_with(MOUNT_POINT) {
            return Err(GroupError::FILE_MOUNT_POINT_NOT_FOUND.into());
        }
        self.files.get(name).ok_or(GroupError::FILE_NOT_FOUND.into())
    }
}

const MOUNT_POINT: &str = "/lfs1/";
/// As much as a small device might hold.
const MOST_FILES: usize = 16;
const MOST_BYTES: usize = 64 * 1024;
const MOST_SETTINGS: usize = 64;

impl Statistics for Extras {
    fn groups(&mut self) -> List<'_, &str> {
        List::from(&["smp"][..])
    }

    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>> {
        (name == "smp").then(|| Entries::from(&self.counts[..]))
    }
}

impl Settings for Extras {
    fn read(&mut self, name: &str) -> Result<&[u8], Refusal<'static>> {
        self.settings.get(name).map(Vec::as_slice).ok_or(GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into())
    }

    fn write(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal<'static>> {
        let is_known = self.settings.contains_key(name);
        if !name.starts_with("meter/") || (!is_known && self.settings.len() >= MOST_SETTINGS) {
            return Err(GroupError::SETTINGS_ROOT_KEY_NOT_FOUND.into());
        }
        self.settings.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), Refusal<'static>> {
        self.settings.remove(name).map(drop).ok_or(GroupError::SETTINGS_KEY_NOT_FOUND.into())
    }

    fn load(&mut self) -> Result<(), Refusal<'static>> {
        self.settings = self.saved.clone();
        Ok(())
    }

    fn save(&mut self, name: Option<&str>) -> Result<(), Refusal<'static>> {
        let is_meant = |setting: &String| name.is_none_or(|name| setting.starts_with(name));
        self.saved.retain(|setting, _| !is_meant(setting));
        let meant = self.settings.iter().filter(|(setting, _)| is_meant(setting));
        self.saved.extend(meant.map(|(setting, value)| (setting.clone(), value.clone())));
        Ok(())
    }
}

impl Files for Extras {
    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>> {
        Ok(self.file(name)?.len() as u64)
    }

    fn read(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>> {
        let file = self.file(name)?.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
        buffer.iter_mut().zip(file).for_each(|(place, byte)| *place = *byte);
        Ok(())
    }

    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        let is_there = match self.file(name) {
            Ok(_) => true,
            Err(refusal) if refusal.group_error() == Some(GroupError::FILE_NOT_FOUND) => false,
            Err(refusal) => return Err(refusal),
        };
        let end = usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(data.len());
        if end > MOST_BYTES || (!is_there && self.files.len() >= MOST_FILES) {
            return Err(GroupError::FILE_WRITE_FAILED.into());
        }
        let file = self.files.entry(name.to_owned()).or_default();
        file.truncate(end - data.len());
        file.extend(data);
        Ok(())
    }

    fn hash_types(&mut self) -> &[(&str, HashType)] {
        &[
            ("crc32", HashType { format: HashFormat::NUMBER, size: 4 }),
            ("sha256", HashType { format: HashFormat::BYTES, size: 32 }),
        ]
    }

    fn hash(&mut self, name: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        let (start, length) = (offset as usize, length as usize);
        let bytes: Vec<u8> = self.file(name)?.iter().skip(start).take(length).copied().collect();
        if kind == "crc32" {
            return Ok(HashOutput::Number(u64::from(crc32(&bytes))));
        }
        self.hash = Sha256::digest(bytes).into();
        Ok(HashOutput::Bytes(&self.hash))
    }
}

impl Shell for Extras {
    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        let arguments: Vec<&str> = arguments.iter().flat_map(|argument| argument.split(' ')).collect();
        let (output, exit_code) = match arguments[..] {
            ["help"] => ("help, echo TEXT, uptime: all that there is".to_owned(), 0),
            ["echo", ref rest @ ..] => (rest.join(" "), 0),
            ["uptime"] => ("Uptime: 1000 ms".to_owned(), 0),
            _ => (format!("{}: command not found", arguments[0]), -8),
        };
        self.output = format!("\r\n{output}\r\n");
        Ok(ExecuteResponse { output: &self.output, exit_code })
    }
}

/// CRC-32 as Zephyr's `crc32_ieee`.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a real Zephyr server has found it.
    #[test]
    fn the_checksum_of_hello() {
        assert_eq!(crc32(b"hello"), 907_060_870);
    }

    #[test]
    fn settings_are_lost_unless_saved() {
        let mut extras = Extras::new();
        Settings::write(&mut extras, "meter/a", b"1").unwrap();
        Settings::write(&mut extras, "meter/b", b"2").unwrap();
        Settings::save(&mut extras, Some("meter/a")).unwrap();
        extras.restart();
        assert_eq!(Settings::read(&mut extras, "meter/a"), Ok(&b"1"[..]));
        assert!(
            Settings::read(&mut extras, "meter/b").is_err() && Settings::write(&mut extras, "no/such", b"").is_err()
        );
        extras.erase_storage();
        Settings::load(&mut extras).unwrap();
        assert!(Settings::read(&mut extras, "meter/a").is_err());
    }

    #[test]
    fn files_are_written_from_the_start_or_at_the_end() {
        let mut extras = Extras::new();
        Files::write(&mut extras, "/lfs1/a", 0, b"hello").unwrap();
        Files::write(&mut extras, "/lfs1/a", 5, b"!").unwrap();
        assert_eq!(Files::length(&mut extras, "/lfs1/a"), Ok(6));
        assert_eq!(Files::hash(&mut extras, "/lfs1/a", "crc32", 0, 5), Ok(HashOutput::Number(907_060_870)));
        Files::write(&mut extras, "/lfs1/a", 0, b"x").unwrap();
        assert_eq!(Files::length(&mut extras, "/lfs1/a"), Ok(1));
        assert_eq!(Files::length(&mut extras, "/sd/a"), Err(GroupError::FILE_MOUNT_POINT_NOT_FOUND.into()));
        assert!(Files::write(&mut extras, "/lfs1/a", 1 << 40, b"x").is_err());
    }
}
