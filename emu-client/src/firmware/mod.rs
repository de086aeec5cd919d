//! A meter's firmware: which images it holds, and the update; [`Firmware`] does it all.
//!
//! Source: the manual's chapter "Firmware-Update".

mod file;
mod images;

use emu_smp::ImageHash;
use emu_smp::client::{Update, UpdateOptions, Upload, UploadOptions};
use emu_smp::image::{EraseRequest, HashBytes, SetStateRequest, StateRequest};
use emu_smp::os::{EchoRequest, ParametersRequest, ParametersResponse, ResetRequest};

pub use self::file::{UpdateFile, UpdateFileError};
pub use self::images::{Image, Images};
use crate::smp::{Error, Run, Smp};

/// The firmware of a meter's communication module. Meter readings, and what matters to calibration, are not touched by
/// anything here, says the manual.
///
/// Made by [`Meter::firmware`](crate::Meter::firmware), or from an [`Smp`] with its own port and policy.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use emu_client::Meter;
/// use emu_client::emu_smp::client::UpdateOptions;
/// use emu_client::firmware::UpdateFile;
///
/// let file = UpdateFile::read("emu_professional_ii-1.0.9.bin".as_ref())?;
/// let mut firmware = Meter::new("192.168.1.20")?.firmware();
/// print!("{}", firmware.list().await?);
/// firmware.update(&file, UpdateOptions::default()).finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Firmware {
    smp: Smp,
}

impl From<Smp> for Firmware {
    fn from(smp: Smp) -> Self {
        Self { smp }
    }
}

impl Firmware {
    /// Lists the images.
    ///
    /// # Errors
    ///
    /// [`Error`] if the meter does not answer, or refuses. So for all that follow.
    pub async fn list(&mut self) -> Result<Images, Error> {
        self.smp.request(StateRequest, |state| Images::from(&state)).await
    }

    /// Marks an image to be started at the next reset, once. Returns the images.
    ///
    /// # Errors
    ///
    /// [`Error`], also if there is no such image, or it runs.
    pub async fn test(&mut self, hash: ImageHash) -> Result<Images, Error> {
        self.set_state(Some(hash), false).await
    }

    /// Confirms an image, to be started from now on: the one that runs, or another. Returns the images.
    ///
    /// # Errors
    ///
    /// [`Error`], also if there is no such image.
    pub async fn confirm(&mut self, hash: Option<ImageHash>) -> Result<Images, Error> {
        self.set_state(hash, true).await
    }

    /// Erases an image: that in a slot, or the one that does not run.
    ///
    /// # Errors
    ///
    /// [`Error`], also if the image may not be erased.
    pub async fn erase(&mut self, slot: Option<u32>) -> Result<(), Error> {
        self.smp.request(EraseRequest { slot }, drop).await
    }

    /// Restarts the communication module. The meter answers before it does.
    ///
    /// # Errors
    ///
    /// [`Error`]; the meter may have restarted nevertheless, if its answer was lost.
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.smp.request(ResetRequest { force: None, boot_mode: None }, drop).await
    }

    /// Has a text sent back: whether anybody is there, and how long the way is.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn echo(&mut self, text: &str) -> Result<String, Error> {
        self.smp.request(EchoRequest { text }, |response| response.text.to_owned()).await
    }

    /// Asks how large frames may be, and how many there may be.
    ///
    /// # Errors
    ///
    /// [`Error`], also if the meter's firmware is too old to say.
    pub async fn parameters(&mut self) -> Result<ParametersResponse, Error> {
        self.smp.request(ParametersRequest, |parameters| parameters).await
    }

    /// Uploads a file into the free slot, or over the image that is in it and does not run. What the meter has of the file from
    /// an earlier upload is not sent again.
    pub fn upload<'a>(&'a mut self, file: &'a UpdateFile, options: UploadOptions) -> Run<'a, Upload> {
        Run::new(&mut self.smp, file.bytes(), |session| Upload::new(session, &file.target(), options))
    }

    /// Does the whole update, from whatever state the meter is in: upload, test, reset, confirm. By the default
    /// [`Policy`](emu_smp::client::Policy) the meter is left alone for 120 s after the reset.
    pub fn update<'a>(&'a mut self, file: &'a UpdateFile, options: UpdateOptions) -> Run<'a, Update> {
        Run::new(&mut self.smp, file.bytes(), |session| Update::new(session, &file.target(), options))
    }

    /// Returns the SMP server, for whatever else it can be asked.
    #[must_use]
    pub fn smp(&mut self) -> &mut Smp {
        &mut self.smp
    }

    async fn set_state(&mut self, hash: Option<ImageHash>, confirm: bool) -> Result<Images, Error> {
        let request = SetStateRequest { hash: hash.as_ref().map(HashBytes::from), confirm: Some(confirm) };
        self.smp.request(request, |state| Images::from(&state)).await
    }
}
