//! stub
use crate::load_profile::LoadProfileEntry;
#[derive(Debug, Clone, Copy, Default)]
pub struct DateCache;
pub(crate) fn read_load_profile(_: &[u8], _: u8, _: &mut DateCache) -> Option<(LoadProfileEntry, usize)> {
    None
}
