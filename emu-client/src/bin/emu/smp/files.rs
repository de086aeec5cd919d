//! `emu smp METER fs`.

use std::path::Path;

use emu_client::emu_smp::client::{Failure as Asked, FileDownload, FileTransferError, FileUpload};
use emu_client::emu_smp::file_system::{CloseRequest, HashOutput, HashRequest, HashTypesRequest, StatusRequest};
use emu_client::emu_smp::os::ParametersRequest;
use emu_client::smp::Error;

use super::args::FsCommand;
use super::{Show, hex, lines, plain, print_done};
use crate::exit::{Exit, Failure};
use crate::output::Output;

pub(super) async fn run(show: &mut Show<'_>, command: &FsCommand) -> Result<Exit, Failure> {
    match command {
        FsCommand::Download { path, file } => download(show, path, file).await,
        FsCommand::Upload { file, path } => upload(show, file, path).await,
        FsCommand::Status { path } => {
            show.ask(StatusRequest { name: path }, |file| format!("{} bytes\n", file.length)).await
        }
        FsCommand::Hash { path, kind } => {
            let request = HashRequest { length: None, offset: None, name: path, kind: kind.as_deref() };
            show.ask(request, |hash| match hash.output {
                HashOutput::Number(number) => format!("{}: {number:#010x}\n", plain(hash.kind)),
                HashOutput::Bytes(bytes) => format!("{}: {}\n", plain(hash.kind), hex::digits(bytes)),
            })
            .await
        }
        FsCommand::HashTypes => {
            show.ask(HashTypesRequest, |types| {
                lines(
                    types
                        .types
                        .iter()
                        .map(|(name, kind)| format!("{}: {}, {} bytes", plain(name), kind.format, kind.size)),
                )
            })
            .await
        }
        FsCommand::Close => show.act(CloseRequest).await,
    }
}

async fn download(show: &mut Show<'_>, name: &str, file: &Path) -> Result<Exit, Failure> {
    Output::check(file)?;
    let mut output = Output::file(file, &[])?;
    let mut download = FileDownload::new(name);
    while let Some(request) = download.next_request() {
        let piece = show.smp.request(request, |response| download.handle(&response).map(<[u8]>::to_vec)).await?;
        output.write(piece.map_err(|error| Failure::failed(error.to_string()))?)?;
    }
    output.finish(|| Ok(()))?;
    print_done(show.is_json)
}

async fn upload(show: &mut Show<'_>, file: &Path, name: &str) -> Result<Exit, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::file(file, "read", &error))?;
    // How large its buffers are; a meter that does not say is taken as it is.
    if let Err(error) = show.smp.request(ParametersRequest, |_| ()).await
        && !is_refusal(&error)
    {
        return Err(error.into());
    }
    let mut upload = FileUpload::new(name, &bytes).with_piece(show.smp.session().file_piece(name));
    while let Some(request) = upload.next_request() {
        let transfer = |error: FileTransferError| Failure::failed(error.to_string());
        match show.smp.request(request, |response| upload.handle(&response)).await {
            Ok(taken) => taken.map_err(transfer)?,
            Err(error) if is_refusal(&error) => {
                // Its first copy may have been written, and the answer lost.
                let Ok(length) = show.smp.request(StatusRequest { name }, |file| file.length).await else {
                    return Err(error.into());
                };
                if !upload.handle_refusal(length).map_err(transfer)? {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    show.act(CloseRequest).await
}

/// Whether the meter has answered, and refused.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind().failure(), Some(Asked::Refused { .. }))
}
