//! Group 11, transport: bridges from the transport that a request came by to another one of the device.
//!
//! It is there from Zephyr 4.5 on and may still change. A build can move it to a group of its own, from 64 on: write its
//! requests with [`encode_frame`](crate::encode_frame) then.
//!
//! ```
//! use emu_smp::transport::{
//!     ConfigurationRequest, ConfigurationResponse, DisconnectRequest, ListRequest, ListResponse, Mode, ModesRequest,
//!     ModesResponse, ParameterInfo, ParameterKind, StatusRequest, StatusResponse, TransportInfo,
//! };
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! // Which transports are there, with which modes and parameters? `ConnectRequest` bridges to one of them then.
//! let mut frame = [0; 64];
//! encode_request(&ListRequest, Version::V1, 1, &mut frame)?;
//! let ListResponse { transports } = decode_response::<ListRequest>(
//!     b"\xa1jtransports\x81\xa2bid\x03dnameibluetooth",
//! )??;
//! assert_eq!(transports.iter().next(), Some(TransportInfo { id: 3, name: Some("bluetooth") }));
//! encode_request(&ModesRequest { transport: 3 }, Version::V1, 2, &mut frame)?;
//! let ModesResponse { modes } = decode_response::<ModesRequest>(
//!     b"\xa1emodes\x81\xa3bid\x00kdescriptiondpeerhoutgoing\xf5",
//! )??;
//! let mode: Mode<'_> = modes.iter().next().unwrap();
//! encode_request(&ConfigurationRequest { mode: mode.id, transport: 3 }, Version::V1, 3, &mut frame)?;
//! let ConfigurationResponse { parameters } = decode_response::<ConfigurationRequest>(
//!     b"\xa1gconfigs\x81\xa3dnamegaddressdtype\x03hrequired\xf5",
//! )??;
//! let address = ParameterInfo { name: "address", kind: ParameterKind::TEXT, required: true };
//! assert_eq!(parameters.iter().next(), Some(address));
//!
//! // Is there a bridge? Then an end to it.
//! encode_request(&StatusRequest, Version::V1, 4, &mut frame)?;
//! let status = decode_response::<StatusRequest>(b"\xa4isupported\x01factive\x01gbridged\xf5itransport\x03")??;
//! assert_eq!(status, StatusResponse { supported: 1, active: 1, bridged: true, transport: Some(3) });
//! encode_request(&DisconnectRequest { all: None, transport: None }, Version::V1, 5, &mut frame)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_11.rst`, and `grp/transport_mgmt/transport_mgmt.h`.

use core::fmt;

use super::{Done, body, empty, named, requests};
use crate::cbor::{Decode, Encode, EncodeError, Entries, Kind, List, Malformed, Reader, Writer};

body! {
    /// Ends a bridge: without keys, that of the transport that the request comes by.
    pub struct DisconnectRequest {
        /// Whether to end all; not together with `transport`.
        pub all: Option<bool> = "all",
        /// The transport whose bridge is to be ended.
        pub transport: Option<u32> = "transport",
    }

    /// What bridges there are.
    pub struct StatusResponse {
        /// How many there can be at a time.
        pub supported: u32 = "supported",
        /// How many there are.
        pub active: u32 = "active",
        /// Whether the transport has one that the request came by.
        pub bridged: bool = "bridged" or false,
        /// The transport at its other end.
        pub transport: Option<u32> = "transport",
    }

    /// The transports that can be bridged.
    pub struct ListResponse<'a> {
        /// The transports.
        pub transports: List<'a, TransportInfo<'a>> = "transports",
    }

    /// A transport.
    pub struct TransportInfo<'a> {
        /// Its number.
        pub id: u32 = "id",
        /// Its name.
        pub name: Option<&'a str> = "name",
    }

    /// Asks what modes a transport has.
    pub struct ModesRequest {
        /// The transport's number.
        pub transport: u32 = "transport",
    }

    /// The modes of a transport.
    pub struct ModesResponse<'a> {
        /// The modes.
        pub modes: List<'a, Mode<'a>> = "modes",
    }

    /// A mode of a transport.
    pub struct Mode<'a> {
        /// Its number.
        pub id: u32 = "id",
        /// What it is.
        pub description: &'a str = "description",
        /// Whether bridges can start there.
        pub incoming: bool = "incoming" or false,
        /// Whether bridges can end there.
        pub outgoing: bool = "outgoing" or false,
    }

    /// Asks what parameters a mode of a transport takes.
    pub struct ConfigurationRequest {
        /// The mode's number.
        pub mode: u32 = "mode",
        /// The transport's number.
        pub transport: u32 = "transport",
    }

    /// The parameters of a mode.
    pub struct ConfigurationResponse<'a> {
        /// The parameters.
        pub parameters: List<'a, ParameterInfo<'a>> = "configs",
    }

    /// A parameter of a mode.
    pub struct ParameterInfo<'a> {
        /// Its name.
        pub name: &'a str = "name",
        /// What it is.
        pub kind: ParameterKind = "type",
        /// Whether it must be there.
        pub required: bool = "required" or false,
    }

    /// The keys of [`ConnectRequest`] that are always the same.
    struct ConnectKeys {
        mode: Option<u32> = "mode",
        transport: u32 = "transport",
    }
}

empty! {
    /// Asks what bridges there are.
    pub struct StatusRequest;

    /// Asks which transports can be bridged.
    pub struct ListRequest;
}

