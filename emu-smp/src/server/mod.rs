//! The device's side: a frame in, its answer out.
//!
//! What a request does is the firmware's, which says so by the traits of [`Firmware`]; what the protocol makes of it (versions,
//! errors, the course of an upload, what may be erased or started) is here.
//!
//! Source: Zephyr, "SMP Protocol Specification"; `subsys/mgmt/mcumgr/smp/src/smp.c`; what 4.4.0 and 3.4.99 answer.

mod enumeration;
mod files;
mod firmware;
mod image;
mod os;
mod refuse;
mod settings;
mod shell;
mod slots;
mod statistics;
mod upload;

pub use self::files::Files;
pub use self::firmware::Firmware;
pub use self::os::Os;
pub use self::settings::Settings;
pub use self::shell::Shell;
pub use self::slots::{ImageSlots, Slot, SlotImage};
pub use self::statistics::Statistics;

use self::upload::Upload;
use crate::cbor::{Encode, Writer};
use crate::command::Group;
use crate::header::{Header, Operation, Version};
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A server: it takes requests, has a [`Firmware`] do what they ask for, and writes the answers.
///
/// It does not touch a socket, a clock or a flash. In a loop, the firmware:
///
/// 1. receives a datagram (or a frame of another transport), of whatever bytes;
/// 2. calls [`answer`](Self::answer) until it returns `None`, and sends each answer to where the datagram came from;
/// 3. then does what the requests have put off: a [reset](Os::reset) is only noted while its request is answered.
///
/// A datagram may hold several requests; each has an answer of its own, and after the first that is refused the rest is
/// dropped. What is no request (fewer than 8 bytes) has no answer. One call does the work of one request. Its longest is that of
/// the firmware's own [`ImageSlots::erase`] and [`ImageSlots::begin`], which are waited for, as existing servers do it and
/// existing clients expect it: the answer says that it is done. A firmware that can not stand still so long erases sector by
/// sector as it [writes](ImageSlots::write).
///
/// The state kept from call to call is that of one upload: about 50 bytes. It is lost with a restart, after which the first
/// piece that comes is answered with offset 0, and the client starts again.
///
/// # Versions
///
/// Requests are answered in the version they are asked in, those in a version that is not known in version 1. A code of a
/// group's own is told as it is in version 1, and as the general code that comes nearest in version 0.
///
/// # Example
///
/// A firmware with one pair of slots:
///
/// ```
/// use emu_smp::image::StateRequest;
/// use emu_smp::os::{EchoRequest, ResetRequest};
/// use emu_smp::{
///     Firmware, Header, ImageHash, ImageHeader, ImageSlots, Os, Refusal, Server, Slot, SlotImage, Version, decode_response,
///     encode_request,
/// };
///
/// /// The flash, and what is to be done when the answers are sent.
/// struct Device {
///     slots: [[u8; 1024]; 2],
///     starts_next: Option<bool>,
///     resets: bool,
/// }
///
/// impl Firmware for Device {
///     fn images(&mut self) -> impl ImageSlots {
///         self
///     }
///
///     fn os(&mut self) -> impl Os {
///         self
///     }
/// }
///
/// impl ImageSlots for Device {
///     fn slot(&mut self, number: u32) -> Option<Slot> {
///         let flash = self.slots.get(usize::try_from(number).ok()?)?;
///         // A real one reads the hash from the image.
///         let image = ImageHeader::from_bytes(flash.first_chunk()?).map(|header| SlotImage {
///             version: header.version,
///             hash: Some(ImageHash::Sha256([7; 32])),
///             is_active: number == 0,
///             is_confirmed: number == 0,
///             pending: self.starts_next.filter(|_| number == 1),
///         });
///         Some(Slot { size: 1024, image })
///     }
///
///     fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
///         if number == 1 {
///             self.slots[1] = [0xff; 1024];
///         }
///         Ok(())
///     }
///
///     fn write(&mut self, _: u32, offset: u32, data: &[u8], _: bool) -> Result<(), Refusal<'static>> {
///         // The server has checked that it fits.
///         self.slots[1][offset as usize..][..data.len()].copy_from_slice(data);
///         Ok(())
///     }
///
///     fn start_next(&mut self, _: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
///         self.starts_next = Some(is_permanent);
///         Ok(())
///     }
///
///     fn confirm(&mut self) -> Result<(), Refusal<'static>> {
///         Ok(())
///     }
/// }
///
/// impl Os for Device {
///     fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
///         self.resets = true;
///         Ok(())
///     }
/// }
///
/// let mut device = Device { slots: [[0xff; 1024]; 2], starts_next: None, resets: false };
/// let mut server = Server::new();
/// let (mut request, mut buffer) = ([0; 64], [0; 256]);
/// let length = encode_request(&EchoRequest { text: "hi" }, Version::V0, 1, &mut request)?;
///
/// let mut datagram = &request[..length];
/// while let Some(answer) = server.answer(&mut device, &mut datagram, &mut buffer) {
///     let (_, body) = Header::split(answer)?;
///     assert_eq!(decode_response::<EchoRequest>(body)?.unwrap().text, "hi");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Server {
    upload: Option<Upload>,
}

