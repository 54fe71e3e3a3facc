//! Writes what a run came to: each file whole, and all of them or none; and takes it back.
//!
//! What is to be done is written into a [`journal`] first. Whoever comes upon one that was not
//! ended, because its process was, finishes it or takes it back.

use std::{collections::BTreeSet, io, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{
    history::Recorded,
    outcome::{ChangedFile, Outcome},
};

mod disk;
mod journal;
mod lock;
mod stale;
mod transaction;
mod trial;

#[cfg(test)]
mod tests;

use disk::{Disk, System};
use journal::Journal;
pub use journal::{Home, Kind};
use lock::Lock;
use transaction::Transaction;
pub use transaction::{Direction, Left, Settled};
pub use trial::Trial;

/// What was written, and what was not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The files that changed while the run went on, which were left as they are.
    pub stale: Vec<PathBuf>,
    /// The changes that were dropped with them, by their numbers.
    pub dropped: BTreeSet<usize>,
    /// The workspace where it can be undone.
    pub root: Option<PathBuf>,
    /// What was found interrupted, and ended first.
    pub recovered: Vec<Recovered>,
    /// The commits that git made of it, if that was asked for and there was something to write.
    pub recorded: Option<Recorded>,
}

impl Committed {
    /// Whether a file was left because somebody has changed it.
    pub fn left_something(&self) -> bool {
        let recovered = self.recovered.iter();
        !self.stale.is_empty() || recovered.flat_map(|it| &it.settled.left).next().is_some()
    }
}

/// What became of an apply or an undo that was interrupted.
#[derive(Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was interrupted.
    pub kind: Kind,
    /// Whether it was finished or taken back.
    pub direction: Direction,
    /// Its files.
    pub settled: Settled,
}

/// Whether every file that is to be written is what was analysed still.
///
/// # Errors
/// If a file can't be read.
pub fn is_current(outcome: &Outcome) -> Result<bool> {
    Ok(stale::stale(&System, outcome)?.is_empty())
}

/// Writes the changed files. A file that is no longer what was analysed is left as it is; the
/// changes that edit it are taken out of the outcome, with those that build on them.
///
/// # Errors
/// If a file may not or can't be written. Then all are as they were, or the error says otherwise.
pub fn commit(outcome: &mut Outcome) -> Result<Committed> {
    commit_on(&System, outcome)
}

fn commit_on(disk: &dyn Disk, outcome: &mut Outcome) -> Result<Committed> {
    let mut committed = Committed::default();
    // In the same order for everybody, so that no two wait for each other.
    let homes: BTreeSet<Home> = outcome
        .homes
        .iter()
        .filter(|home| outcome.files.iter().any(|file| home.holds(&file.path)))
        .cloned()
        .collect();
    let mut locks = Vec::new();
    for home in &homes {
        home.create(disk)?;
        locks.push(Lock::take(home)?);
        committed.recovered.extend(end_unfinished(disk, home)?);
        outcome.unfinished.retain(|root| root != home.root());
    }
    loop {
        may_be_written(disk, &outcome.files)?;
        stale::drop_stale(disk, outcome, &mut committed)?;
        if outcome.files.is_empty() {
            return Ok(committed);
        }
        // One journal for all of them: it is the first workspace that can undo them.
        let Some(home) = homes.first() else {
            bail!("there is no cargo workspace to keep the journal; no file was written");
        };
        let journal = Journal::apply(&outcome.files);
        let transaction = Transaction {
            disk,
            home,
            journal,
        };
        let settled = transaction.carry_out()?;
        // What was edited meanwhile is seen and left out in the next try.
        if settled.left.is_empty() {
            committed.written = settled.written;
            committed.root = Some(home.root().to_owned());
            return Ok(committed);
        }
    }
}

/// Ends an apply or an undo that was interrupted: finishes it, unless a file of an apply was edited
/// since. Then the others are taken back.
///
/// # Errors
/// If a file can't be written. Then the next run can try again.
pub fn recover(home: &Home) -> Result<Option<Recovered>> {
    if !home.has_unfinished() {
        return Ok(None);
    }
    let _lock = Lock::take(home)?;
    end_unfinished(&System, home)
}

fn end_unfinished(disk: &dyn Disk, home: &Home) -> Result<Option<Recovered>> {
    let Some(transaction) = unfinished(disk, home)? else {
        return Ok(None);
    };
    let kind = transaction.journal.kind;
    let direction = match kind {
        Kind::Undo => Direction::Forward,
        Kind::Apply if transaction.is_all_known()? => Direction::Forward,
        Kind::Apply | Kind::Trial => Direction::Back,
    };
    let settled = transaction.resume(direction)?;
    Ok(Some(Recovered {
        kind,
        direction,
        settled,
    }))
}

fn unfinished<'a>(disk: &'a dyn Disk, home: &'a Home) -> Result<Option<Transaction<'a>>> {
    let journal = Journal::read(disk, &home.open())?;
    Ok(journal.map(|journal| Transaction {
        disk,
        home,
        journal,
    }))
}

/// Takes the last apply back, be it done or interrupted. A file that was edited since is left.
///
/// # Errors
/// If there is nothing to undo, or a file can't be written. Then nothing was taken back, or the
/// error says otherwise.
pub fn undo(home: &Home) -> Result<Settled> {
    undo_on(&System, home)
}

fn undo_on(disk: &dyn Disk, home: &Home) -> Result<Settled> {
    let nothing = || {
        format!(
            "there is nothing to undo in {}\nhelp: `unpark undo` takes the last `--apply` back, \
             once, as long as the target folder is there",
            home.root().display()
        )
    };
    if !home.folder().is_dir() {
        bail!(nothing());
    }
    let _lock = Lock::take(home)?;
    if let Some(transaction) = unfinished(disk, home)? {
        return transaction.resume(match transaction.journal.kind {
            Kind::Apply | Kind::Trial => Direction::Back,
            Kind::Undo => Direction::Forward,
        });
    }
    let Some(last) = Journal::read(disk, &home.last())? else {
        bail!(nothing());
    };
    let transaction = Transaction {
        disk,
        home,
        journal: last.undo(),
    };
    let settled = transaction.carry_out()?;
    if settled == Settled::default() {
        bail!(nothing());
    }
    Ok(settled)
}

/// Judged by the mode: the superuser could write to a read-only file all the same.
fn may_be_written(disk: &dyn Disk, files: &[ChangedFile]) -> Result<()> {
    for file in files {
        let path = file.path.display();
        let metadata = match disk.metadata(&file.path) {
            Ok(metadata) => metadata,
            // It is gone, and what has changed is not ours to write.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("can't look at {path}; no file was written"));
            }
        };
        if metadata.is_symlink() {
            bail!(
                "{path} is a symbolic link; no file was written\nhelp: name the file that it \
                 leads to, or leave it out"
            );
        }
        if !metadata.is_file() {
            bail!("{path} is not a file; no file was written");
        }
        if metadata.permissions().readonly() {
            bail!(
                "{path} is read-only; no file was written\nhelp: make it writable, or leave it out"
            );
        }
    }
    Ok(())
}
