//! As much CBOR as the model needs, written without the crate's.

/// A value of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(u64),
    Bytes(Vec<u8>),
    Text(String),
    Map(Vec<(String, Value)>),
    Bool(bool),
    Null,
}

impl Value {
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn number(&self, key: &str) -> Option<u32> {
        match self.get(key) {
            Some(Value::Number(number)) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    pub fn bytes(&self, key: &str) -> Option<&[u8]> {
        match self.get(key) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads a body; `None` if it is none.
pub fn parse(body: &[u8]) -> Option<Value> {
    let mut rest = body;
    let value = value(&mut rest)?;
    rest.is_empty().then_some(value)
}

fn value(rest: &mut &[u8]) -> Option<Value> {
    let (&first, behind) = rest.split_first()?;
    *rest = behind;
    match first {
        0xf4 | 0xf5 => return Some(Value::Bool(first == 0xf5)),
        0xf6 => return Some(Value::Null),
        _ => {}
    }
    let argument = match first & 0x1f {
        small @ 0..=23 => u64::from(small),
        size @ 24..=27 => {
            let length = 1 << (size - 24);
            let bytes = rest.get(..length)?;
            *rest = &rest[length..];
            bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
        }
        _ => return None,
    };
    let length = usize::try_from(argument).ok()?;
    match first >> 5 {
        0 => Some(Value::Number(argument)),
        kind @ (2 | 3) => {
            let bytes = rest.get(..length)?.to_vec();
            *rest = &rest[length..];
            if kind == 2 { Some(Value::Bytes(bytes)) } else { String::from_utf8(bytes).ok().map(Value::Text) }
        }
        5 => {
            let mut pairs = Vec::new();
            for _ in 0..length {
                let Value::Text(key) = value(rest)? else { return None };
                pairs.push((key, value(rest)?));
            }
            Some(Value::Map(pairs))
        }
        _ => None,
    }
}

/// Writes a body in the way of Zephyr: maps and lists of indefinite length.
#[derive(Debug, Default)]
pub struct Body(pub Vec<u8>);

impl Body {
    pub fn map(fill: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut body = Self::default();
        body.open_map(fill);
        body.0
    }

    pub fn open_map(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0.push(0xbf);
        fill(self);
        self.0.push(0xff);
    }

    pub fn list(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.text(key);
        self.0.push(0x9f);
        fill(self);
        self.0.push(0xff);
    }

    pub fn number(&mut self, key: &str, number: u32) {
        self.text(key);
        self.head(0, number);
    }

    pub fn flag(&mut self, key: &str, flag: bool) {
        self.text(key);
        self.0.push(if flag { 0xf5 } else { 0xf4 });
    }

    pub fn string(&mut self, key: &str, text: &str) {
        self.text(key);
        self.text(text);
    }

    pub fn bytes(&mut self, key: &str, bytes: &[u8]) {
        self.text(key);
        self.head(2, bytes.len() as u32);
        self.0.extend(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.head(3, text.len() as u32);
        self.0.extend(text.as_bytes());
    }

    pub fn head(&mut self, kind: u8, number: u32) {
        let kind = kind << 5;
        match number {
            0..=23 => self.0.push(kind | number as u8),
            24..=0xff => self.0.extend([kind | 24, number as u8]),
            0x100..=0xffff => {
                self.0.push(kind | 25);
                self.0.extend((number as u16).to_be_bytes());
            }
            _ => {
                self.0.push(kind | 26);
                self.0.extend(number.to_be_bytes());
            }
        }
    }
}
