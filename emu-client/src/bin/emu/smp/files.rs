//! `emu smp METER fs`.

use std::path::Path;

use emu_client::emu_smp::client::{FileDownload, FileUpload};
use emu_client::emu_smp::file_system::{CloseRequest, HashOutput, HashRequest, HashTypesRequest, StatusRequest};

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
    let mut upload = FileUpload::new(name, &bytes);
    while let Some(request) = upload.next_request() {
        let taken = show.smp.request(request, |response| upload.handle(&response)).await?;
        taken.map_err(|error| Failure::failed(error.to_string()))?;
    }
    show.act(CloseRequest).await
}
