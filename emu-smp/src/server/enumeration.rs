//! Group 10 answered: which groups there are.

use super::Ask;
use super::files::Files;
use super::firmware::Firmware;
use super::settings::Settings;
use super::shell::Shell;
use super::slots::ImageSlots;
use super::statistics::Statistics;
use crate::body::Request;
use crate::body::enumeration::{
    GroupByIndexRequest, GroupByIndexResponse, GroupCountRequest, GroupCountResponse, GroupDetails,
    GroupDetailsRequest, GroupListRequest,
};
use crate::cbor::{List, Reader, Writer};
use crate::command::Group;
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// Answers a request of the group.
pub(super) fn handle<F: Firmware>(
    firmware: &mut F,
    ask: &Ask<'_>,
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    const COUNT: u8 = GroupCountRequest::COMMAND.number;
    const LIST: u8 = GroupListRequest::COMMAND.number;
    const BY_INDEX: u8 = GroupByIndexRequest::COMMAND.number;
    const DETAILS: u8 = GroupDetailsRequest::COMMAND.number;
    if !F::HAS_ENUMERATION {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let mut request = Reader::new(ask.body);
    let mut groups = groups(firmware);
    let count = u16::try_from(groups.clone().count()).unwrap_or(u16::MAX);
    match (ask.request.command, ask.is_write) {
        (COUNT, false) => {
            request.value::<GroupCountRequest>()?;
            answer.put(&GroupCountResponse { count })?;
        }
        (LIST, false) => {
            request.value::<GroupListRequest>()?;
            answer.map(1)?;
            answer.put("groups")?;
            answer.list(usize::from(count))?;
            groups.try_for_each(|details| answer.put(&details.group))?;
        }
        (BY_INDEX, false) => {
            let index = request.value::<GroupByIndexRequest>()?.index.unwrap_or(0);
            let group = groups.nth(usize::from(index)).ok_or(GroupError::ENUMERATION_INDEX_TOO_LARGE)?.group;
            let end = (index.saturating_add(1) == count).then_some(true);
            answer.put(&GroupByIndexResponse { group, end })?;
        }
        (DETAILS, false) => {
            let wanted = request.value::<GroupDetailsRequest<'_>>()?.groups;
            let is_wanted = |details: &GroupDetails<'_>| is_among(wanted, details.group);
            answer.map(1)?;
            answer.put("groups")?;
            answer.begin_list()?;
            groups.filter(is_wanted).try_for_each(|details| answer.put(&details))?;
            answer.end()?;
        }
        _ => return Err(ReturnCode::NOT_SUPPORTED.into()),
    }
    Ok(())
}

fn is_among(wanted: Option<List<'_, Group>>, group: Group) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(|wanted| wanted == group))
}

/// Goes through the groups that a firmware has: the server's own, then its.
fn groups<F: Firmware>(firmware: &mut F) -> impl Iterator<Item = GroupDetails<'static>> + Clone + use<F> {
    let known = [
        details(Group::OS, "os mgmt", 9, true),
        details(Group::IMAGE, "img mgmt", 7, are_slots(firmware.images())),
        details(Group::STATISTICS, "stat mgmt", 2, are_statistics(firmware.statistics())),
        details(Group::SETTINGS, "settings mgmt", 4, are_settings(firmware.settings())),
        details(Group::FILE_SYSTEM, "fs mgmt", 5, are_files(firmware.files())),
        details(Group::SHELL, "shell mgmt", 1, is_shell(firmware.shell())),
        details(Group::ENUMERATION, "enum mgmt", 4, true),
    ];
    let own = F::OTHER_GROUPS.iter().map(|group| GroupDetails { group: *group, name: None, handlers: None });
    known.into_iter().flatten().chain(own)
}

/// Of a group, how many numbers for commands it has, unless it is not there.
fn details(group: Group, name: &'static str, handlers: u8, is_there: bool) -> Option<GroupDetails<'static>> {
    is_there.then_some(GroupDetails { group, name: Some(name), handlers: Some(handlers) })
}

fn are_slots<T: ImageSlots>(_: T) -> bool {
    T::ARE_THERE
}

fn are_statistics<T: Statistics>(_: T) -> bool {
    T::ARE_THERE
}

fn are_settings<T: Settings>(_: T) -> bool {
    T::ARE_THERE
}

fn are_files<T: Files>(_: T) -> bool {
    T::ARE_THERE
}

fn is_shell<T: Shell>(_: T) -> bool {
    T::IS_THERE
}
