//! The update file, as somebody has left it in the gateway's memory.

/// Returns the file that memory holds, such as a region of an external flash: four bytes with its length, the lowest first, then
/// the file. `None` if there is none: a length of 0, as in a memory that was cleared, or beyond the end, as in an erased flash.
///
/// ```
/// use emu_firmware::gateway::stored_file;
///
/// assert_eq!(stored_file(b"\x03\0\0\0abc\xff"), Some(&b"abc"[..]));
/// assert_eq!(stored_file(&[0x00; 8]), None);
/// assert_eq!(stored_file(&[0xff; 8]), None);
/// ```
#[must_use]
pub fn stored_file(memory: &[u8]) -> Option<&[u8]> {
    let (length, rest) = memory.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.get(..length).filter(|file| !file.is_empty())
}
