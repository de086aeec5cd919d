//! The memory pools, whose response has come in three shapes.
//!
//! ```text
//! {name: {blksiz, nblks, nfree, min}, …}             as documented
//! {"tasks": {name: {blksiz, nblks, nfree, min}, …}}  from servers that copied the tasks' shape
//! {"mpools": {name: {blksiz, nblks, nfree, min}, …}} from newer servers
//! ```
//!
//! Source: Zephyr, `smp_group_0.rst`, "Memory pool statistics", and `os_mgmt.c` of several releases.

use core::fmt;

use super::body;
use crate::cbor::{Decode, DecodeErrorKind, Encode, EncodeError, Entries, Kind, Malformed, Reader, Writer};

body! {
    /// A pool of memory, which is lent block by block.
    pub struct MemoryPool {
        /// The size of a block in bytes.
        pub block_size: u32 = "blksiz",
        /// How many blocks there are.
        pub blocks: u32 = "nblks",
        /// How many are free.
        pub free: u32 = "nfree",
        /// How many were free when there were fewest.
        pub least_free: u32 = "min",
    }
}

/// The memory pools that there are. All three shapes are read; the documented one is written.
///
/// ```
/// use emu_smp::{decode, os::MemoryPoolsResponse};
///
/// let pools = b"\xbf\x64heap\xbf\x66blksiz\x18\x40\x65nblks\x04\x65nfree\x03\x63min\x02\xff\xff";
/// let within = [b"\xbf\x66mpools".as_slice(), pools, b"\xff"].concat();
/// let flat: MemoryPoolsResponse = decode(pools)?;
/// assert_eq!(flat.iter().map(|(name, pool)| (name, pool.blocks, pool.free)).collect::<Vec<_>>(), [("heap", 4, 3)]);
/// assert_eq!(flat, decode(&within)?);
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct MemoryPoolsResponse<'a>(Shape<'a>);

#[derive(Clone, Copy)]
enum Shape<'a> {
    /// The whole body, in which there may be something beside the pools.
    Flat(Entries<'a, Entry>),
    /// A map within the body, or a slice.
    Pools(Entries<'a, MemoryPool>),
}

impl<'a> MemoryPoolsResponse<'a> {
    /// Returns the pools with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, MemoryPool)> + Clone + use<'a> {
        let (flat, pools) = match self.0 {
            Shape::Flat(entries) => (Some(entries), None),
            Shape::Pools(pools) => (None, Some(pools)),
        };
        let flat = flat.into_iter().flatten().filter_map(|(name, Entry(pool))| Some((name, pool?)));
        pools.into_iter().flatten().chain(flat)
    }
}

/// The pools are written from the slice as they are.
impl<'a> From<&'a [(&'a str, MemoryPool)]> for MemoryPoolsResponse<'a> {
    fn from(pools: &'a [(&'a str, MemoryPool)]) -> Self {
        Self(Shape::Pools(pools.into()))
    }
}

impl<'a> Decode<'a> for MemoryPoolsResponse<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.clone();
        let mut within = None;
        let mut map = reader.map()?;
        while let Some(key) = reader.key(&mut map)? {
            let is_wrapper = matches!(key, "tasks" | "mpools") && !is_pool(reader)?;
            if is_wrapper { reader.field("mpools", &mut within)? } else { reader.skip()? }
        }
        if let Some(pools) = within {
            return Ok(Self(Shape::Pools(pools)));
        }
        *reader = start;
        reader.value().map(Shape::Flat).map(Self)
    }
}

/// Whether a pool is there and not something else; an error if the body ends before that is known.
fn is_pool(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    let mut ahead = reader.clone();
    let pool = ahead.value::<MemoryPool>();
    if ahead.error().is_some_and(|error| error.kind == DecodeErrorKind::End) {
        *reader = ahead;
        return pool.map(|_| true);
    }
    Ok(pool.is_ok())
}

impl Encode for MemoryPoolsResponse<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.map(self.iter().count())?;
        self.iter().try_for_each(|(name, pool)| {
            writer.put(name)?;
            writer.put(&pool)
        })
    }
}

impl fmt::Debug for MemoryPoolsResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for MemoryPoolsResponse<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MemoryPoolsResponse<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for MemoryPoolsResponse<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{{");
        for (name, pool) in self.iter() {
            defmt::write!(f, "{}: {}, ", name, pool);
        }
        defmt::write!(f, "}}");
    }
}

/// A pool, or something else that stands among them, such as `rc: 0`.
#[derive(Clone, Copy)]
struct Entry(Option<MemoryPool>);

impl Decode<'_> for Entry {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.kind() == Some(Kind::Map) {
            return reader.value().map(|pool| Self(Some(pool)));
        }
        reader.skip()?;
        Ok(Self(None))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::super::decode;
    use super::*;
    use std::vec::Vec;

    const POOL: &[u8] = b"\xa4\x66blksiz\x10\x65nblks\x04\x65nfree\x03\x63min\x02";

    fn names(body: &[u8]) -> Vec<&str> {
        decode::<MemoryPoolsResponse<'_>>(body).unwrap().iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_body_that_breaks_off_ends_there() {
        for body in [[b"\xa1\x65tasks", POOL].concat(), [b"\xa1\x66mpools\xa1\x64heap", POOL].concat()] {
            for length in 0..body.len() {
                let error = decode::<MemoryPoolsResponse<'_>>(&body[..length]).unwrap_err();
                assert_eq!(error.kind, DecodeErrorKind::End, "cut at {length}");
            }
        }
    }

    #[test]
    fn a_pool_may_have_the_name_of_a_wrapper() {
        assert_eq!(names(&[b"\xa1\x65tasks".as_slice(), POOL].concat()), ["tasks"]);
        assert_eq!(names(&[b"\xa1\x65tasks\xa1\x65tasks".as_slice(), POOL].concat()), ["tasks"]);
        assert_eq!(names(&[b"\xa1\x66mpools\xa1\x61a".as_slice(), POOL].concat()), ["a"]);
        assert_eq!(names(b"\xa1\x65tasks\xa0"), [""; 0]);
        assert_eq!(names(b"\xa0"), [""; 0]);
    }

    #[test]
    fn what_is_no_pool_is_left_out() {
        assert_eq!(names(&[b"\xa2\x62rc\x00\x61a".as_slice(), POOL].concat()), ["a"]);
        let error = decode::<MemoryPoolsResponse<'_>>(b"\xa1\x61a\xa1\x65nblks\x20").unwrap_err();
        assert_eq!((error.offset, error.key), (8 + 10, "nblks"));
    }
}
