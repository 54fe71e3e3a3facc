//! Other texts in the place of the user's own, for as long as it takes to compile them.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{
    disk::{Disk, System},
    end_unfinished,
    journal::{Home, Journal},
    lock::Lock,
    transaction::{Direction, Transaction},
};

/// Files that hold other texts until this is ended or dropped; after a kill, until the next
/// `--apply` or `undo`.
pub struct Trial<'a> {
    transaction: Transaction<'a>,
    ended: bool,
    _lock: Lock,
}

impl<'a> Trial<'a> {
    /// Writes these bytes into the files of a workspace, under its journal.
    ///
    /// # Errors
    /// If a file can't be written, or is edited meanwhile. Then all are as they were, or the error
    /// says otherwise.
    pub fn begin(home: &'a Home, texts: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Trial<'a>> {
        let disk: &dyn Disk = &System;
        home.create(disk)?;
        let lock = Lock::take(home)?;
        end_unfinished(disk, home)?;
        let mut versions = Vec::new();
        for (path, to) in texts {
            let from = match fs::read(path) {
                Ok(from) => Some(from),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => {
                    return Err(error).with_context(|| format!("can't read {}", path.display()));
                }
            };
            versions.push((path.clone(), from, to.clone()));
        }
        let transaction = Transaction {
            disk,
            home,
            journal: Journal::trial(versions)?,
        };
        let settled = transaction.carry_out()?;
        if let Some(left) = settled.left.first() {
            bail!(
                "{} can't be compiled in place: {}",
                left.path.display(),
                left.reason
            );
        }
        Ok(Trial {
            transaction,
            ended: false,
            _lock: lock,
        })
    }

    /// Puts the user's own texts back. What was edited meanwhile stays, and is an error.
    ///
    /// # Errors
    /// If a file can't be written, or holds neither text.
    pub fn end(mut self) -> Result<()> {
        self.ended = true;
        let settled = self.transaction.resume(Direction::Back)?;
        if let Some(left) = settled.left.first() {
            bail!(
                "{} was left as it is, for {} while it was compiled\nhelp: look at it: what was \
                 tried may be in it",
                left.path.display(),
                left.reason
            );
        }
        Ok(())
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // An error is on its way already, and the journal is there for the next run.
            let _ = self.transaction.resume(Direction::Back);
        }
    }
}
