//! The arguments about firmware updates.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use emu_simulator::{ImageVersion, Link, OnlineUpdates, SerialLine, SmpQuirks, TestImage};

#[derive(Debug, Args)]
#[command(next_help_heading = "Firmware updates")]
pub(super) struct UpdateArguments {
    /// UDP port of the server for firmware updates; 0 is any free one [default: 1337, or any free one if that is taken]
    #[arg(long, value_name = "PORT")]
    smp_port: Option<u16>,
    /// Serve firmware updates on a serial line, too: a pseudo-terminal with this symbolic link to it, or "pty" for one without
    #[arg(long, value_name = "PATH|pty")]
    smp_serial: Option<PathBuf>,
    /// Do not allow online updates: nothing listens on the port
    #[arg(long, conflicts_with_all = ["smp_port", "smp_serial"])]
    no_online_updates: bool,
    /// Version of the firmware that runs
    #[arg(long, value_name = "VERSION", default_value_t = OnlineUpdates::RUNNING)]
    smp_running: ImageVersion,
    /// Update file that is in the second slot at the start
    #[arg(long, value_name = "FILE")]
    smp_other: Option<PathBuf>,
    /// Size of each slot
    #[arg(long, value_name = "BYTES", default_value_t = OnlineUpdates::default().slot_size)]
    smp_slot_size: u32,
    /// Time that erasing a slot takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    smp_erase_time: u64,
    /// Time that writing 1024 bytes takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    smp_write_time: u64,
    /// Time from the answer to a reset until the meter goes away, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    smp_reset_delay: u64,
    /// Time that a restart takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500)]
    smp_restart_time: u64,
    /// Size of a buffer, as the meter tells it
    #[arg(long, value_name = "BYTES", default_value_t = OnlineUpdates::default().buffer_size)]
    smp_buffer_size: u32,
    /// Number of buffers, as the meter tells it; requests that find none free are dropped
    #[arg(long, value_name = "N", default_value_t = OnlineUpdates::default().buffer_count)]
    smp_buffer_count: u32,
    /// Answer requests that find no buffer with rc 2
    #[arg(long)]
    smp_answer_when_full: bool,
    /// Size of the largest datagram that arrives; larger ones get no answer, whatever the buffer's size
    #[arg(long, value_name = "BYTES", default_value_t = OnlineUpdates::default().largest_datagram)]
    smp_largest_datagram: usize,
    /// Take the beginning of larger datagrams, which is answered with rc 9
    #[arg(long)]
    smp_cut_datagrams: bool,
    /// Have all groups of commands (statistics, settings, files, a shell), not only those of updates
    #[arg(long)]
    smp_all_groups: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Faults of firmware updates")]
pub(super) struct UpdateFaultArguments {
    /// Seed from which the chance of these faults follows
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    smp_seed: u64,
    /// Lose this part of the datagrams, each way
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent)]
    smp_loss: f64,
    /// Double this part of the datagrams, each way
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent)]
    smp_doubling: f64,
    /// Hold back this part of the datagrams by 20 ms, so that others overtake them, each way
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent)]
    smp_reordering: f64,
    /// Delay datagrams, in milliseconds each way
    #[arg(long, value_name = "MS", default_value_t = 0)]
    smp_delay: u64,
    /// Delay each by up to this much more, in milliseconds each way
    #[arg(long, value_name = "MS", default_value_t = 0)]
    smp_jitter: u64,
    /// Lose this part of the bytes on the serial line, each way
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_percent, requires = "smp_serial")]
    smp_serial_loss: f64,
    /// Let the console on the serial line print a prompt behind each answer, and a boot loader's words at a restart
    #[arg(long, requires = "smp_serial")]
    smp_serial_talk: bool,
    /// Send back what comes on the serial line
    #[arg(long, requires = "smp_serial")]
    smp_serial_echo: bool,
    /// Take the serial line away while the meter restarts, as that of a device which is itself on USB
    #[arg(long, requires = "smp_serial")]
    smp_serial_away: bool,
    /// Take datagrams and never answer
    #[arg(long)]
    smp_silent: bool,
    /// Restart, as by a power failure, at the N-th datagram, which is lost; a second number counts from there, and so on
    #[arg(long, value_name = "N", value_delimiter = ',')]
    smp_restart_at: Vec<u64>,
    /// Do not know the parameters
    #[arg(long)]
    smp_no_parameters: bool,
    /// Do not know the slots and their sizes, as before Zephyr 4
    #[arg(long)]
    smp_no_slot_info: bool,
    /// Add "rc: 0" to what succeeds, as older servers do
    #[arg(long)]
    smp_legacy_rc: bool,
    /// Answer with maps and lists of definite length
    #[arg(long)]
    smp_definite_lengths: bool,
    /// Answer in version 0 alone, as servers of before version 1
    #[arg(long)]
    smp_version_0_only: bool,
    /// Check the SHA-256 of an upload, and answer "match": false if it is wrong or missing
    #[arg(long)]
    smp_image_check: bool,
    /// Refuse to erase or overwrite an image that is to be started, as Zephyr 3.4.99 does
    #[arg(long)]
    smp_keep_pending: bool,
    /// Refuse an upload into a slot that holds an image, until it is erased
    #[arg(long)]
    smp_keep_images: bool,
    /// Refuse to erase an empty slot, as Zephyr 3.4.99 does
    #[arg(long)]
    smp_refuse_blank_erase: bool,
    /// Refuse "hash: null", as Zephyr 4.4.0 does
    #[arg(long)]
    smp_refuse_null_hash: bool,
    /// Answer what is refused in version 0 with a stale header, as Zephyr 3.4.99 does at times
    #[arg(long)]
    smp_stale_headers: bool,
    /// Start the highest version after a reset, from either slot, as a boot loader that loads into memory; testing and
    /// confirming are answered with rc 8
    #[arg(long)]
    smp_ram_load: bool,
    /// Say in words why an upload is refused, in version 0
    #[arg(long)]
    smp_upload_reasons: bool,
    /// List images without the number of the image, as on devices with one image
    #[arg(long)]
    smp_omit_image: bool,
    /// Take an upload for whatever image as one for the image that there is
    #[arg(long)]
    smp_ignore_image: bool,
    /// Drop datagrams that come while a slot is erased, whatever buffers are free
    #[arg(long)]
    smp_deaf_while_erasing: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Test images")]
