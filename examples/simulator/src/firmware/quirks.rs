//! Ways in which one firmware's server differs from another's.
//!
//! Source: Zephyr 3.4.99 and 4.4.0, measured; older ones, by what their clients cope with.

use emu_smp::{Command, Group, GroupError, Header, Operation, Refusal, ReturnCode, Version, encode_frame};

use super::cbor::{self, Form};

/// What the server does as some firmware does. By default all is off, and it does as Zephyr 4.4.0 does, but for the image
/// check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SmpQuirks {
    /// The parameters are not known: rc 8.
    pub no_parameters: bool,
    /// The slots and their sizes are not known: rc 8, as before Zephyr 4.
    pub no_slot_info: bool,
    /// Success is `rc: 0` besides whatever else it is.
    pub legacy_rc: bool,
    /// Maps and lists are of definite length; else they end with a break.
    pub definite_lengths: bool,
    /// Every frame is answered in version 0, as by servers of before version 1.
    pub version_0_only: bool,
    /// The last piece of an upload is answered with `match`, and a first piece whose file is there, with its end.
    ///
    /// A wrong or missing SHA-256 ends with `match: false`, and is no error.
    pub image_check: bool,
    /// An image that is to be started can neither be erased nor overwritten, as in 3.4.99.
    pub keeps_pending: bool,
    /// A slot with any image in it takes no upload before it is erased, as the manual's last note has it.
    pub keeps_images: bool,
    /// Erasing an empty slot is answered with rc 1, as in 3.4.99.
    pub refuses_blank_erase: bool,
    /// Confirming with `hash: null` is answered with rc 3, as by 4.4.0.
    pub refuses_null_hash: bool,
    /// A refusal in version 0 is answered with 8 bytes that announce 20 more, under the sequence number before, as 3.4.99
    /// does for statistics that it does not know.
    pub stale_headers: bool,
    /// The boot loader loads an image into memory to run it, and does not swap: after a reset the highest version runs, from
    /// whichever slot it is in. Images can be neither tested nor confirmed, which is answered with rc 8. Erasing without a
    /// slot hits the one that is not active, which can be slot 0. The image that runs is listed as confirmed, which is an
    /// assumption.
    pub ram_load: bool,
    /// A refused upload in version 0 has a reason in words, as from servers that were built to be verbose.
    pub upload_reasons: bool,
    /// Images are listed without the number of the image, as on devices with one image.
    pub omits_image: bool,
    /// An upload for whatever image is taken as one for the image that there is.
    pub ignores_image: bool,
    /// Datagrams that come while a slot is erased are dropped, buffers or not: retransmissions above all. The request for it is
    /// answered when it is done.
    pub deaf_while_erasing: bool,
}

impl SmpQuirks {
    /// Returns a datagram as this firmware reads it.
    pub(crate) fn receive(&self, datagram: &[u8]) -> Vec<u8> {
        let mut received = Vec::with_capacity(datagram.len());
        let mut rest = datagram;
        while let Some((head, behind)) = rest.split_first_chunk() {
            let mut header = Header::from_bytes(*head);
            if self.version_0_only {
                header.version = Version::V0;
            }
            // What is cut short is for the server to refuse.
            let (body, behind) = behind.split_at_checked(usize::from(header.length)).unwrap_or((behind, &[]));
            let is_whole = body.len() == usize::from(header.length);
            let body = if is_whole && self.ignores_image && header.id() == Command::IMAGE_UPLOAD {
                let body = cbor::rewrite(body, Form { omits_image: true, ..Form::default() });
                header.length = u16::try_from(body.len()).unwrap_or(u16::MAX);
                body
            } else {
                body.to_vec()
            };
            received.extend(header.to_bytes());
            received.extend(body);
            rest = behind;
        }
        received.extend(rest);
        received
    }

    /// Returns why a request is refused before the server sees it, if it is.
    pub(crate) fn refuse(&self, header: &Header, body: &[u8]) -> Option<ReturnCode> {
        let is_unknown = match header.id() {
            Command::PARAMETERS => self.no_parameters,
            Command::SLOT_INFO => self.no_slot_info,
            _ => false,
        };
        let sets_state = (header.id(), header.operation) == (Command::IMAGE_STATE, Operation::Write);
        let is_unknown = is_unknown || (self.ram_load && sets_state);
        let is_null = self.refuses_null_hash && sets_state && cbor::has_null(body, "hash");
        match (is_unknown, is_null) {
            (true, _) => Some(ReturnCode::NOT_SUPPORTED),
            (_, true) => Some(ReturnCode::INVALID),
            _ => None,
        }
    }