requests! {
    ConnectRequest<'r>: Write TRANSPORT_CONNECT => Done;
    DisconnectRequest: Write TRANSPORT_DISCONNECT => Done;
    StatusRequest: Read TRANSPORT_STATUS => StatusResponse;
    ListRequest: Read TRANSPORT_LIST => ListResponse<'a>;
    ModesRequest: Read TRANSPORT_MODES => ModesResponse<'a>;
    ConfigurationRequest: Read TRANSPORT_CONFIGURATION => ConfigurationResponse<'a>;
}

named! {
    /// What a parameter is.
    pub struct ParameterKind(u8), "type" {
        /// [`Parameter::Unsigned`].
        UNSIGNED = 0 "number from 0 up";
        /// [`Parameter::Signed`].
        SIGNED = 1 "number";
        /// [`Parameter::Bool`].
        BOOL = 2 "true or false";
        /// [`Parameter::Text`].
        TEXT = 3 "text";
        /// [`Parameter::Bytes`].
        BYTES = 4 "bytes";
    }
}

/// Bridges the transport that the request comes by to another one, with parameters that the other one defines.
///
/// ```
/// use emu_smp::transport::{ConnectRequest, Parameter};
/// use emu_smp::{Version, encode_request};
///
/// let parameters = [("address", Parameter::Text("c0:ff:ee")), ("random", Parameter::Bool(true))];
/// let request = ConnectRequest::new(3, None, &parameters);
/// assert_eq!(request.parameters().count(), 2);
/// let mut frame = [0; 64];
/// let length = encode_request(&request, Version::V1, 1, &mut frame)?;
/// assert_eq!(&frame[8..length], b"\xa3\x69transport\x03\x67address\x68c0:ff:ee\x66random\xf5");
/// # Ok::<(), emu_smp::EncodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ConnectRequest<'a> {
    /// The number of the transport at the other end.
    pub transport: u32,
    /// Its mode; without it, 0.
    pub mode: Option<u32>,
    /// The parameters, among which the other keys may be.
    parameters: Entries<'a, Parameter<'a>>,
}

impl<'a> ConnectRequest<'a> {
    /// Makes a request with these parameters. `mode` and `transport` are no names for one.
    #[must_use]
    pub fn new(transport: u32, mode: Option<u32>, parameters: &'a [(&'a str, Parameter<'a>)]) -> Self {
        Self { transport, mode, parameters: parameters.into() }
    }

    /// Returns the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, Parameter<'a>)> + Clone + use<'a> {
        self.parameters.iter().filter(|(name, _)| !matches!(*name, "mode" | "transport"))
    }
}

impl<'a> Decode<'a> for ConnectRequest<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.clone();
        let ConnectKeys { mode, transport } = reader.value()?;
        *reader = start;
        Ok(Self { transport, mode, parameters: reader.value()? })
    }
}

impl Encode for ConnectRequest<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let others = if self.mode.is_some() { 2_usize } else { 1 };
        writer.map(self.parameters().count().saturating_add(others))?;
        writer.field("mode", &self.mode)?;
        writer.field("transport", &self.transport)?;
        self.parameters().try_for_each(|(name, parameter)| writer.field(name, &parameter))
    }
}

impl fmt::Debug for ConnectRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Parameters<'a>(ConnectRequest<'a>);

        impl fmt::Debug for Parameters<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_map().entries(self.0.parameters()).finish()
            }
        }

        let mut shown = f.debug_struct("ConnectRequest");
        shown.field("transport", &self.transport).field("mode", &self.mode);
        shown.field("parameters", &Parameters(*self)).finish()
    }
}

impl PartialEq for ConnectRequest<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.transport, self.mode) == (other.transport, other.mode) && self.parameters().eq(other.parameters())
    }
}

/// As a map that has the parameters, too.
#[cfg(feature = "serde")]
impl serde::Serialize for ConnectRequest<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;

        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("transport", &self.transport)?;
        map.serialize_entry("mode", &self.mode)?;
        for (name, parameter) in self.parameters() {
            map.serialize_entry(name, &parameter)?;
        }
        map.end()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ConnectRequest<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "ConnectRequest {{ transport: {}, mode: {}, ", self.transport, self.mode);
        for (name, parameter) in self.parameters() {
            defmt::write!(f, "{}: {}, ", name, parameter);
        }
        defmt::write!(f, "}}");
    }
}

/// A parameter of a transport, as in [`ConnectRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Parameter<'a> {
    /// A number from 0 up.
    Unsigned(u64),
    /// A number below 0.
    Signed(i64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Bytes.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
    Bytes(&'a [u8]),
}

impl Encode for Parameter<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Unsigned(number) => writer.put(number),
            Self::Signed(number) => writer.put(number),
            Self::Bool(is_true) => writer.put(is_true),
            Self::Text(text) => writer.put(*text),
            Self::Bytes(bytes) => writer.put(*bytes),
        }
    }
}

impl<'a> Decode<'a> for Parameter<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        match reader.kind() {
            Some(Kind::Unsigned) => reader.value().map(Self::Unsigned),
            Some(Kind::Negative) => reader.value().map(Self::Signed),
            Some(Kind::Simple) => reader.value().map(Self::Bool),
            Some(Kind::Text) => reader.value().map(Self::Text),
            Some(Kind::Bytes) => reader.value().map(Self::Bytes),
            _ => Err(reader.unexpected("a number, true, false, a text or bytes")),
        }
    }
}
