//! `emu smp`: whatever else a meter's SMP server can be asked.

pub(crate) mod args;
mod files;
mod hex;

use std::fmt;
use std::io;

use emu_client::emu_smp::client::{self, Policy};
use emu_client::emu_smp::enumeration::{GroupListRequest, GroupListResponse};
use emu_client::emu_smp::os::{EchoRequest, ParametersRequest, ParametersResponse};
use emu_client::emu_smp::shell::ExecuteRequest;
use emu_client::emu_smp::{Command, Group, List, Operation, RawRequest, Request, Version, settings, statistics};
use emu_client::smp::{Error, ErrorKind, InvalidLocation, Location, Smp};
use serde::Serialize;

use self::args::{RawOperation, SettingsCommand, SmpArgs, SmpCommand, SmpCommandArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

pub(crate) fn run(args: &SmpCommandArgs) -> Result<Exit, Failure> {
    let smp = smp(&args.smp)?;
    block_on(command(smp, args))
}

/// Makes the server of the command line.
pub(crate) fn smp(args: &SmpArgs) -> Result<Smp, Failure> {
    let options = &args.options;
    let location: Location =
        args.meter.parse().map_err(|error: InvalidLocation| Failure::usage(format!("invalid METER: {error}")))?;
    let mut smp = match options.smp_port {
        Some(_) if !location.is_network() => {
            return Err(Failure::usage("--smp-port is a port in the network; a serial line has none"));
        }
        Some(port) => Smp::new(location).port(port),
        None => Smp::new(location),
    };
    if let Some(bytes) = options.largest_frame {
        smp = smp.largest_frame(bytes);
    }
    let policy = *smp.session().policy();
    let erase_wait = policy.erase_wait.max(options.timeout);
    let version = if options.smp_version == 0 { Version::V0 } else { Version::V1 };
    Ok(smp.version(version).policy(Policy { give_up: options.timeout, erase_wait, ..policy }))
}

pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(work)
}

async fn command(mut smp: Smp, args: &SmpCommandArgs) -> Result<Exit, Failure> {
    let mut show = Show { smp: &mut smp, is_json: args.smp.options.json };
    match &args.command {
        SmpCommand::Echo { text } => show.ask(EchoRequest { text }, |echo| format!("{}\n", plain(echo.text))).await,
        SmpCommand::Params => {
            let text = |parameters: &ParametersResponse| {
                format!("buffer size: {} bytes\nbuffers: {}\n", parameters.buffer_size, parameters.buffer_count)
            };
            show.ask(ParametersRequest, text).await
        }
        SmpCommand::Stats { name: None } => {
            show.ask(statistics::ListRequest, |list| lines(list.groups.iter().map(plain))).await
        }
        SmpCommand::Stats { name: Some(name) } => {
            let text = |group: &statistics::GroupResponse<'_>| {
                lines(group.fields.iter().map(|(name, value)| format!("{}: {value}", plain(name))))
            };
            show.ask(statistics::GroupRequest { name }, text).await
        }
        SmpCommand::Settings { command } => settings_command(&mut show, command).await,
        SmpCommand::Fs { command } => files::run(&mut show, command).await,
        SmpCommand::Shell { words } => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut code = 0;
            let request = ExecuteRequest { arguments: List::from(&words[..]) };
            show.ask(request, |response| {
                code = response.exit_code;
                let output = response.output.trim_start_matches(['\r', '\n']);
                output.lines().fold(String::new(), |text, line| text + &plain(line) + "\n")
            })
            .await?;
            Ok(if code == 0 { Exit::Complete } else { Exit::Failed })
        }
        SmpCommand::Groups => {
            let text = |groups: &GroupListResponse<'_>| {
                lines(groups.groups.iter().map(|group| format!("{} {group}", group.0)))
            };
            show.ask(GroupListRequest, text).await
        }
        SmpCommand::Raw { operation, group, command, body } => {
            let body = hex::bytes(body).map_err(|error| Failure::usage(format!("invalid BODY: {error}")))?;
            let operation = match operation {
                RawOperation::Read => Operation::Read,
                RawOperation::Write => Operation::Write,
            };
            let command = Command { group: Group(*group), number: *command };
            let answer =
                show.smp.request(RawRequest { operation, command, body: &body }, |answer| hex::digits(answer.0));
            let digits = answer.await?;
            print(&if show.is_json { json(&serde_json::json!({ "body": digits }))? } else { digits + "\n" })
        }
    }
}

