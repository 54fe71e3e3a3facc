//! The folder that verification has for itself, and that one run uses at a time.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{cargo::Project, progress::Progress};

/// Held until it is dropped: two runs must not share a mirror.
pub struct Space {
    /// Where the mirror is.
    pub folder: PathBuf,
    /// Where cargo builds, if not where it always does.
    pub target: Option<PathBuf>,
    _temporary: Option<TempDir>,
    _lock: File,
}

impl Space {
    /// In the target folder of a workspace; in a temporary folder where that can't be written.
    ///
    /// # Errors
    /// If neither can be written, or the lock can't be waited for.
    pub fn of(project: &Project, progress: &Progress) -> Result<Space> {
        let target = &project.target_folder;
        let folder = target.join("unpark");
        let made = fs::create_dir_all(&folder).and_then(|()| locked_file(&folder));
        let error = match made {
            Ok(lock) => {
                wait(&lock, progress)
                    .with_context(|| format!("can't lock {}", folder.display()))?;
                return Ok(Space {
                    folder,
                    target: None,
                    _temporary: None,
                    _lock: lock,
                });
            }
            Err(error) => error,
        };
        progress.note(&format!(
            "{} can't be written ({error}): compiling in a temporary folder, which takes longer",
            target.display()
        ));
        let temporary = tempfile::Builder::new().prefix("unpark-").tempdir();
        let temporary = temporary.context("can't make a temporary folder")?;
        let folder = temporary.path().join("unpark");
        let lock = fs::create_dir(&folder).and_then(|()| locked_file(&folder));
        Ok(Space {
            folder,
            target: Some(temporary.path().to_owned()),
            _temporary: Some(temporary),
            _lock: lock.context("can't write to a temporary folder")?,
        })
    }
}

fn locked_file(folder: &std::path::Path) -> std::io::Result<File> {
    File::create(folder.join("verify.lock"))
}

fn wait(lock: &File, progress: &Progress) -> std::io::Result<()> {
    if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
        progress.note("waiting for another run of unpark that compiles this workspace");
        lock.lock()?;
    }
    Ok(())
}
