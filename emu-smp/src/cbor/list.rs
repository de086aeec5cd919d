//! Lists, and maps whose keys are data: read from the frame item by item, whatever their length.

use core::fmt;
use core::marker::PhantomData;

use super::error::{DecodeErrorKind, EncodeError, Malformed};
use super::reader::Reader;
use super::writer::Writer;
use super::{Decode, Encode};

/// A list of items: those of a frame, decoded one by one as they are gone through, or those of a slice, to be written.
///
/// A list that was read is whole: each item was decoded once when the frame was.
///
/// ```
/// use emu_smp::{Group, List, decode, enumeration::GroupListResponse};
///
/// let groups = decode::<GroupListResponse>(b"\xbf\x66groups\x9f\x00\x01\x18\x3f\xff\xff")?.groups;
/// assert_eq!(groups.iter().map(|group| group.0).collect::<Vec<_>>(), [0, 1, 63]);
/// assert_eq!(List::from(&[Group::OS, Group::IMAGE, Group::ZEPHYR][..]), groups);
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct List<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    /// The CBOR of the list, with its head.
    Frame(&'a [u8]),
    Items(&'a [T]),
}

impl<'a, T: Decode<'a> + Copy> List<'a, T> {
    /// Returns the items in their order.
    #[must_use]
    pub fn iter(&self) -> ListIter<'a, T> {
        match self.0 {
            Source::Frame(bytes) => {
                let mut reader = Reader::new(bytes);
                let left = reader.list().unwrap_or(Some(0));
                ListIter { reader, left, items: &[] }
            }
            Source::Items(items) => ListIter { reader: Reader::new(&[]), left: Some(0), items },
        }
    }
}

/// The items are written from the slice as they are.
impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self(Source::Items(items))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for List<'a, T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.position();
        let mut left = reader.list()?;
        while reader.has_next(&mut left) {
            let before = reader.position();
            T::decode(reader)?;
            // An item of no bytes would be there as often as a peer announces.
            if reader.position() == before {
                return Err(reader.fault(DecodeErrorKind::End));
            }
        }
        Ok(Self(Source::Frame(reader.since(start))))
    }
}

impl<'a, T: Encode + Decode<'a> + Copy> Encode for List<'a, T> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.list(self.iter().count())?;
        self.iter().try_for_each(|item| item.encode(writer))
    }
}

impl<'a, T: Decode<'a> + Copy> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a> + Copy> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a> + Copy + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Decode<'a> + Copy + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(feature = "serde")]
impl<'a, T: Decode<'a> + Copy + serde::Serialize> serde::Serialize for List<'a, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "defmt")]
impl<'a, T: Decode<'a> + Copy + defmt::Format> defmt::Format for List<'a, T> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "[");
        for item in self {
            defmt::write!(f, "{}, ", item);
        }
        defmt::write!(f, "]");
    }
}

/// The items of a [`List`].
#[derive(Debug, Clone)]
pub struct ListIter<'a, T> {
    reader: Reader<'a>,
    left: Option<usize>,
    items: &'a [T],
}

impl<'a, T: Decode<'a> + Copy> Iterator for ListIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some((item, rest)) = self.items.split_first() {
            self.items = rest;
            return Some(*item);
        }
        // Each was decoded before: there is no error to hide.
        if self.reader.has_next(&mut self.left) { T::decode(&mut self.reader).ok() } else { None }
    }
}

/// A map whose keys are data, such as the names of tasks: read from the frame pair by pair, or from a slice to be written.
///
/// ```
/// use emu_smp::{decode, statistics::GroupResponse};
///
/// let body = b"\xbf\x64name\x64link\x66fields\xbf\x62in\x07\x63out\x09\xff\xff";
/// let fields = decode::<GroupResponse>(body)?.fields;
/// assert_eq!(fields.iter().collect::<Vec<_>>(), [("in", 7), ("out", 9)]);
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
///
/// A key that is there twice comes twice. Keys that are no texts are left out.
#[derive(Clone, Copy)]
pub struct Entries<'a, T>(Pairs<'a, T>);

#[derive(Clone, Copy)]
enum Pairs<'a, T> {
    /// The CBOR of the map, with its head.
    Frame(&'a [u8]),
    Items(&'a [(&'a str, T)]),
}

impl<'a, T: Decode<'a> + Copy> Entries<'a, T> {
    /// Returns the keys and values in their order.
    #[must_use]
    pub fn iter(&self) -> EntriesIter<'a, T> {
        let (bytes, items): (&[u8], &[_]) = match self.0 {
            Pairs::Frame(bytes) => (bytes, &[]),
            Pairs::Items(items) => (&[0xa0], items),
        };
        let mut reader = Reader::new(bytes);
        let map = reader.map().ok();
        EntriesIter { reader, map, items, value: PhantomData }
    }
}

/// The pairs are written from the slice as they are.
impl<'a, T> From<&'a [(&'a str, T)]> for Entries<'a, T> {
    fn from(items: &'a [(&'a str, T)]) -> Self {
        Self(Pairs::Items(items))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Entries<'a, T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.position();
        let mut map = reader.map()?;
        while reader.key(&mut map)?.is_some() {
            T::decode(reader)?;
        }
        Ok(Self(Pairs::Frame(reader.since(start))))
    }
}

impl<'a, T: Encode + Decode<'a> + Copy> Encode for Entries<'a, T> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.map(self.iter().count())?;
        self.iter().try_for_each(|(key, value)| {
            writer.put(key)?;
            value.encode(writer)
        })
    }
}

impl<'a, T: Decode<'a> + Copy> IntoIterator for Entries<'a, T> {
    type Item = (&'a str, T);
    type IntoIter = EntriesIter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a> + Copy> IntoIterator for &Entries<'a, T> {
    type Item = (&'a str, T);
    type IntoIter = EntriesIter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a> + Copy + fmt::Debug> fmt::Debug for Entries<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a, T: Decode<'a> + Copy + PartialEq> PartialEq for Entries<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(feature = "serde")]
impl<'a, T: Decode<'a> + Copy + serde::Serialize> serde::Serialize for Entries<'a, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(feature = "defmt")]
impl<'a, T: Decode<'a> + Copy + defmt::Format> defmt::Format for Entries<'a, T> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{{");
        for (key, value) in self {
            defmt::write!(f, "{}: {}, ", key, value);
        }
        defmt::write!(f, "}}");
    }
}

/// The pairs of [`Entries`].
#[derive(Debug, Clone)]
pub struct EntriesIter<'a, T> {
    reader: Reader<'a>,
    map: Option<super::MapReader>,
    items: &'a [(&'a str, T)],
    value: PhantomData<T>,
}

impl<'a, T: Decode<'a> + Copy> Iterator for EntriesIter<'a, T> {
    type Item = (&'a str, T);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((item, rest)) = self.items.split_first() {
            self.items = rest;
            return Some(*item);
        }
        // Each was decoded before: there is no error to hide.
        let key = self.reader.key(self.map.as_mut()?).ok()??;
        Some((key, T::decode(&mut self.reader).ok()?))
    }
}
