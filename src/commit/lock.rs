//! One writer at a time.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

use super::journal::Home;
use crate::progress::Progress;

/// The right to write to the files of a workspace, until it is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a workspace. While another process has it, this one waits, and says for
    /// whom.
    pub fn take(home: &Home) -> Result<Lock> {
        let path = home.lock();
        let file = locked(&path)
            .with_context(|| format!("can't lock {}; no file was written", path.display()))?;
        Ok(Lock { _file: file })
    }
}

fn locked(path: &Path) -> io::Result<File> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = holder(&mut file).unwrap_or_else(|| "another process".to_owned());
            Progress::new(false).note(&format!("waiting for {holder} to end its writing here"));
            file.lock()?;
        }
        // As cargo does it: without locks there, the checks before each write have to do.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{} {}", std::process::id(), now().as_secs())?;
    Ok(file)
}

/// Who has the lock, and for how long.
fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let (process, since) = text.split_once(' ')?;
    let seconds = now().as_secs().saturating_sub(since.parse().ok()?);
    Some(format!("process {process}, which began {seconds} s ago,"))
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
