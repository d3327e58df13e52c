//! Files into the kiosk and out of it, in pieces: a message holds 64 KiB.

use std::{
    fs::File,
    io::{self, Read as _, Write},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kioskd::{
    control::{
        client::{Client, ClientError},
        protocol::{FileBeginReply, FileReadReply, LARGEST_PUT, Method},
    },
    reports::{FileSent, Saved},
};

use crate::Trouble;

/// Brings a file and has it sent. The kiosk may not read what the caller may, so that its bytes are handed over.
pub(crate) fn send(client: &mut Client, path: &Path) -> Result<FileSent, Trouble> {
    let unreadable = |error| Trouble::File("read", path.to_owned(), error);
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let begun: FileBeginReply = client.get(&Method::FileBegin { name, size })?;
    let brought = bring(client, &begun.id, &mut file, unreadable);
    let sent = brought.and_then(|()| Ok(client.ask(&Method::FileSend { id: begun.id.clone() })?));
    if sent.is_err() {
        // What comes of it does not matter any more.
        let _ = client.ask(&Method::FileRemove { id: begun.id.clone() });
    }
    sent.map(|_| FileSent { id: begun.id, bytes: size })
}

fn bring(
    client: &mut Client,
    id: &str,
    file: &mut File,
    unreadable: impl Fn(io::Error) -> Trouble,
) -> Result<(), Trouble> {
    let mut piece = vec![0; LARGEST_PUT];
    let mut offset = 0;
    loop {
        let count = file.read(&mut piece).map_err(&unreadable)?;
        if count == 0 {
            return Ok(());
        }
        let data = BASE64_STANDARD.encode(&piece[..count]);
        client.ask(&Method::FilePut { id: id.to_owned(), offset, data })?;
        offset += count as u64;
    }
}

/// Copies a file of the kiosk to this path, or to stdout.
pub(crate) fn save(client: &mut Client, id: &str, path: &Path) -> Result<Saved, Trouble> {
    let to_stdout = path.as_os_str() == "-";
    // The first piece comes before the file is made: a wrong id leaves nothing behind.
    let mut piece = next(client, id, 0)?;
    let mut out: Box<dyn Write> = if to_stdout {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(path).map_err(|error| Trouble::File("write", path.to_owned(), error))?)
    };
    let mut written = 0;
    while !piece.is_empty() {
        out.write_all(&piece).map_err(|error| Trouble::File("write", path.to_owned(), error))?;
        written += piece.len() as u64;
        piece = next(client, id, written)?;
    }
    out.flush().map_err(|error| Trouble::File("write", path.to_owned(), error))?;
    Ok(Saved { file: path.display().to_string(), bytes: written })
}

fn next(client: &mut Client, id: &str, offset: u64) -> Result<Vec<u8>, Trouble> {
    let reply: FileReadReply = client.get(&Method::FileRead { id: id.to_owned(), offset })?;
    let surprise = |error: base64::DecodeError| Trouble::Daemon(ClientError::Surprise(error.to_string()));
    BASE64_STANDARD.decode(reply.data).map_err(surprise)
}
