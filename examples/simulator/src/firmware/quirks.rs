//! Ways in which one firmware's server differs from another's.
//!
//! Source: Zephyr 3.4.99 and 4.4.0, measured; older ones, by what their clients cope with.

use emu_smp::{Command, Group, Header, Operation, Refusal, ReturnCode, Version, encode_frame};

use super::cbor;

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
}

impl SmpQuirks {
    /// Returns a datagram as this firmware reads it.
    pub(crate) fn receive(&self, datagram: &[u8]) -> Vec<u8> {
        let mut datagram = datagram.to_vec();
        let mut frame = if self.version_0_only { &mut datagram[..] } else { &mut [] };
        while let Some((head, rest)) = frame.split_first_chunk_mut() {
            let header = Header::from_bytes(*head);
            *head = Header { version: Version::V0, ..header }.to_bytes();
            frame = rest.get_mut(usize::from(header.length)..).unwrap_or_default();
        }
        datagram
    }

    /// Returns why a request is refused before the server sees it, if it is.
    pub(crate) fn refuse(&self, header: &Header, body: &[u8]) -> Option<ReturnCode> {
        let is_unknown = match header.id() {
            Command::PARAMETERS => self.no_parameters,
            Command::SLOT_INFO => self.no_slot_info,
            _ => false,
        };
        let is_null = self.refuses_null_hash
            && (header.id(), header.operation) == (Command::IMAGE_STATE, Operation::Write)
            && cbor::has_null(body, "hash");
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
        let body = cbor::rewrite(body, !self.definite_lengths, self.legacy_rc && !is_refused);
        header.length = u16::try_from(body.len()).unwrap_or(u16::MAX);
        [&header.to_bytes()[..], &body].concat()
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