async fn settings_command(show: &mut Show<'_>, command: &SettingsCommand) -> Result<Exit, Failure> {
    match command {
        SettingsCommand::Read { name } => {
            let request = settings::ReadRequest { name, max_size: None };
            show.ask(request, |setting| format!("{}\n", hex::digits(setting.value))).await
        }
        SettingsCommand::Write { name, value } => {
            let value = hex::bytes(value).map_err(|error| Failure::usage(format!("invalid VALUE: {error}")))?;
            show.act(settings::WriteRequest { name, value: &value }).await
        }
        SettingsCommand::Delete { name } => show.act(settings::DeleteRequest { name }).await,
        SettingsCommand::Commit => show.act(settings::CommitRequest).await,
        SettingsCommand::Load => show.act(settings::LoadRequest).await,
        SettingsCommand::Save { name } => show.act(settings::SaveRequest { name: name.as_deref() }).await,
    }
}

/// Asks, and prints the answer.
struct Show<'a> {
    smp: &'a mut Smp,
    is_json: bool,
}

impl Show<'_> {
    /// Asks, and prints the response: as JSON if that is wanted, else as `text` puts it.
    async fn ask<R>(&mut self, request: R, text: impl FnOnce(&R::Response<'_>) -> String) -> Result<Exit, Failure>
    where
        R: Request,
        for<'r> R::Response<'r>: Serialize,
    {
        let is_json = self.is_json;
        let printed = self.smp.request(request, |response| {
            let text = text(&response);
            if is_json { json(&response) } else { Ok(text) }
        });
        print(&printed.await??)
    }

    /// Asks for something whose answer says only that it is done.
    async fn act(&mut self, request: impl Request) -> Result<Exit, Failure> {
        self.smp.request(request, |_| ()).await?;
        print_done(self.is_json)
    }
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))
}

pub(crate) fn print(text: &str) -> Result<Exit, Failure> {
    let mut output = Output::stdout();
    output.write(text).and_then(|()| output.finish(|| Ok(()))).map(|()| Exit::Complete)
}

/// What the device sends goes to a terminal: no control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escaped = character.is_control() && character != '\t';
            let (plain, escape) =
                if escaped { (None, Some(character.escape_debug())) } else { (Some(character), None) };
            plain.into_iter().chain(escape.into_iter().flatten())
        })
        .collect()
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| line + "\n").collect()
}

/// Prints that it is done, as the manual's tool does.
pub(crate) fn print_done(is_json: bool) -> Result<Exit, Failure> {
    print(if is_json { "{\"done\": true}\n" } else { "Done\n" })
}

/// What a serial line has damaged on the way, if anything.
pub(crate) fn damage(smp: &Smp) -> Option<String> {
    let damaged = smp.losses().map_or(0, |losses| losses.total());
    (damaged > 0).then(|| format!("{damaged} frames came damaged over the serial line"))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = error.with_causes();
        if let Some(step) = next_step(&error) {
            message.push_str("\nemu: ");
            message.push_str(&step);
        }
        Self::failed(message)
    }
}

