//! The codec beside minicbor: the same bytes written, the same values read, the same bodies refused.

use emu_smp::{Decode, Reader, Writer};
use minicbor::{Decoder, Encoder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Any CBOR, in every form that it can have.
#[derive(Debug, Clone)]
enum Item {
    Unsigned(u64),
    Signed(i64),
    Bool(bool),
    Null,
    Undefined,
    Simple(u8),
    Half([u8; 2]),
    Single(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Of indefinite length.
    Texts(Vec<String>),
    ManyBytes(Vec<Vec<u8>>),
    Tag(u64, Box<Item>),
    List(bool, Vec<Item>),
    Map(bool, Vec<(Item, Item)>),
}

/// Texts and byte strings around the lengths at which their heads grow.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..30_usize, 1 => 250..260_usize]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", length().prop_map(|length| "x".repeat(length))]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    length().prop_flat_map(|length| vec(any::<u8>(), length))
}

/// Numbers of every width.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift)
}

fn signed() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift)
}

/// What the writer writes, too.
fn plain() -> impl Strategy<Value = Item> {
    prop_oneof![
        number().prop_map(Item::Unsigned),
        signed().prop_map(Item::Signed),
        any::<bool>().prop_map(Item::Bool),
        Just(Item::Null),
        text().prop_map(Item::Text),
        bytes().prop_map(Item::Bytes),
    ]
}

fn other() -> impl Strategy<Value = Item> {
    prop_oneof![
        Just(Item::Undefined),
        prop_oneof![0..20_u8, 32..=255_u8].prop_map(Item::Simple),
        any::<[u8; 2]>().prop_map(Item::Half),
        any::<f32>().prop_map(Item::Single),
        any::<f64>().prop_map(Item::Double),
        vec(text(), 0..3).prop_map(Item::Texts),
        vec(bytes(), 0..3).prop_map(Item::ManyBytes),
        (number(), plain()).prop_map(|(tag, item)| Item::Tag(tag, Box::new(item))),
    ]
}

/// Lists and maps of them, no deeper than a body may have them.
fn nested(leaf: impl Strategy<Value = Item> + 'static) -> impl Strategy<Value = Item> {
    leaf.prop_recursive(6, 40, 5, |item| {
        let list = (any::<bool>(), vec(item.clone(), 0..5)).prop_map(|(is_open, items)| Item::List(is_open, items));
        let pairs = vec((item.clone(), item.clone()), 0..4);
        let map = (any::<bool>(), pairs).prop_map(|(is_open, pairs)| Item::Map(is_open, pairs));
        prop_oneof![list, map]
    })
}

fn length_of(items: &[impl Sized]) -> u64 {
    items.len().try_into().unwrap()
}

/// Writes as minicbor does.
fn encode(item: &Item, encoder: &mut Encoder<Vec<u8>>) {
    let _ = match item {
        Item::Unsigned(number) => encoder.u64(*number),
        Item::Signed(number) => encoder.i64(*number),
        Item::Bool(is_true) => encoder.bool(*is_true),
        Item::Null => encoder.null(),
        Item::Undefined => encoder.undefined(),
        Item::Simple(number) => encoder.simple(*number),
        Item::Half([high, low]) => {
            encoder.writer_mut().extend([0xf9, *high, *low]);
            Ok(&mut *encoder)
        }
        Item::Single(number) => encoder.f32(*number),
        Item::Double(number) => encoder.f64(*number),
        Item::Text(text) => encoder.str(text),
        Item::Bytes(bytes) => encoder.bytes(bytes),
        Item::Texts(texts) => encoder.begin_str().and_then(|encoder| {
            texts.iter().try_for_each(|text| encoder.str(text).map(drop))?;
            encoder.end()
        }),
        Item::ManyBytes(pieces) => encoder.begin_bytes().and_then(|encoder| {
            pieces.iter().try_for_each(|piece| encoder.bytes(piece).map(drop))?;
            encoder.end()
        }),
        _ => Ok(&mut *encoder),
    }
    .unwrap();
    match item {
        Item::Tag(tag, item) => {
            encoder.tag(minicbor::data::Tag::new(*tag)).unwrap();
            encode(item, encoder);
        }
        Item::List(is_open, items) => {
            if *is_open { encoder.begin_array() } else { encoder.array(length_of(items)) }.unwrap();
            items.iter().for_each(|item| encode(item, encoder));
            if *is_open {
                encoder.end().unwrap();
            }
        }
        Item::Map(is_open, pairs) => {
            if *is_open { encoder.begin_map() } else { encoder.map(length_of(pairs)) }.unwrap();
            for (key, value) in pairs {
                encode(key, encoder);
                encode(value, encoder);
            }
            if *is_open {
                encoder.end().unwrap();
            }
        }
        _ => {}
    }
}

