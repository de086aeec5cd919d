//! Group 10, enumeration: which groups a server has.
//!
//! ```
//! use emu_smp::enumeration::{
//!     GroupByIndexRequest, GroupByIndexResponse, GroupCountRequest, GroupCountResponse, GroupDetails, GroupDetailsRequest,
//!     GroupDetailsResponse, GroupListRequest, GroupListResponse,
//! };
//! use emu_smp::{Group, Version, decode_response, encode_request};
//!
//! // How many groups are there, which, and what do they say of themselves?
//! let mut frame = [0; 32];
//! encode_request(&GroupCountRequest, Version::V1, 1, &mut frame)?;
//! assert_eq!(decode_response::<GroupCountRequest>(b"\xa1ecount\x02")??, GroupCountResponse { count: 2 });
//! encode_request(&GroupListRequest, Version::V1, 2, &mut frame)?;
//! let GroupListResponse { groups } = decode_response::<GroupListRequest>(b"\xa1fgroups\x82\x00\x01")??;
//! assert!(groups.iter().any(|group| group == Group::IMAGE));
//! encode_request(&GroupByIndexRequest { index: Some(1) }, Version::V1, 3, &mut frame)?;
//! let second = decode_response::<GroupByIndexRequest>(b"\xa2egroup\x01cend\xf5")??;
//! assert_eq!(second, GroupByIndexResponse { group: Group::IMAGE, end: Some(true) });
//! encode_request(&GroupDetailsRequest { groups: None }, Version::V1, 4, &mut frame)?;
//! let GroupDetailsResponse { groups } = decode_response::<GroupDetailsRequest>(
//!     b"\xa1fgroups\x81\xa3egroup\x00dnamegos mgmthhandlers\x09",
//! )??;
//! let first = groups.iter().next();
//! assert_eq!(first, Some(GroupDetails { group: Group::OS, name: Some("os mgmt"), handlers: Some(9) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_10.rst`, and what 4.4.0 answers.

use super::{body, empty, requests};
use crate::cbor::List;
use crate::command::Group;

body! {
    /// How many groups there are.
    pub struct GroupCountResponse {
        /// How many.
        pub count: u16 = "count",
    }

    /// The groups that there are.
    pub struct GroupListResponse<'a> {
        /// The groups, in the server's order.
        pub groups: List<'a, Group> = "groups",
    }

    /// Asks for one group of the list.
    pub struct GroupByIndexRequest {
        /// Its place in the server's order; without it, the first.
        pub index: Option<u16> = "index",
    }

    /// One group of the list.
    pub struct GroupByIndexResponse {
        /// The group.
        pub group: Group = "group",
        /// Whether it is the last.
        pub end: Option<bool> = "end",
    }

    /// Asks what groups say of themselves.
    ///
    /// ```
    /// use emu_smp::{Group, Version, encode_request, enumeration::GroupDetailsRequest};
    ///
    /// let request = GroupDetailsRequest { groups: Some([Group::OS, Group::IMAGE].as_slice().into()) };
    /// let mut frame = [0; 32];
    /// let length = encode_request(&request, Version::V1, 68, &mut frame)?;
    /// assert_eq!(&frame[..length], b"\x08\x00\x00\x0b\x00\x0a\x44\x03\xa1\x66groups\x82\x00\x01");
    /// # Ok::<(), emu_smp::EncodeError>(())
    /// ```
    pub struct GroupDetailsRequest<'a> {
        /// Which; without it, all. Those that the server does not have are left out of the response.
        pub groups: Option<List<'a, Group>> = "groups",
    }

    /// What groups say of themselves.
    pub struct GroupDetailsResponse<'a> {
        /// The groups.
        pub groups: List<'a, GroupDetails<'a>> = "groups",
    }

    /// What a group says of itself. Keys that an application adds are skipped.
    pub struct GroupDetails<'a> {
        /// The group.
        pub group: Group = "group",
        /// Its name, as in `os mgmt`.
        pub name: Option<&'a str> = "name",
        /// How many numbers for commands it has, gaps included.
        pub handlers: Option<u8> = "handlers",
    }
}

empty! {
    /// Asks how many groups there are.
    pub struct GroupCountRequest;

    /// Asks which groups there are.
    pub struct GroupListRequest;
}

requests! {
    GroupCountRequest: Read GROUP_COUNT => GroupCountResponse;
    GroupListRequest: Read GROUP_LIST => GroupListResponse<'a>;
    GroupByIndexRequest: Read GROUP_BY_INDEX => GroupByIndexResponse;
    GroupDetailsRequest<'r>: Read GROUP_DETAILS => GroupDetailsResponse<'a>;
}
