//! What is asked of files and of the history of the chat: answered by their keepers, without the loop.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use kiosk_call::UnixMillis;
use kiosk_wire::{FileId, FileOffer};
use serde_json::{Value, json};

use super::protocol::{
    ChatExportReply, ExportedLine, Failure, FileBeginReply, FileListReply, FileReadReply, FileReply, LARGEST_PUT,
    MOST_EXPORTED, Method,
};
use crate::{
    config::parse_peer_id,
    files::{FileDesk, HeldFile},
    history::{self, KeptLine, Selection},
};

/// Bytes of a file in a reply.
const PIECE: usize = 192 << 10;

type Answer = Result<Value, Failure>;

fn busy() -> Failure {
    Failure::TryAgain("the store of files is busy, or kioskd is ending: try again in a moment".to_owned())
}

fn file_id(text: &str) -> Result<FileId, Failure> {
    text.parse().map_err(|_| Failure::NotFound(format!("'{text}' is not the id of a file: 22 characters")))
}

fn none(id: FileId) -> Failure {
    Failure::NotFound(format!("there is no file {id}; see `kioskctl files list`"))
}

fn to_value(reply: &impl serde::Serialize) -> Answer {
    serde_json::to_value(reply).map_err(|error| Failure::Declined(error.to_string()))
}

/// None: it is not asked of the store of files alone.
pub(super) async fn answer(desk: &FileDesk, method: &Method) -> Option<Answer> {
    if let Method::FileList {} = method {
        Some(list(desk).await)
    } else if let Method::FileBegin { name, size } = method {
        let begun = desk.begin(name.clone(), *size).await;
        let reply = |id: FileId| to_value(&FileBeginReply { id: id.to_string() });
        Some(begun.ok_or_else(busy).and_then(|begun| begun.map_err(Failure::Declined)).and_then(reply))
    } else if let Method::FilePut { id, offset, data } = method {
        Some(put(desk, id, *offset, data).await)
    } else if let Method::FileRead { id, offset } = method {
        Some(read(desk, id, *offset).await)
    } else {
        None
    }
}

async fn list(desk: &FileDesk) -> Answer {
    let file = |file: HeldFile| FileReply {
        id: file.id.to_string(),
        name: file.name,
        media_type: file.media_type,
        size: file.size,
        received: file.received,
        outgoing: file.outgoing,
        at_ms: file.at_ms,
        can_be_shown: file.can_be_shown,
    };
    let files = desk.list().await.ok_or_else(busy)?;
    to_value(&FileListReply { files: files.into_iter().map(file).collect() })
}

async fn put(desk: &FileDesk, id: &str, offset: u64, data: &str) -> Answer {
    let bytes =
        BASE64_STANDARD.decode(data).map_err(|error| Failure::Declined(format!("data is not base64: {error}")))?;
    if bytes.len() > LARGEST_PUT {
        return Err(Failure::Declined(format!("at most {LARGEST_PUT} bytes at once")));
    }
    let brought = desk.bring(file_id(id)?, offset, bytes).await.ok_or_else(busy)?;
    brought.map(|()| json!({})).map_err(Failure::Declined)
}

async fn read(desk: &FileDesk, id: &str, offset: u64) -> Answer {
    let id = file_id(id)?;
    let read = desk.read(id, offset, PIECE).await.ok_or_else(busy)?.ok_or_else(|| none(id))?;
    let (bytes, size) = read.map_err(|error| Failure::Unavailable(format!("the file cannot be read: {error}")))?;
    to_value(&FileReadReply { data: BASE64_STANDARD.encode(bytes), size })
}

/// What is to be offered to the peer.
pub(super) async fn finish(desk: &FileDesk, id: &str) -> Result<FileOffer, Failure> {
    desk.finish(file_id(id)?).await.ok_or_else(busy)?.map_err(Failure::Declined)
}

pub(super) async fn remove(desk: &FileDesk, id: &str) -> Answer {
    let id = file_id(id)?;
    if desk.remove(id).await.ok_or_else(busy)? { Ok(json!({})) } else { Err(none(id)) }
}

/// Reads the history of the chat; on a thread that may wait for the disk.
pub(super) async fn export(directory: PathBuf, method: &Method) -> Answer {
    let Method::ChatExport { since_ms, peer, after } = method else { return Err(busy()) };
    let wanted = Selection {
        since: UnixMillis(since_ms.unwrap_or(0)),
        peer: peer.as_deref().map(parse_peer_id).transpose().map_err(Failure::Declined)?,
        after: after.unwrap_or(0),
        most: MOST_EXPORTED,
    };
    let read = tokio::task::spawn_blocking(move || history::export(&directory, wanted)).await;
    let lines = read.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let lines = lines.map_err(|error| Failure::Unavailable(error.to_string()))?;
    to_value(&ChatExportReply { lines: lines.into_iter().map(exported).collect() })
}

/// As it travels.
pub(crate) fn exported(kept: KeptLine) -> ExportedLine {
    ExportedLine {
        number: kept.number,
        peer: kept.line.peer.to_string(),
        id: kept.line.id.to_string(),
        from: kept.line.from,
        text: kept.line.text,
        at_ms: kept.line.at.0,
        delivered: kept.line.delivered,
    }
}
