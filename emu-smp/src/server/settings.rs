//! Group 3 answered: settings.

use super::Ask;
use crate::body::settings::{
    CommitRequest, DeleteRequest, LoadRequest, ReadRequest, ReadResponse, SaveRequest, WriteRequest,
};
use crate::body::{Done, Request};
use crate::cbor::{Reader, Writer};
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A firmware's settings. What is not implemented is refused.
///
/// For an example, see [`Server`](crate::Server).
pub trait Settings {
    /// Whether there are any; `()` says that there are none.
    const ARE_THERE: bool = true;

    /// The longest name; longer ones are refused.
    const MAX_NAME_LENGTH: usize = 64;

    /// Returns a setting.
    ///
    /// # Errors
    ///
    /// [`GroupError::SETTINGS_ROOT_KEY_NOT_FOUND`], or what else is against it.
    fn read(&mut self, name: &str) -> Result<&[u8], Refusal<'static>>;

    /// Changes a setting.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn write(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal<'static>> {
        let _ = (name, value);
        Err(GroupError::SETTINGS_WRITE_NOT_SUPPORTED.into())
    }

    /// Deletes a setting.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn delete(&mut self, name: &str) -> Result<(), Refusal<'static>> {
        let _ = name;
        Err(GroupError::SETTINGS_DELETE_NOT_SUPPORTED.into())
    }

    /// Applies what was written. By default it is applied at once, and there is nothing to do.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn commit(&mut self) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    /// Loads what was saved. By default nothing happens.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn load(&mut self) -> Result<(), Refusal<'static>> {
        Ok(())
    }

    /// Saves settings: all, or those whose names start with this.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn save(&mut self, name: Option<&str>) -> Result<(), Refusal<'static>> {
        let _ = name;
        Err(GroupError::SETTINGS_SAVE_NOT_SUPPORTED.into())
    }
}

/// None.
impl Settings for () {
    const ARE_THERE: bool = false;

    fn read(&mut self, _: &str) -> Result<&[u8], Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl<T: Settings> Settings for &mut T {
    const ARE_THERE: bool = T::ARE_THERE;
    const MAX_NAME_LENGTH: usize = T::MAX_NAME_LENGTH;

    fn read(&mut self, name: &str) -> Result<&[u8], Refusal<'static>> {
        (**self).read(name)
    }

    fn write(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal<'static>> {
        (**self).write(name, value)
    }

    fn delete(&mut self, name: &str) -> Result<(), Refusal<'static>> {
        (**self).delete(name)
    }

    fn commit(&mut self) -> Result<(), Refusal<'static>> {
        (**self).commit()
    }

    fn load(&mut self) -> Result<(), Refusal<'static>> {
        (**self).load()
    }

    fn save(&mut self, name: Option<&str>) -> Result<(), Refusal<'static>> {
        (**self).save(name)
    }
}

/// Answers a request of the group.
pub(super) fn handle<S: Settings>(
    mut settings: S,
    ask: &Ask<'_>,
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    const SETTING: u8 = ReadRequest::COMMAND.number;
    const DELETE: u8 = DeleteRequest::COMMAND.number;
    const COMMIT: u8 = CommitRequest::COMMAND.number;
    const STORAGE: u8 = SaveRequest::COMMAND.number;
    if !S::ARE_THERE {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let mut request = Reader::new(ask.body);
    match (ask.request.command, ask.is_write) {
        (SETTING, false) => {
            let ReadRequest { name, max_size } = request.value()?;
            let value = settings.read(checked::<S>(name)?)?;
            let most = max_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
            let value = value.get(..most).unwrap_or(value);
            return Ok(answer.put(&ReadResponse { value, max_size: None })?);
        }
        (SETTING, true) => {
            let WriteRequest { name, value } = request.value()?;
            settings.write(checked::<S>(name)?, value)?;
        }
        (DELETE, true) => {
            let DeleteRequest { name } = request.value()?;
            settings.delete(checked::<S>(name)?)?;
        }
        (COMMIT, true) => {
            request.value::<CommitRequest>()?;
            settings.commit()?;
        }
        (STORAGE, false) => {
            request.value::<LoadRequest>()?;
            settings.load()?;
        }
        (STORAGE, true) => {
            let SaveRequest { name } = request.value()?;
            settings.save(name.map(checked::<S>).transpose()?)?;
        }
        _ => return Err(ReturnCode::NOT_SUPPORTED.into()),
    }
    Ok(answer.put(&Done)?)
}

/// Refuses a name that is too long.
fn checked<S: Settings>(name: &str) -> Result<&str, Refusal<'static>> {
    if name.len() > S::MAX_NAME_LENGTH { Err(GroupError::SETTINGS_KEY_TOO_LONG.into()) } else { Ok(name) }
}
