//! The communication module: what the update server's requests do, and how long that takes.

use std::time::Duration;

use emu_smp::os::{
    BootloaderMode, BootloaderRequest, BootloaderResponse, DateTime, MemoryPoolsResponse, ParametersResponse,
    ResetRequest, TasksResponse,
};
use emu_smp::{
    Command, Done, Entries, Files, Firmware, Group, GroupError, Header, ImageSlots, ImageVersion, Os, Refusal,
    ReturnCode, Server, Settings, Shell, Slot, Statistics, Writer,
};
use sha2::{Digest, Sha256};

use super::extras::Extras;
use super::options::OnlineUpdates;
use super::quirks::{refusal, upload_reason};
use super::slots::{Boot, Slots};

/// The module with its server. Time is only counted here: the caller lets it pass.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) options: OnlineUpdates,
    slots: Slots,
    extras: Extras,
    server: Server,
    /// The time that the requests since the last look have taken.
    taken: Duration,
    /// Whether a slot was erased since the last look.
    erased: bool,
    /// Whether a reset was asked for.
    resets: bool,
    boots: Vec<Boot>,
}

impl Module {
    pub(crate) fn new(options: OnlineUpdates) -> Self {
        let running = options.running_image();
        Self::with_running(options, running)
    }

    /// Makes a module that runs this image.
    pub(crate) fn with_running(options: OnlineUpdates, running: Vec<u8>) -> Self {
        let mut slots = Slots::new(options.slot_size, running);
        if let Some(other) = &options.other {
            slots.write(1, 0, other);
        }
        Self {
            options,
            slots,
            extras: Extras::new(),
            server: Server::new(),
            taken: Duration::ZERO,
            erased: false,
            resets: false,
            boots: Vec::new(),
        }
    }

    /// Returns the version that runs.
    pub(crate) fn version(&self) -> ImageVersion {
        self.slots.content(self.slots.active()).map_or(self.options.running, |image| image.version)
    }

    /// Returns the bytes of a slot, as far as it was written.
    pub(crate) fn flash(&self, number: usize) -> &[u8] {
        self.slots.bytes(number)
    }

    /// Returns what each reset has come to.
    pub(crate) fn boots(&self) -> &[Boot] {
        &self.boots
    }

    /// Answers a datagram, and says how long that takes.
    pub(crate) fn answer(&mut self, datagram: &[u8]) -> (Vec<Vec<u8>>, Duration) {
        let quirks = self.options.quirks;
        self.extras.count_datagram();
        let size = usize::try_from(self.options.buffer_size).unwrap_or(usize::MAX).clamp(Server::MIN_BUFFER, 65_536);
        let mut buffer = vec![0; size];
        // What is longer than a buffer is cut.
        let datagram = quirks.receive(datagram.get(..size).unwrap_or(datagram));
        let mut rest = &datagram[..];
        let mut server = std::mem::take(&mut self.server);
        let mut answers = Vec::new();
        loop {
            if let Ok((header, body)) = Header::split(rest)
                && let Some(code) = self.refuse(&header, body)
            {
                answers.push(quirks.rewrite(&refusal(&header, code)));
                break;
            }
            let Some(answer) = server.answer(self, &mut rest, &mut buffer) else { break };
            answers.push(quirks.rewrite(answer));
        }
        self.server = server;
        (answers, std::mem::take(&mut self.taken))
    }

    /// Returns whether a slot was erased, once.
    pub(crate) fn take_erased(&mut self) -> bool {
        std::mem::take(&mut self.erased)
    }

    /// Returns whether a reset was asked for, once.
    pub(crate) fn take_reset(&mut self) -> bool {
        std::mem::take(&mut self.resets)
    }

    /// Restarts: by a reset or by a power failure. An upload under way is forgotten, not so what it wrote.
    pub(crate) fn restart(&mut self) {
        self.server = Server::new();
        self.resets = false;
        self.extras.restart();
        let boot = if self.options.quirks.ram_load { self.slots.boot_highest() } else { self.slots.boot() };
        self.boots.push(boot);
    }

    /// Returns why a request is refused before the server sees it, if it is.
    fn refuse(&self, header: &Header, body: &[u8]) -> Option<ReturnCode> {
        let is_usual =
            header.group == Group::IMAGE || [Command::ECHO, Command::RESET, Command::PARAMETERS].contains(&header.id());
        if !is_usual && !self.options.has_all_groups {
            return Some(ReturnCode::NOT_SUPPORTED);
        }
        self.options.quirks.refuse(header, body)
    }

    fn is_empty(&self, number: u32) -> bool {
        self.slots.bytes(number as usize).is_empty()
    }
}

