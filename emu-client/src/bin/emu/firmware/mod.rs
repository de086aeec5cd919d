//! `emu firmware`: the images of a meter, and the update.

pub(crate) mod args;
mod info;
mod update;
mod verify;

use std::path::Path;

use emu_client::emu_smp::ImageHash;
use emu_client::emu_smp::client::UploadOptions;
use emu_client::firmware::{Firmware, Images, UpdateFile, UpdateFileError};
use emu_client::smp::Moment;

use self::args::FirmwareCommand;
use crate::exit::{Exit, Failure};
use crate::smp::args::SmpArgs;
use crate::smp::{block_on, damage, json, print, print_done, smp};
use crate::stderr;
use crate::transfer::TransferBar;

pub(crate) fn run(command: &FirmwareCommand) -> Result<Exit, Failure> {
    match command {
        FirmwareCommand::List(args) => block_on(async {
            let images = firmware(args)?.list().await?;
            show(args, &images)
        }),
        FirmwareCommand::Upload { smp, file } => block_on(upload(smp, file)),
        FirmwareCommand::Test { smp, hash } => block_on(async {
            let mut firmware = firmware(smp)?;
            let hash = find(&mut firmware, hash).await?;
            show(smp, &firmware.test(hash).await?)
        }),
        FirmwareCommand::Confirm { smp, hash } => block_on(async {
            let mut firmware = firmware(smp)?;
            let hash = match hash {
                Some(hash) => Some(find(&mut firmware, hash).await?),
                None => None,
            };
            show(smp, &firmware.confirm(hash).await?)
        }),
        FirmwareCommand::Erase { smp, slot } => block_on(async {
            let mut firmware = firmware(smp)?;
            knock(&mut firmware).await?;
            firmware.erase(*slot).await?;
            done(smp)
        }),
        FirmwareCommand::Reset(args) => block_on(async {
            firmware(args)?.reset().await?;
            done(args)
        }),
        FirmwareCommand::Update(args) => block_on(update::run(args)),
        FirmwareCommand::Verify { file, json } => verify::run(file, *json),
        FirmwareCommand::Info(args) => block_on(info::run(args)),
    }
}

fn firmware(args: &SmpArgs) -> Result<Firmware, Failure> {
    smp(args).map(Firmware::from)
}

/// Asks whether anybody is there, before something for which a meter may be silent for long.
async fn knock(firmware: &mut Firmware) -> Result<(), Failure> {
    firmware.list().await?;
    Ok(())
}

async fn upload(args: &SmpArgs, file: &Path) -> Result<Exit, Failure> {
    let file = UpdateFile::read(file)?;
    let mut firmware = firmware(args)?;
    knock(&mut firmware).await?;
    let mut upload = firmware.upload(&file, UploadOptions::default());
    let bar = TransferBar::new();
    while let Some(moment) = upload.next().await? {
        if let Moment::Progress(progress) = moment {
            bar.show(progress);
        }
    }
    upload.finish().await?;
    bar.finish();
    if let Some(damage) = damage(firmware.smp()) {
        stderr::say(&damage);
    }
    done(args)
}

/// Prints the images.
fn show(args: &SmpArgs, images: &Images) -> Result<Exit, Failure> {
    if args.options.json { print(&json(images)?) } else { print(&images.to_string()) }
}

fn done(args: &SmpArgs) -> Result<Exit, Failure> {
    print_done(args.options.json)
}

/// Finds the image's hash that starts with these digits. A whole hash is taken as it is.
async fn find(firmware: &mut Firmware, digits: &str) -> Result<ImageHash, Failure> {
    if let Ok(hash) = digits.parse() {
        return Ok(hash);
    }
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(Failure::usage(format!("invalid HASH: expected hexadecimal digits, not {digits:?}")));
    }
    let images = firmware.list().await?;
    let mut hashes: Vec<ImageHash> = images.with_prefix(digits).filter_map(|image| image.hash).collect();
    hashes.dedup();
    match hashes[..] {
        [hash] => Ok(hash),
        [] => Err(Failure::failed(format!(
            "no image of the meter has a hash that starts with {digits}\n{}",
            shown(&images)
        ))),
        _ => Err(Failure::failed(format!("several images have a hash that starts with {digits}\n{}", shown(&images)))),
    }
}

/// The images at the end of a message, which ends its line itself.
fn shown(images: &Images) -> String {
    images.to_string().trim_end_matches('\n').to_owned()
}

impl From<UpdateFileError> for Failure {
    fn from(error: UpdateFileError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::failed(format!("{error}{cause}"))
    }
}
