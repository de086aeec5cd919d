//! The meter and its password.

use std::io::{IsTerminal, Read};

use emu_client::{Meter, Password, Policy};

use crate::args::ReadArgs;
use crate::exit::Failure;

/// The environment variable that may hold the password.
const VARIABLE: &str = "EMU_PASSWORD";

/// Makes the meter of the command line, with the password from wherever it comes.
pub(crate) fn meter(args: &ReadArgs) -> Result<Meter, Failure> {
    let connection = &args.connection;
    let password = if connection.ask_password {
        Some(ask(args)?)
    } else if let Some(path) = &connection.password_file {
        let mut text = String::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(4096).read_to_string(&mut text))
            .map_err(|error| Failure::file(path, "read the password from", &error))?;
        Some(Password::from(text.lines().next().unwrap_or_default()))
    } else {
        std::env::var(VARIABLE).ok().filter(|password| !password.is_empty()).map(Password::from)
    };
    build(args, password)
}

/// Makes the meter again with a password that is asked for, if there is somebody to be asked.
pub(crate) fn with_asked_password(args: &ReadArgs) -> Result<Option<Meter>, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    build(args, Some(ask(args)?)).map(Some)
}

fn ask(args: &ReadArgs) -> Result<Password, Failure> {
    let prompt = format!("Password of {} at {}: ", args.connection.user, address(args)?);
    let password = rpassword::prompt_password(prompt);
    password.map(Password::from).map_err(|error| Failure::failed(format!("cannot ask for the password: {error}")))
}

fn build(args: &ReadArgs, password: Option<Password>) -> Result<Meter, Failure> {
    let connection = &args.connection;
    let policy = Policy::new()
        .connect(connection.timeout.min(Policy::DEFAULT.connect))
        .idle(connection.timeout)
        .request(connection.timeout.saturating_mul(10))
        .retries(connection.retries);
    let mut builder = Meter::builder(&address(args)?.to_string()).user(&*connection.user).policy(policy);
    if let Some(password) = password {
        builder = builder.password(password);
    }
    builder.build().map_err(|error| Failure::usage(error.to_string()))
}

/// Not left to the command line's parser: its message would show what may be a password.
fn address(args: &ReadArgs) -> Result<emu_client::Address, Failure> {
    args.meter.parse().map_err(|error| Failure::usage(format!("invalid METER: {error}")))
}
