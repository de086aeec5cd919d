//! `emu firmware update`: the vendor's `update.cmd`, for every system.

use std::io::{self, BufRead, IsTerminal};
use std::time::Instant;

use emu_client::emu_smp::client::{Policy, UpdateEvent, UpdateOptions, UpdateStep, Updated, UploadOptions};
use emu_client::firmware::{Firmware, UpdateFile};
use emu_client::smp::Moment;

use super::args::UpdateArgs;
use super::{show, verify};
use crate::exit::{Exit, Failure};
use crate::smp::{damage, smp};
use crate::stderr;
use crate::transfer::TransferBar;

pub(super) async fn run(args: &UpdateArgs) -> Result<Exit, Failure> {
    if !args.yes && !io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to be asked before the restart; in a script, give --yes"));
    }
    let file = UpdateFile::read(&args.file)?;
    stderr::show(&verify::describe(&file));
    let server = smp(&args.smp)?;
    let policy = Policy {
        reset_wait: args.wait,
        return_wait: args.wait.max(Policy::DEFAULT.return_wait),
        ..*server.session().policy()
    };
    let mut firmware = Firmware::from(server.policy(policy));
    stderr::show(&firmware.list().await?.to_string());

    let options = UpdateOptions {
        allow_old_firmware: args.allow_old_firmware,
        allow_downgrade: args.allow_downgrade,
        erase_if_full: args.erase,
        hold_before_reset: !args.yes,
        erase_old: args.erase_old,
        upload: UploadOptions::default(),
    };
    let mut update = firmware.update(&file, options);
    let bar = TransferBar::new();
    let mut began = Instant::now();
    loop {
        match update.next().await? {
            Some(Moment::Progress(progress)) => bar.show(progress),
            Some(Moment::Event(event)) => {
                if event == UpdateEvent::Step(UpdateStep::Uploading) {
                    began = Instant::now();
                }
                if event == UpdateEvent::Step(UpdateStep::Verifying) {
                    bar.finish();
                    bar.say(&format!("uploaded in {:.1} s", began.elapsed().as_secs_f64()));
                }
                if let Some(sentence) = sentence(&event) {
                    bar.say(&sentence);
                }
                match event {
                    UpdateEvent::LeftAlone { .. } => bar.wait("waiting for the meter to come back"),
                    UpdateEvent::Back { .. } | UpdateEvent::Failed(_) => bar.finish(),
                    _ => {}
                }
            }
            None if update.is_held() => {
                if !bar.pause(ask)? {
                    bar.finish();
                    stderr::say(
                        "not restarted: the new image is marked, and starts once when the module restarts for whatever reason; run the same again to go on",
                    );
                    return Ok(Exit::Incomplete);
                }
                update.proceed();
            }
            None => break,
        }
    }
    bar.finish();
    let updated = update.finish().await?;
    stderr::say(outcome(updated));
    let images = firmware.list().await?;
    if let Some(damage) = damage(firmware.smp()) {
        stderr::say(&damage);
    }
    show(&args.smp, &images)
}

/// Asks whether to go on.
fn ask() -> Result<bool, Failure> {
    let fail = |error: io::Error| Failure::failed(format!("cannot ask: {error}"));
    stderr::show("Restart the communication module now, with the new image? Metering goes on meanwhile. [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(fail)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "j" | "ja"))
}

/// What is said of an event; not all are worth a word.
fn sentence(event: &UpdateEvent) -> Option<String> {
    Some(match event {
        UpdateEvent::AlreadyThere { slot } => format!("the image is in slot {slot} already, and need not be uploaded"),
        UpdateEvent::UploadLost { offset } => {
            format!("the meter has lost the upload at byte {offset}; it starts again")
        }
        UpdateEvent::LeftAlone { wait } => {
            format!("the communication module restarts with the new image; it is left alone for {} s", wait.as_secs())
        }
        UpdateEvent::Back { after } => format!("the meter is back after {} s, and runs the new image", after.as_secs()),
        UpdateEvent::Step(step) => match step {
            UpdateStep::Erasing => "erasing the image that does not run",
            UpdateStep::Uploading => "uploading",
            UpdateStep::Verifying => "comparing the hash",
            UpdateStep::Testing => "marking the image to be started once",
            UpdateStep::Confirming => "confirming the image",
            UpdateStep::ErasingOld => "erasing the old image",
            _ => return None,
        }
        .to_owned(),
        _ => return None,
    })
}

fn outcome(updated: Updated) -> &'static str {
    match updated {
        Updated::NothingToDo => "the meter runs this image already, confirmed: nothing to do",
        Updated::Confirmed => "the meter ran this image already; it is confirmed now",
        _ => "updated: the meter runs the new image, confirmed",
    }
}
