//! The clock of the file system, by which cargo tells what it has to compile again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// How often, and how long each time, it is waited for: the coarsest clocks count in two seconds.
const PATIENCE: (usize, Duration) = (300, Duration::from_millis(10));

/// What was compiled last, as a time, in a folder of ours.
#[derive(Debug)]
pub struct Clock {
    folder: PathBuf,
}

impl Clock {
    /// The clock of the file system that a folder is on.
    pub fn of(folder: &Path) -> Clock {
        let folder = folder.to_owned();
        Clock { folder }
    }

    fn last(&self) -> PathBuf {
        self.folder.join("compiled")
    }

    /// Notes that something has just been compiled.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn note(&self) -> io::Result<()> {
        fs::write(self.last(), ".")
    }

    /// Waits until a file that is written is newer than what was compiled. One of the same time
    /// would pass for unchanged, and what was compiled before for what stands there now.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn wait(&self) -> io::Result<()> {
        let modified = |path: &Path| -> io::Result<SystemTime> { fs::metadata(path)?.modified() };
        let Ok(compiled) = modified(&self.last()) else {
            return Ok(());
        };
        let now = self.folder.join("now");
        let (times, pause) = PATIENCE;
        for _ in 0..times {
            fs::write(&now, ".")?;
            if modified(&now)? > compiled {
                break;
            }
            thread::sleep(pause);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_after_the_wait_is_newer_than_what_was_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::of(folder.path());
        clock.wait().unwrap();
        clock.note().unwrap();
        // As if it counted in seconds.
        let compiled = SystemTime::now() + Duration::from_millis(200);
        let last = fs::File::options().write(true).open(clock.last());
        last.unwrap().set_modified(compiled).unwrap();
        clock.wait().unwrap();
        let written = folder.path().join("written");
        fs::write(&written, "").unwrap();
        assert!(fs::metadata(written).unwrap().modified().unwrap() > compiled);
    }
}