impl Server {
    /// Returns a server without an upload.
    #[must_use]
    pub const fn new() -> Self {
        Self { upload: None }
    }

    /// Answers the next request of a datagram, and takes it off. `None` if there is no more.
    ///
    /// The answer is written into `buffer`, never past its end: one that does not fit is refused with
    /// [`ReturnCode::MESSAGE_SIZE`]. With fewer than [`Self::MIN_BUFFER`] bytes there may be no answer at all.
    pub fn answer<'b, F: Firmware>(
        &mut self,
        firmware: &mut F,
        datagram: &mut &[u8],
        buffer: &'b mut [u8],
    ) -> Option<&'b [u8]> {
        // What is left if anything goes wrong: nothing.
        let frame = core::mem::take(datagram);
        let (header, rest) = frame.split_first_chunk()?;
        let request = Header::from_bytes(*header);
        let (body, rest) = match rest.split_at_checked(usize::from(request.length)) {
            Some((body, rest)) => (Some(body), rest),
            None => (None, rest),
        };
        let (head, rest_of_buffer) = buffer.split_first_chunk_mut()?;
        // A frame holds no more, however large the buffer is.
        let most = rest_of_buffer.len().min(usize::from(u16::MAX));
        let mut answer = Writer::new(rest_of_buffer.get_mut(..most)?);
        let handled = match body {
            Some(body) => self.handle(firmware, &request, body, &mut answer),
            None => Err(ReturnCode::CORRUPT.into()),
        };
        match handled {
            Ok(()) => *datagram = rest,
            Err(refusal) => {
                answer.truncate(0);
                in_version(refusal, request.version).encode(&mut answer).ok()?;
            }
        }
        let length = answer.written().len();
        let header = Header { length: u16::try_from(length).ok()?, ..response_to(request) };
        *head = header.to_bytes();
        buffer.get(..length.saturating_add(Header::LENGTH))
    }

    /// The size of a buffer for answers that any refusal fits into.
    pub const MIN_BUFFER: usize = 64;

    /// Drops the upload that is under way, as after the transport was lost for good. A client is told offset 0 then.
    pub fn drop_upload(&mut self) {
        self.upload = None;
    }

    /// Has the firmware do what a request asks for, and writes the body of the answer.
    fn handle<F: Firmware>(
        &mut self,
        firmware: &mut F,
        request: &Header,
        body: &[u8],
        answer: &mut Writer<'_>,
    ) -> Result<(), Refusal<'static>> {
        let is_write = match request.operation {
            Operation::Read => false,
            Operation::Write => true,
            _ => return Err(ReturnCode::NOT_SUPPORTED.into()),
        };
        if !matches!(request.version, Version::V0 | Version::V1) {
            return Err(ReturnCode::TOO_NEW.into());
        }
        let ask = Ask { request, is_write, body };
        match request.group {
            Group::OS => os::handle(firmware.os(), &ask, answer),
            Group::IMAGE => image::handle(&mut self.upload, firmware.images(), &ask, answer),
            Group::STATISTICS => statistics::handle(firmware.statistics(), &ask, answer),
            Group::SETTINGS => settings::handle(firmware.settings(), &ask, answer),
            Group::FILE_SYSTEM => files::handle(firmware.files(), &ask, answer),
            Group::SHELL => shell::handle(firmware.shell(), &ask, answer),
            Group::ENUMERATION => enumeration::handle(firmware, &ask, answer),
            _ => firmware.other(request, body, answer),
        }
    }
}

/// A request, as the groups are told it.
#[derive(Debug, Clone, Copy)]
struct Ask<'a> {
    request: &'a Header,
    is_write: bool,
    body: &'a [u8],
}

/// The header that answers a request; its length is filled in later.
fn response_to(request: Header) -> Header {
    Header {
        operation: match request.operation {
            Operation::Read => Operation::ReadResponse,
            _ => Operation::WriteResponse,
        },
        version: match request.version {
            Version::V0 => Version::V0,
            _ => Version::V1,
        },
        flags: 0,
        length: 0,
        ..request
    }
}

/// A refusal as a client of this version understands it.
fn in_version(refusal: Refusal<'static>, version: Version) -> Refusal<'static> {
    match refusal {
        Refusal::Group(error) if version == Version::V0 => error.to_return_code().into(),
        _ => refusal,
    }
}