pub(super) struct ImageArguments {
    /// Write an update file that the simulated meter accepts, and end. It holds noise, and is signed with a test key
    #[arg(long, value_name = "FILE")]
    write_test_image: Option<PathBuf>,
    /// Version of that image
    #[arg(long, value_name = "VERSION", default_value = "1.0.9", requires = "write_test_image")]
    image_version: ImageVersion,
    /// Size of that file
    #[arg(long, value_name = "BYTES", default_value_t = TestImage::USUAL_SIZE, requires = "write_test_image")]
    image_size: usize,
    /// Sign that image with a key that the simulated meter does not know; it takes it, but does not start it
    #[arg(long, requires = "write_test_image")]
    image_other_key: bool,
}

impl UpdateArguments {
    /// Returns the port to listen on, if any.
    pub(super) fn port(&self) -> Option<u16> {
        (!self.no_online_updates).then(|| self.smp_port.unwrap_or(OnlineUpdates::PORT))
    }

    /// Whether the port was not asked for.
    pub(super) fn is_usual_port(&self) -> bool {
        self.smp_port.is_none()
    }

    fn serial_line(&self) -> Option<SerialLine> {
        let link = self.smp_serial.as_ref()?;
        Some(SerialLine { link: (link.as_os_str() != "pty").then(|| link.clone()), ..SerialLine::default() })
    }

    pub(super) fn online_updates(&self, port: u16) -> Result<OnlineUpdates, String> {
        let milliseconds = Duration::from_millis;
        let read = |path: &PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        Ok(OnlineUpdates {
            port,
            serial: self.serial_line(),
            running: self.smp_running,
            other: self.smp_other.as_ref().map(read).transpose()?,
            slot_size: self.smp_slot_size,
            erase_time: milliseconds(self.smp_erase_time),
            write_time: milliseconds(self.smp_write_time),
            reset_delay: milliseconds(self.smp_reset_delay),
            restart_time: milliseconds(self.smp_restart_time),
            buffer_size: self.smp_buffer_size,
            buffer_count: self.smp_buffer_count,
            answers_when_full: self.smp_answer_when_full,
            largest_datagram: self.smp_largest_datagram,
            cuts_large_datagrams: self.smp_cut_datagrams,
            has_all_groups: self.smp_all_groups,
            ..OnlineUpdates::default()
        })
    }
}

impl UpdateFaultArguments {
    /// Adds the faults.
    pub(super) fn apply(&self, updates: OnlineUpdates) -> OnlineUpdates {
        let link = Link {
            seed: self.smp_seed,
            loss: self.smp_loss,
            doubling: self.smp_doubling,
            reordering: self.smp_reordering,
            delay: Duration::from_millis(self.smp_delay),
            jitter: Duration::from_millis(self.smp_jitter),
        };
        let quirks = SmpQuirks {
            no_parameters: self.smp_no_parameters,
            no_slot_info: self.smp_no_slot_info,
            legacy_rc: self.smp_legacy_rc,
            definite_lengths: self.smp_definite_lengths,
            version_0_only: self.smp_version_0_only,
            image_check: self.smp_image_check,
            keeps_pending: self.smp_keep_pending,
            keeps_images: self.smp_keep_images,
            refuses_blank_erase: self.smp_refuse_blank_erase,
            refuses_null_hash: self.smp_refuse_null_hash,
            stale_headers: self.smp_stale_headers,
            ram_load: self.smp_ram_load,
            upload_reasons: self.smp_upload_reasons,
            omits_image: self.smp_omit_image,
            ignores_image: self.smp_ignore_image,
            deaf_while_erasing: self.smp_deaf_while_erasing,
        };
        let restarts = self.smp_restart_at.clone();
        let serial = updates.serial.map(|line| SerialLine {
            byte_loss: self.smp_serial_loss,
            is_talkative: self.smp_serial_talk,
            echoes: self.smp_serial_echo,
            goes_away: self.smp_serial_away,
            ..line
        });
        OnlineUpdates { link, quirks, restarts, serial, is_silent: self.smp_silent, ..updates }
    }
}

impl ImageArguments {
    /// Writes the image, if asked to, and says so.
    pub(super) fn write(&self) -> Option<Result<String, String>> {
        let path = self.write_test_image.as_ref()?;
        let mut image = TestImage::new(self.image_version).size(self.image_size);
        if self.image_other_key {
            image = image.signed_with_other_key();
        }
        let bytes = image.to_bytes();
        let line = format!("test image {} of {} bytes, hash {}", self.image_version, bytes.len(), image.hash());
        let written = std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()));
        Some(written.map(|()| line))
    }
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let percent = text.parse().ok().filter(|percent: &f64| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or("expected a number from 0 to 100".to_owned())
}
