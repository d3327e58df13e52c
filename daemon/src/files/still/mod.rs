//! Pictures of received files, for the panel.
//!
//! A decoder gets what a stranger has sent, so it runs in a process of its own: this program again, with the file as its standard
//! input and the picture as its standard output, shut in ([`confine`]) and ended after [`TIME`]. A decoder that panics, loops, eats
//! memory or is taken over costs one error message.

mod confine;
mod decode;

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::{ExitCode, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use kiosk_hal::panel::Size;
use kiosk_wire::FileId;
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    sync::watch,
    time::timeout,
};
use tracing::{debug, warn};

pub use self::decode::{DecodeError, Decoded, Wish, decode};
use crate::panel::{Still, Stills};

/// The hidden option of kioskd that makes it decode standard input.
pub const OPTION: &str = "decode-still";
/// A picture is made within this time.
pub const TIME: Duration = Duration::from_secs(5);
/// Larger files are not shown.
const LARGEST_FILE: u64 = 128 << 20;
/// What the process says before the pixels: width and height, 4 bytes each, little-endian.
const HEADER: usize = 8;
/// Most bytes of an error message that are read.
const LONGEST_MESSAGE: u64 = 500;

/// What the process that decodes does: its standard input becomes a picture on its standard output.
#[must_use]
pub fn child(wish: Wish) -> ExitCode {
    match confine::confine()
        .map_err(|error| format!("this process cannot be shut in: {error}"))
        .and_then(|()| work(wish))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            // Where not even this can be written, the exit code is all that is left.
            let _ = writeln!(io::stderr(), "{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn work(wish: Wish) -> Result<(), String> {
    let mut file = Vec::new();
    io::stdin().lock().take(LARGEST_FILE + 1).read_to_end(&mut file).map_err(|error| error.to_string())?;
    if file.len() as u64 > LARGEST_FILE {
        return Err(format!("it has more than {} MiB", LARGEST_FILE >> 20));
    }
    let decoded = decode(file, wish).map_err(|error| error.to_string())?;
    let mut stdout = io::stdout().lock();
    let header = [decoded.size.width_px.to_le_bytes(), decoded.size.height_px.to_le_bytes()].concat();
    stdout.write_all(&header).and_then(|()| stdout.write_all(&decoded.pixels)).map_err(|error| error.to_string())?;
    stdout.flush().map_err(|error| error.to_string())
}

/// Takes a picture, or which file makes none and a sentence why.
pub type Put = Box<dyn Fn(Result<Still, (FileId, String)>) + Send>;

type Wanted = Option<(FileId, Wish)>;

/// Makes the pictures that the panel wants, the latest wish first. Dropping it ends its thread.
#[derive(Debug)]
pub struct Viewer {
    wanted: Option<watch::Sender<Wanted>>,
    thread: Option<JoinHandle<()>>,
}

impl Viewer {
    /// Starts the thread. `program`: kioskd; `directory`: where received files lie.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(program: PathBuf, directory: PathBuf, put: Put) -> io::Result<Self> {
        let (wanted, wishes) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let workshop = Workshop { program, directory, put };
        let thread =
            thread::Builder::new().name("viewer".to_owned()).spawn(move || runtime.block_on(workshop.work(wishes)))?;
        Ok(Self { wanted: Some(wanted), thread: Some(thread) })
    }
}

impl Stills for Viewer {
    fn want(&mut self, wanted: Option<(FileId, u8, Size)>) {
        let wanted = wanted.map(|(id, zoom, largest)| (id, Wish { largest, zoom }));
        if let Some(wishes) = &self.wanted {
            wishes.send_if_modified(|wish| std::mem::replace(wish, wanted) != wanted);
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the viewer's thread panicked");
        }
    }
}

struct Workshop {
    program: PathBuf,
    directory: PathBuf,
    put: Put,
}

impl Workshop {
    async fn work(self, mut wishes: watch::Receiver<Wanted>) {
        while wishes.changed().await.is_ok() {
            let wanted = *wishes.borrow_and_update();
            let Some((id, wish)) = wanted else { continue };
            tokio::select! {
                biased;
                made = self.make(id, wish) => (self.put)(made.map_err(|sentence| {
                    warn!(%id, sentence, "a received file cannot be shown");
                    (id, sentence)
                })),
                // The process ends with the future that waits for it.
                _ = wishes.changed() => wishes.mark_changed(),
            }
        }
    }

    async fn make(&self, id: FileId, wish: Wish) -> Result<Still, String> {
        let file = File::open(self.directory.join(format!("{id}.data"))).map_err(|error| {
            let gone = error.kind() == io::ErrorKind::NotFound;
            if gone { "it is not kept any more".to_owned() } else { format!("it cannot be read: {error}") }
        })?;
        let child = Command::new(&self.program)
            .args([&format!("--{OPTION}"), &wish.to_argument()])
            .env_clear()
            .current_dir("/")
            .stdin(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the decoder does not start: {error}"))?;
        let answer = timeout(TIME, listen(child, wish)).await;
        let decoded = answer.map_err(|_| format!("it takes longer than {} s", TIME.as_secs()))??;
        Ok(Still { id, zoom: wish.zoom, size: decoded.size, pixels: decoded.pixels })
    }
}

/// Nothing that the process says is believed: it may be in a stranger's hands.
async fn listen(mut child: Child, wish: Wish) -> Result<Decoded, String> {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("the decoder has no voice".to_owned());
    };
    let (mut answer, mut message) = (Vec::new(), Vec::new());
    let most = (HEADER + wish.largest.frame_bytes()) as u64;
    let (mut stdout, mut stderr) = (stdout.take(most + 1), stderr.take(LONGEST_MESSAGE));
    let listened = tokio::try_join!(stdout.read_to_end(&mut answer), stderr.read_to_end(&mut message));
    listened.map_err(|error| error.to_string())?;
    // Whatever more it wants to say finds nobody.
    drop((stdout, stderr));
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if !status.success() {
        debug!(%status, message = %printable(&message), "the decoder failed");
        let first = printable(message.split(|byte| *byte == b'\n').next().unwrap_or_default());
        let told = status.code() == Some(1) && !first.is_empty();
        return Err(if told { first } else { format!("the decoder failed ({status})") });
    }
    understand(answer, wish).ok_or_else(|| "the decoder makes no sense".to_owned())
}

fn understand(mut answer: Vec<u8>, wish: Wish) -> Option<Decoded> {
    let (width, rest) = answer.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    let size = Size::new(u32::from_le_bytes(*width), u32::from_le_bytes(*height))?;
    let fits = size.width_px <= wish.largest.width_px && size.height_px <= wish.largest.height_px;
    answer.drain(..HEADER);
    (fits && answer.len() == size.frame_bytes()).then_some(Decoded { size, pixels: answer })
}

fn printable(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    text.trim().chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
