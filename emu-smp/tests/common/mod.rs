//! What several tests need: CBOR as data, read and written by other code than the crate's, in every form that there is.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, each of which uses its part")]

use serde_json::{Value, json};

/// A CBOR value, as far as bodies of frames hold them.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum Cbor {
    Number(i128),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Cbor>),
    Map(Pairs),
    /// False, true, null: 20 to 22.
    Simple(u8),
}

/// The keys and values of a map.
pub type Pairs = Vec<(Cbor, Cbor)>;

impl Cbor {
    /// Reads a value that is all of these bytes; also returns where each head and each break is, and the end.
    pub fn parse(bytes: &[u8]) -> (Self, Vec<usize>) {
        let mut parser = Parser { bytes, position: 0, starts: Vec::new() };
        let value = parser.value().expect("a value");
        assert_eq!(parser.position, bytes.len(), "trailing bytes");
        parser.starts.push(bytes.len());
        (value, parser.starts)
    }

    /// Writes the value; `is_indefinite` is asked for each map and list.
    pub fn write(&self, is_indefinite: &mut dyn FnMut() -> bool, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) if *number < 0 => head(1, u64::try_from(-1 - number).unwrap(), out),
            Self::Number(number) => head(0, u64::try_from(*number).unwrap(), out),
            Self::Bytes(bytes) => {
                head(2, bytes.len() as u64, out);
                out.extend(bytes);
            }
            Self::Text(text) => {
                head(3, text.len() as u64, out);
                out.extend(text.as_bytes());
            }
            Self::List(items) => container(4, items.len(), is_indefinite, out, |is_indefinite, out| {
                items.iter().for_each(|item| item.write(is_indefinite, out));
            }),
            Self::Map(pairs) => container(5, pairs.len(), is_indefinite, out, |is_indefinite, out| {
                for (key, value) in pairs {
                    key.write(is_indefinite, out);
                    value.write(is_indefinite, out);
                }
            }),
            Self::Simple(number) => head(7, u64::from(*number), out),
        }
    }

    /// The bytes with each map and list of definite length, or each of indefinite one.
    pub fn to_bytes(&self, is_indefinite: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut || is_indefinite, &mut out);
        out
    }

    /// Goes through each map within, the innermost first.
    pub fn each_map(&mut self, change: &mut dyn FnMut(&mut Pairs)) {
        match self {
            Self::List(items) => items.iter_mut().for_each(|item| item.each_map(change)),
            Self::Map(pairs) => {
                pairs.iter_mut().for_each(|(_, value)| value.each_map(change));
                change(pairs);
            }
            _ => {}
        }
    }

    /// The same with the keys of all maps in one order.
    pub fn sorted(mut self) -> Self {
        self.each_map(&mut |pairs| pairs.sort_by(|a, b| a.partial_cmp(b).expect("an order")));
        self
    }

    /// As the exchanges of the real server are noted.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Number(number) => json!(i64::try_from(*number).unwrap()),
            Self::Bytes(bytes) => json!({"$bytes": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}),
            Self::Text(text) => json!(text),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(pairs) => pairs
                .iter()
                .map(|(key, value)| {
                    let Self::Text(key) = key else { panic!("a key that is no text") };
                    (key.clone(), value.to_json())
                })
                .collect(),
            Self::Simple(20) => json!(false),
            Self::Simple(21) => json!(true),
            Self::Simple(_) => json!(null),
        }
    }
}

fn head(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    match number {
        0..24 => out.push(kind << 5 | bytes[7]),
        24..0x100 => out.extend([kind << 5 | 24, bytes[7]]),
        0x100..0x1_0000 => out.extend([kind << 5 | 25, bytes[6], bytes[7]]),
        0x1_0000..0x1_0000_0000 => {
            out.push(kind << 5 | 26);
            out.extend(&bytes[4..]);
        }
        _ => {
            out.push(kind << 5 | 27);
            out.extend(bytes);
        }
    }
}

fn container(
    kind: u8,
    length: usize,
    is_indefinite: &mut dyn FnMut() -> bool,
    out: &mut Vec<u8>,
    items: impl FnOnce(&mut dyn FnMut() -> bool, &mut Vec<u8>),
) {
    if is_indefinite() {
        out.push(kind << 5 | 31);
        items(is_indefinite, out);
        out.push(0xff);
    } else {
        head(kind, length as u64, out);
        items(is_indefinite, out);
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    position: usize,
    starts: Vec<usize>,
}

impl Parser<'_> {
    /// Reads a value; `None` is a break.
    fn value(&mut self) -> Option<Cbor> {
        self.starts.push(self.position);
        let first = self.take(1)[0];
        let argument = match first & 31 {
            short @ 0..24 => Some(u64::from(short)),
            31 => None,
            info => Some(self.take(1 << (info - 24)).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
        };
        Some(match (first >> 5, argument) {
            (0, Some(number)) => Cbor::Number(i128::from(number)),
            (1, Some(number)) => Cbor::Number(-1 - i128::from(number)),
            (2, Some(length)) => Cbor::Bytes(self.take(length as usize).to_vec()),
            (3, Some(length)) => Cbor::Text(String::from_utf8(self.take(length as usize).to_vec()).expect("UTF-8")),
            (4, length) => Cbor::List(self.until(length, Self::value)),
            (5, length) => Cbor::Map(self.until(length, |parser| {
                let key = parser.value()?;
                Some((key, parser.value().expect("a value behind the key")))
            })),
            (7, Some(number)) => Cbor::Simple(number as u8),
            (7, None) => return None,
            (kind, _) => panic!("no value of kind {kind}"),
        })
    }

    fn until<T>(&mut self, length: Option<u64>, mut next: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        match length {
            Some(length) => (0..length).map(|_| next(self).expect("an item")).collect(),
            None => std::iter::from_fn(|| next(self)).collect(),
        }
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.position;
        self.position += length;
        &self.bytes[start..self.position]
    }
}