impl Firmware for Module {
    const HAS_ENUMERATION: bool = true;
    const OTHER_GROUPS: &'static [Group] = &[Group::ZEPHYR];

    fn images(&mut self) -> impl ImageSlots {
        self
    }

    fn os(&mut self) -> impl Os {
        self
    }

    fn statistics(&mut self) -> impl Statistics {
        &mut self.extras
    }

    fn settings(&mut self) -> impl Settings {
        &mut self.extras
    }

    fn files(&mut self) -> impl Files {
        &mut self.extras
    }

    fn shell(&mut self) -> impl Shell {
        &mut self.extras
    }

    fn other(&mut self, request: &Header, _: &[u8], answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
        if request.id() != Command::STORAGE_ERASE {
            return Err(ReturnCode::NOT_SUPPORTED.into());
        }
        self.extras.erase_storage();
        Ok(answer.value(&Done)?)
    }
}

impl Os for Module {
    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        self.resets = true;
        Ok(())
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        let (buffer_size, buffer_count) = (self.options.buffer_size, self.options.buffer_count);
        Some(ParametersResponse { buffer_size, buffer_count })
    }

    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        Some(TasksResponse { tasks: Entries::from(&self.extras.tasks[..]) })
    }

    fn memory_pools(&mut self) -> Option<MemoryPoolsResponse<'_>> {
        Some(MemoryPoolsResponse::from(&self.extras.pools[..]))
    }

    fn datetime(&mut self) -> Result<DateTime, Refusal<'static>> {
        self.extras.datetime.ok_or(GroupError::OS_RTC_NOT_SET.into())
    }

    fn set_datetime(&mut self, datetime: DateTime) -> Result<(), Refusal<'static>> {
        self.extras.datetime = Some(datetime);
        Ok(())
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        Some(match letter {
            's' | 'o' => "Zephyr",
            'n' => "emu-simulator",
            'r' | 'v' => "0.0.0",
            'b' => "Thu Jan  1 00:00:00 1970",
            'm' | 'p' => "none",
            'i' => "simulated",
            _ => return None,
        })
    }

    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        let none = BootloaderResponse { bootloader: None, mode: None, no_downgrade: None };
        match query {
            None => Ok(BootloaderResponse { bootloader: Some("MCUboot"), ..none }),
            Some(BootloaderRequest::MODE) => {
                let ram_load = self.options.quirks.ram_load;
                let mode = if ram_load { BootloaderMode::RAM_LOAD } else { BootloaderMode::SWAP_WITHOUT_SCRATCH };
                Ok(BootloaderResponse { mode: Some(mode), ..none })
            }
            Some(_) => Err(GroupError::OS_QUERY_YIELDS_NO_ANSWER.into()),
        }
    }
}

impl ImageSlots for Module {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        (number < 2).then(|| Slot { size: self.slots.size(), image: self.slots.content(number as usize) })
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        if self.options.quirks.refuses_blank_erase && self.is_empty(number) {
            return Err(ReturnCode::UNKNOWN.into());
        }
        self.taken += self.options.erase_time;
        self.erased = true;
        self.slots.erase(number as usize);
        Ok(())
    }

    fn begin(&mut self, number: u32, _: u32) -> Result<(), Refusal<'static>> {
        if !self.is_empty(number) {
            self.taken += self.options.erase_time;
            self.erased = true;
        }
        self.slots.erase(number as usize);
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], _: bool) -> Result<(), Refusal<'static>> {
        self.taken += self.options.write_time.mul_f64(data.len() as f64 / 1_024.0);
        self.slots.write(number as usize, offset as usize, data);
        Ok(())
    }

    fn start_next(&mut self, _: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        self.slots.mark(is_permanent);
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        self.slots.confirm();
        Ok(())
    }

    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        if !self.options.quirks.image_check {
            return None;
        }
        let file = self.slots.bytes(number as usize).get(..length as usize);
        Some(file.is_some_and(|file| Sha256::digest(file)[..] == sha[..]))
    }

    fn reason(&mut self, error: GroupError) -> Option<&'static str> {
        upload_reason(error).filter(|_| self.options.quirks.upload_reasons)
    }

    fn may_erase(&mut self, slot: &Slot) -> bool {
        let Some(image) = &slot.image else { return true };
        let is_kept = self.options.quirks.keeps_pending && image.pending.is_some();
        !(image.is_active || image.is_confirmed || is_kept)
    }

    fn may_overwrite(&mut self, slot: &Slot) -> bool {
        self.may_erase(slot) && !(self.options.quirks.keeps_images && slot.image.is_some())
    }
}