    /// Returns an answer as this firmware would have written it.
    pub(crate) fn rewrite(&self, answer: &[u8]) -> Vec<u8> {
        let Ok((mut header, body)) = Header::split(answer) else { return answer.to_vec() };
        let is_refused = !matches!(Refusal::find(body), Ok(None));
        if self.stale_headers && is_refused && header.version == Version::V0 && header.group != Group::IMAGE {
            return Header { length: 20, sequence: header.sequence.wrapping_sub(1), ..header }.to_bytes().to_vec();
        }
        let form = Form {
            is_indefinite: !self.definite_lengths,
            adds_rc: self.legacy_rc && !is_refused,
            omits_image: self.omits_image && header.id() == Command::IMAGE_STATE,
        };
        let body = cbor::rewrite(body, form);
        header.length = u16::try_from(body.len()).unwrap_or(u16::MAX);
        [&header.to_bytes()[..], &body].concat()
    }
}

/// Returns a verbose Zephyr's words for why an upload is refused.
pub(crate) const fn upload_reason(error: GroupError) -> Option<&'static str> {
    match error {
        GroupError::IMAGE_INVALID_OFFSET | GroupError::IMAGE_INVALID_LENGTH | GroupError::IMAGE_INVALID_HEADER => {
            Some("header malformed")
        }
        GroupError::IMAGE_INVALID_HEADER_MAGIC => Some("magic mismatch"),
        GroupError::IMAGE_TOO_LARGE => Some("img too large"),
        _ => None,
    }
}

/// Returns a refusal as a frame.
pub(crate) fn refusal(request: &Header, code: ReturnCode) -> Vec<u8> {
    let operation = match request.operation {
        Operation::Read => Operation::ReadResponse,
        _ => Operation::WriteResponse,
    };
    let mut buffer = [0; 64];
    let length = encode_frame(Header { operation, ..*request }, &mut buffer, |writer| {
        writer.value(&Refusal::Code { code, reason: None })
    });
    buffer.get(..length.unwrap_or(0)).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"\x03\x00\x00\x06\x00\x01\x05\x01\xa1\x63off\x07";

    #[test]
    fn answers_are_rewritten() {
        let rewritten = SmpQuirks::default().rewrite(ANSWER);
        assert_eq!(rewritten, b"\x03\x00\x00\x07\x00\x01\x05\x01\xbf\x63off\x07\xff");
        let definite = SmpQuirks { definite_lengths: true, ..SmpQuirks::default() };
        assert_eq!(definite.rewrite(ANSWER), ANSWER);
        let legacy = SmpQuirks { legacy_rc: true, ..definite };
        assert_eq!(legacy.rewrite(ANSWER), b"\x03\x00\x00\x0a\x00\x01\x05\x01\xa2\x62rc\x00\x63off\x07");
    }

    #[test]
    fn refusals_have_stale_headers() {
        let refused = b"\x01\x00\x00\x05\x00\x02\x05\x00\xa1\x62rc\x05";
        let stale = SmpQuirks { stale_headers: true, ..SmpQuirks::default() };
        assert_eq!(stale.rewrite(refused), b"\x01\x00\x00\x14\x00\x02\x04\x00");
    }

    #[test]
    fn a_null_hash_is_refused_on_request() {
        let (header, body) = Header::split(b"\x02\x00\x00\x10\x00\x01\x00\x00\xa2\x67confirm\xf5\x64hash\xf6").unwrap();
        let quirks = SmpQuirks { refuses_null_hash: true, ..SmpQuirks::default() };
        assert_eq!(quirks.refuse(&header, body), Some(ReturnCode::INVALID));
        assert_eq!(SmpQuirks::default().refuse(&header, body), None);
        assert_eq!(quirks.refuse(&header, b"\xa1\x67confirm\xf5"), None);
    }
}
