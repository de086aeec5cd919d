//! A device that says what is on a list, for the programs that drive a client's machine.

/// What a driver has besides its machine: places for a frame out, and for one in.
#[derive(Debug)]
pub struct Buffers {
    pub frame: [u8; 1400],
    datagram: [u8; 256],
}

impl Buffers {
    pub const EMPTY: Self = Self { frame: [0; 1400], datagram: [0; 256] };

    /// Takes the next answer off a list, each with the length of its body in front; an empty body stands for silence.
    pub fn next_body<'a>(answers: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = answers.split_first()?;
        let (body, rest) = rest.split_at_checked(usize::from(*length))?;
        *answers = rest;
        Some(body)
    }

    /// Answers the last frame: with its header, but for the operation and the length.
    pub fn answer(&mut self, body: &[u8]) -> &[u8] {
        let [first, flags, _, _, high, low, sequence, command, ..] = self.frame;
        let header = [first | 1, flags, 0, u8::try_from(body.len()).unwrap_or_default(), high, low, sequence, command];
        for (place, byte) in self.datagram.iter_mut().zip(header.iter().chain(body)) {
            *place = *byte;
        }
        self.datagram.get(..header.len().saturating_add(body.len())).unwrap_or_default()
    }
}
