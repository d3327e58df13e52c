//! A WAV file that is valid at any moment, also after a crash: the header is brought up to date with every write.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
};

/// Samples a second of every raw sound here.
pub(crate) const RATE: i32 = 48_000;

const HEADER: u32 = 44;

/// Writes mono, 16 bit, 48 kHz (RIFF WAVE, format 1).
#[derive(Debug)]
pub(crate) struct WavWriter {
    file: File,
    bytes: u32,
}

impl WavWriter {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut writer = Self { file: File::create(path)?, bytes: 0 };
        writer.write(&[])?;
        Ok(writer)
    }

    /// Appends samples. A file at its limit of 4 GiB (12 hours) takes no more.
    pub(crate) fn write(&mut self, samples: &[u8]) -> io::Result<()> {
        let Some(bytes) = u32::try_from(samples.len())
            .ok()
            .and_then(|more| self.bytes.checked_add(more))
            .filter(|bytes| bytes.checked_add(HEADER).is_some())
        else {
            return Ok(());
        };
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(samples)?;
        self.bytes = bytes;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(bytes))
    }
}

fn header(bytes: u32) -> Vec<u8> {
    let rate = RATE.unsigned_abs();
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(bytes + HEADER - 8).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&rate.to_le_bytes());
    header.extend_from_slice(&(rate * 2).to_le_bytes());
    header.extend_from_slice(&2_u16.to_le_bytes());
    header.extend_from_slice(&16_u16.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_valid_after_every_write() {
        let path = std::env::temp_dir().join(format!("kiosk-wav-{}.wav", std::process::id()));
        let mut writer = WavWriter::create(&path).expect("create");
        for writes in 0..3_u32 {
            let file = std::fs::read(&path).expect("read");
            assert_eq!(file.len(), usize::try_from(HEADER + writes * 4).expect("small"));
            assert_eq!(file[4..8], (HEADER - 8 + writes * 4).to_le_bytes());
            assert_eq!(file[40..44], (writes * 4).to_le_bytes());
            writer.write(&[1, 2, 3, 4]).expect("write");
        }
        std::fs::remove_file(path).expect("remove");
    }
}
