//! Group 2 answered: statistics.

use super::Ask;
use crate::body::Request;
use crate::body::statistics::{GroupRequest, GroupResponse, ListRequest, ListResponse};
use crate::cbor::{Entries, List, Reader, Writer};
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// What a firmware counts.
///
/// For an example, see [`Server`](crate::Server).
pub trait Statistics {
    /// Whether there are any; `()` says that there are none.
    const ARE_THERE: bool = true;

    /// Returns the names of the groups.
    fn groups(&mut self) -> List<'_, &str>;

    /// Returns the names and values of a group; `None` if there is no such group.
    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>>;
}

/// None.
impl Statistics for () {
    const ARE_THERE: bool = false;

    fn groups(&mut self) -> List<'_, &str> {
        List::from(&[][..])
    }

    fn group(&mut self, _: &str) -> Option<Entries<'_, u64>> {
        None
    }
}

impl<T: Statistics> Statistics for &mut T {
    const ARE_THERE: bool = T::ARE_THERE;

    fn groups(&mut self) -> List<'_, &str> {
        (**self).groups()
    }

    fn group(&mut self, name: &str) -> Option<Entries<'_, u64>> {
        (**self).group(name)
    }
}

/// Answers a request of the group.
pub(super) fn handle<S: Statistics>(
    mut statistics: S,
    ask: &Ask<'_>,
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    const GROUP: u8 = GroupRequest::COMMAND.number;
    const LIST: u8 = ListRequest::COMMAND.number;
    if !S::ARE_THERE {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let mut request = Reader::new(ask.body);
    match (ask.request.command, ask.is_write) {
        (GROUP, false) => {
            let GroupRequest { name } = request.value()?;
            let fields = statistics.group(name).ok_or(GroupError::STATISTICS_INVALID_NAME)?;
            Ok(answer.put(&GroupResponse { name, fields })?)
        }
        (LIST, false) => {
            request.value::<ListRequest>()?;
            Ok(answer.put(&ListResponse { groups: statistics.groups() })?)
        }
        _ => Err(ReturnCode::NOT_SUPPORTED.into()),
    }
}
