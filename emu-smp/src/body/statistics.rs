//! Group 2, statistics: what a device counts.
//!
//! ```
//! use emu_smp::statistics::{ListRequest, ListResponse};
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! // Which groups are there? `GroupRequest` asks for the values of one.
//! let mut frame = [0; 16];
//! encode_request(&ListRequest, Version::V1, 1, &mut frame)?;
//! let ListResponse { groups } = decode_response::<ListRequest>(b"\xa1istat_list\x81msmp_svr_stats")??;
//! assert_eq!(groups.iter().collect::<Vec<_>>(), ["smp_svr_stats"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_2.rst`, and what 4.4.0 answers.

use super::{body, empty, requests};
use crate::cbor::{Entries, List};

body! {
    /// Asks for the values of a group of statistics.
    pub struct GroupRequest<'a> {
        /// The group's name.
        pub name: &'a str = "name",
    }

    /// The values of a group of statistics.
    ///
    /// ```
    /// use emu_smp::{Version, encode_request, decode_response, statistics::GroupRequest};
    ///
    /// let request = GroupRequest { name: "smp_svr_stats" };
    /// let mut frame = [0; 64];
    /// let length = encode_request(&request, Version::V1, 43, &mut frame)?;
    /// assert_eq!(&frame[..length], b"\x08\x00\x00\x14\x00\x02\x2b\x00\xa1\x64name\x6dsmp_svr_stats");
    ///
    /// let answer = b"\xbf\x64name\x6dsmp_svr_stats\x66fields\xbf\x65ticks\x0d\xff\xff";
    /// let values = decode_response::<GroupRequest>(answer)??.fields;
    /// assert_eq!(values.iter().next(), Some(("ticks", 13)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct GroupResponse<'a> {
        /// The group's name.
        pub name: &'a str = "name",
        /// The values by their names. They count from the last reset on, and start again at 0 behind 2^16, 2^32 or 2^64.
        pub fields: Entries<'a, u64> = "fields",
    }

    /// The groups of statistics that there are.
    pub struct ListResponse<'a> {
        /// Their names.
        pub groups: List<'a, &'a str> = "stat_list",
    }
}

empty! {
    /// Asks which groups of statistics there are.
    pub struct ListRequest;
}

requests! {
    GroupRequest<'r>: Read STATISTICS_GROUP => GroupResponse<'a>;
    ListRequest: Read STATISTICS_LIST => ListResponse<'a>;
}