/// What to do about an error.
fn next_step(error: &Error) -> Option<String> {
    use emu_client::emu_smp::client::{Failure as Asked, Refused, UpdateError};
    use emu_client::emu_smp::{GroupError, ReturnCode};

    let meter = Reached(error);
    if let ErrorKind::Update { error: update, .. } = error.kind() {
        return Some(match update {
            UpdateError::NoFreeSlot { .. } => {
                format!("if it is not needed, run `emu firmware erase {meter}`, or update with --erase")
            }
            UpdateError::OldFirmware { .. } => {
                "the manual says that such a firmware cannot be updated; --allow-old-firmware tries nevertheless"
                    .to_owned()
            }
            UpdateError::Downgrade { .. } => "--allow-downgrade does it nevertheless".to_owned(),
            UpdateError::OldTarget { .. } => {
                "the manual says that such a firmware cannot be updated again; --allow-old-firmware writes it nevertheless"
                    .to_owned()
            }
            UpdateError::NotAccepted { .. } => "use an update file of the vendor's for this very meter".to_owned(),
            UpdateError::Reverted { .. } => {
                format!("see `emu firmware list {meter}`; the update can be run again")
            }
            UpdateError::NotBack { .. } if !error.location().is_network() => {
                format!("see whether the meter is on; then run the update again, or `emu firmware list {meter}`")
            }
            UpdateError::NotBack { .. } => {
                format!(
                    "see whether the meter has got another IP address; then run the update again, or `emu firmware list {meter}`"
                )
            }
            UpdateError::Cancelled => "run it again to go on".to_owned(),
            _ => return refused_step(error),
        });
    }
    return refused_step(error);

    fn refused_step(error: &Error) -> Option<String> {
        let meter = Reached(error);
        match error.kind() {
            ErrorKind::PortClosed { .. } => return Some(ALLOW.to_owned()),
            ErrorKind::Open(cause) => return port_step(cause).map(str::to_owned),
            ErrorKind::Gone { .. } => return Some("is it plugged in, and is the device on?".to_owned()),
            _ => {}
        }
        match error.kind().failure()? {
            Asked::NoAnswer { command: Command::RESET, .. } => {
                Some(format!("it may have restarted nevertheless: see `emu firmware list {meter}`"))
            }
            Asked::NoAnswer { .. } if !error.location().is_network() => Some(LINE.to_owned()),
            Asked::NoAnswer { .. } => Some(ALLOW.to_owned()),
            Asked::TooLarge { .. } => {
                Some("--largest-frame allows larger ones, if the way to the meter does".to_owned())
            }
            Asked::Refused { refused: Refused::Group(group), .. } => match *group {
                GroupError::IMAGE_NO_FREE_SLOT => Some(slot_step(error, &meter)),
                GroupError::IMAGE_HASH_NOT_FOUND => Some(format!("see `emu firmware list {meter}`")),
                _ => None,
            },
            Asked::Refused { refused: Refused::Code { code, .. }, .. } => match *code {
                ReturnCode::BAD_STATE => Some(slot_step(error, &meter)),
                ReturnCode::UNKNOWN => {
                    Some("--smp-version 1 may make the meter say why, if its firmware knows that version".to_owned())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// What to do about a serial port that cannot be opened.
fn port_step(cause: &io::Error) -> Option<&'static str> {
    match cause.kind() {
        io::ErrorKind::NotFound => Some("is it plugged in? On Linux, /dev/serial/by-id lists those that are"),
        io::ErrorKind::PermissionDenied => {
            Some("on Linux it belongs to a group, mostly dialout: `sudo usermod -a -G dialout $USER`, and log in again")
        }
        io::ErrorKind::ResourceBusy => Some("end that program first: two cannot share a serial port"),
        _ => None,
    }
}

/// What to do where a slot is not to be had.
fn slot_step(error: &Error, meter: &Reached<'_>) -> String {
    let command = match error.kind().failure() {
        Some(client::Failure::Refused { command, .. }) => Some(*command),
        _ => None,
    };
    match command {
        Some(Command::IMAGE_UPLOAD) => {
            format!("if the image in the other slot is not needed, run `emu firmware erase {meter}`")
        }
        _ => format!("an image that runs, or is to be started or gone back to, stays: see `emu firmware list {meter}`"),
    }
}

/// Prints how the meter of an error is reached, as arguments.
struct Reached<'a>(&'a Error);

impl fmt::Display for Reached<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.0.location();
        location.fmt(f)?;
        match location {
            Location::Network { port, .. } if *port != Smp::DEFAULT_PORT => write!(f, " --smp-port {port}"),
            _ => Ok(()),
        }
    }
}

const LINE: &str = "is the device on, is this the right port, and is its rate right (serial:PATH@BAUD)? \
    A console that a shell shares may need --largest-frame 182";

const ALLOW: &str = "is the meter on, and are updates allowed on its configuration page (\"Online-Update erlauben\")? \
    Its SMP port is 1337 unless --smp-port says otherwise";