fn encoded(item: &Item) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encode(item, &mut encoder);
    encoder.into_writer()
}

/// Writes as the crate does, by its smallest steps.
fn write(item: &Item, writer: &mut Writer<'_>) {
    match item {
        Item::Unsigned(number) => writer.value(number),
        Item::Signed(number) => writer.value(number),
        Item::Bool(is_true) => writer.value(is_true),
        Item::Null => writer.value(&None::<u8>),
        Item::Text(text) => writer.value(text.as_str()),
        Item::Bytes(bytes) => writer.value(bytes.as_slice()),
        Item::List(true, _) => writer.begin_list(),
        Item::List(false, items) => writer.list(items.len()),
        Item::Map(true, _) => writer.begin_map(),
        Item::Map(false, pairs) => writer.map(pairs.len()),
        other => panic!("the crate does not write {other:?}"),
    }
    .unwrap();
    match item {
        Item::List(_, items) => items.iter().for_each(|item| write(item, writer)),
        Item::Map(_, pairs) => pairs.iter().for_each(|(key, value)| {
            write(key, writer);
            write(value, writer);
        }),
        _ => {}
    }
    if matches!(item, Item::List(true, _) | Item::Map(true, _)) {
        writer.end().unwrap();
    }
}

/// Reads a value in both ways: it is the same value that ends at the same byte, or none in both.
fn same<'b, T: Decode<'b> + PartialEq + std::fmt::Debug>(
    bytes: &'b [u8],
    peer: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
) {
    let mut reader = Reader::new(bytes);
    let mut decoder = Decoder::new(bytes);
    let read = reader.value::<T>().ok().map(|value| (value, reader.position()));
    let expected = peer(&mut decoder).ok().map(|value| (value, decoder.position()));
    assert_eq!(read, expected, "{bytes:02x?}");
}

fn same_in_every_type(bytes: &[u8]) {
    same(bytes, Decoder::u8);
    same(bytes, Decoder::u16);
    same(bytes, Decoder::u32);
    same(bytes, Decoder::u64);
    same(bytes, Decoder::i32);
    same(bytes, Decoder::i64);
    same(bytes, Decoder::bool);
    same(bytes, Decoder::str);
    same(bytes, Decoder::bytes);
}

/// Skips a value: how long it is.
fn skipped(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    reader.skip().ok().map(|()| reader.position())
}

/// Bytes with another at one place, and cut.
fn damaged(item: impl Strategy<Value = Item>) -> impl Strategy<Value = Vec<u8>> {
    (item, any::<Index>(), any::<u8>(), any::<Index>()).prop_map(|(item, place, byte, length)| {
        let mut bytes = encoded(&item);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        // Half of them whole.
        bytes.truncate(length.index(2 * bytes.len()).max(1));
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn written_alike(item in nested(plain())) {
        let expected = encoded(&item);
        let mut buffer = vec![0; expected.len()];
        let mut writer = Writer::new(&mut buffer);
        write(&item, &mut writer);
        prop_assert_eq!(writer.written(), expected.as_slice());
    }

    #[test]
    fn read_alike(item in prop_oneof![4 => plain(), 1 => other(), 1 => nested(plain())]) {
        same_in_every_type(&encoded(&item));
    }

    #[test]
    fn read_alike_when_damaged(bytes in damaged(prop_oneof![4 => plain(), 1 => other(), 1 => nested(plain())])) {
        same_in_every_type(&bytes);
    }

    #[test]
    fn any_bytes_read_alike(bytes in vec(any::<u8>(), 0..12)) {
        same_in_every_type(&bytes);
    }

    /// Whatever follows.
    #[test]
    fn whole_values_are_skipped(item in nested(prop_oneof![plain(), other()]), rest in vec(any::<u8>(), 0..3)) {
        let mut bytes = encoded(&item);
        let length = bytes.len();
        bytes.extend(rest);
        prop_assert_eq!(skipped(&bytes), Some(length));
        let mut decoder = Decoder::new(&bytes);
        prop_assert!(decoder.skip().is_ok());
        prop_assert_eq!(decoder.position(), length);
    }

    /// What minicbor does not skip, is not skipped here; but whether a text that nobody reads is UTF-8 is of no interest.
    #[test]
    fn damaged_values_are_refused(bytes in damaged(nested(prop_oneof![plain(), other()]))) {
        let mut decoder = Decoder::new(&bytes);
        let expected = decoder.skip();
        if let Some(length) = skipped(&bytes) {
            prop_assert!(length <= bytes.len());
            match expected {
                Ok(()) => prop_assert_eq!(decoder.position(), length),
                Err(error) => prop_assert!(error.to_string().contains("utf-8"), "{error}"),
            }
        }
    }
}
