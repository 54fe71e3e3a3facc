//! Brings the files of a journal from one side to the other, or back.
//!
//! What is found at a path decides, and nothing that is remembered: a file that is neither what it
//! was nor what it is to be is somebody's work, and stays.

use std::{
    collections::BTreeSet,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Error, Result, bail};

use super::{
    disk::{Disk, is_not_offered},
    journal::{Entry, Home, Journal, Kind, Version},
};

/// A file that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The file.
    pub path: PathBuf,
    /// What has become of it, as in "it was edited".
    pub reason: String,
}

/// What became of the files of a journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The files that were left.
    pub left: Vec<Left>,
}

/// Which side of a journal its files are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what they are to be.
    Forward,
    /// To what they were.
    Back,
}

impl Direction {
    fn of(self, entry: &Entry) -> (&Option<Version>, &Option<Version>) {
        match self {
            Direction::Forward => (&entry.from, &entry.to),
            Direction::Back => (&entry.to, &entry.from),
        }
    }
}

/// The files of a journal, and the disk that they are on.
pub struct Transaction<'a> {
    pub disk: &'a dyn Disk,
    pub home: &'a Home,
    pub journal: Journal,
}

/// What stands at a path.
enum Seen {
    /// The old version, or the new one.
    Version(Vec<u8>),
    /// Nothing.
    Nothing,
    /// What no version of a file can be.
    Other(&'static str),
}

impl Seen {
    fn is(&self, version: &Option<Version>) -> bool {
        match (self, version) {
            (Seen::Version(bytes), Some(version)) => bytes == version.bytes(),
            (Seen::Nothing, None) => true,
            _ => false,
        }
    }

    /// Whether it is the beginning of a version, as a write leaves it that was interrupted.
    fn begins(&self, version: &Option<Version>) -> bool {
        match (self, version) {
            (Seen::Version(bytes), Some(version)) => version.bytes().starts_with(bytes),
            _ => false,
        }
    }
}

impl Transaction<'_> {
    /// Does what the journal says. An apply is done whole or not at all: where a file has to be
    /// left, nothing is written. An undo only leaves that file.
    ///
    /// # Errors
    /// If a file can't be written. Then all are as they were, or the error says otherwise.
    pub fn carry_out(&self) -> Result<Settled> {
        match self.all_forward() {
            Ok(settled) if self.is_good(&settled) => Ok(settled),
            Ok(settled) => self.all_back().map(|()| Settled {
                written: Vec::new(),
                ..settled
            }),
            Err(error) => match self.all_back() {
                Ok(()) => Err(which_means(error, "no file was written")),
                Err(lost) => Err(which_means(error, &format!("{lost:#}"))),
            },
        }
    }

    fn is_good(&self, settled: &Settled) -> bool {
        self.journal.kind == Kind::Undo || settled.left.is_empty()
    }

    fn all_forward(&self) -> Result<Settled> {
        let Transaction { disk, home, .. } = self;
        self.journal.begin(*disk, home)?;
        // All of them first: a disk that is full is found out before any file is touched.
        let mut settled = Settled::default();
        let mut staged = Vec::new();
        for entry in &self.journal.entries {
            match self.stage(entry, Direction::Forward)? {
                Stage::Staged => staged.push(entry),
                Stage::Settled => {}
                Stage::Left(left) => settled.left.push(left),
            }
        }
        for entry in staged {
            match self.swap(entry, Direction::Forward)? {
                None => settled.written.push(entry.path.clone()),
                Some(left) => settled.left.push(left),
            }
        }
        self.settle_folders(Direction::Forward)?;
        // A trial stays open until its files are what they were.
        if self.is_good(&settled) && self.journal.kind != Kind::Trial {
            Journal::end(*disk, home)?;
        }
        Ok(settled)
    }

    /// Goes on as long as there is a file to put back, whatever fails meanwhile.
    fn all_back(&self) -> Result<()> {
        let failed = self.journal.entries.iter();
        let failed: Vec<Error> = failed
            .filter_map(|entry| self.settle(entry, Direction::Back).err())
            .collect();
        let forgotten = match failed.is_empty() {
            true => self
                .settle_folders(Direction::Back)
                .and_then(|()| Journal::forget(self.disk, self.home)),
            false => {
                let failed: Vec<String> = failed.iter().map(|error| format!("{error:#}")).collect();
                Err(Error::msg(failed.join("; ")))
            }
        };
        forgotten.context(
            "what was begun could not be taken back\nhelp: every file is whole, either old or \
             new; `unpark --apply` finishes it, and `unpark undo` takes it back",
        )
    }

    /// Ends what was interrupted, one file after the other.
    ///
    /// # Errors
    /// If a file can't be written. Then the next run can try again.
    pub fn resume(&self, direction: Direction) -> Result<Settled> {
        self.try_to_resume(direction)
            .map_err(|error| which_means(error, "what was interrupted is not ended yet"))
    }

    fn try_to_resume(&self, direction: Direction) -> Result<Settled> {
        let mut settled = Settled::default();
        for entry in &self.journal.entries {
            let at_goal = self.look(&entry.path)?.is(direction.of(entry).1);
            match self.settle(entry, direction)? {
                Some(left) => settled.left.push(left),
                None if at_goal => {}
                None => settled.written.push(entry.path.clone()),
            }
        }
        self.settle_folders(direction)?;
        match direction {
            Direction::Forward => Journal::end(self.disk, self.home)?,
            Direction::Back => Journal::forget(self.disk, self.home)?,
        }
        Ok(settled)
    }

    /// Whether every file is one of its two versions.
    pub fn is_all_known(&self) -> Result<bool> {
        for entry in &self.journal.entries {
            let seen = self.look(&entry.path)?;
            if !seen.is(&entry.from) && !seen.is(&entry.to) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn settle(&self, entry: &Entry, direction: Direction) -> Result<Option<Left>> {
        if let Some(left) = self.tidy(entry)? {
            return Ok(Some(left));
        }
        match self.stage(entry, direction)? {
            Stage::Staged => self.swap(entry, direction),
            Stage::Settled => Ok(None),
            Stage::Left(left) => Ok(Some(left)),
        }
    }

    /// Writes the next version of a file beside it, if it has one and the file is what it is
    /// expected to be.
    fn stage(&self, entry: &Entry, direction: Direction) -> Result<Stage> {
        let (from, to) = direction.of(entry);
        let seen = self.look(&entry.path)?;
        if seen.is(to) {
            return Ok(Stage::Settled);
        }
        if !seen.is(from) {
            return Ok(Stage::Left(left(entry, &seen)));
        }
        let write = || -> io::Result<bool> {
            let folder = entry.path.parent().unwrap_or(Path::new("."));
            let like = match from {
                Some(_) => self.disk.metadata(&entry.path)?,
                None => {
                    self.disk.create_folder(folder)?;
                    self.disk.metadata(folder)?
                }
            };
            if like.permissions().readonly() {
                return Ok(false);
            }
            if let Some(to) = to {
                self.disk.create(&entry.temp, to.bytes(), Some(&like))?;
            }
            Ok(true)
        };
        Ok(match write().map_err(cant_write(&entry.path))? {
            true => Stage::Staged,
            false => Stage::Left(left(entry, &Seen::Other("it is read-only"))),
        })
    }

    /// Lets what is staged take the place of the file, and looks at what came out: if it is not
    /// what was expected, they trade places again. So nobody's work is lost, whenever it is saved.
    fn swap(&self, entry: &Entry, direction: Direction) -> Result<Option<Left>> {
        let (from, to) = direction.of(entry);
        match self.trade(entry, direction) {
            Ok(()) => {
                let out = self.look(&entry.temp)?;
                if !out.is(from) {
                    return self.give_back(entry, &out).map(Some);
                }
            }
            // The file is gone, or one is there that was not.
            Err(error) if is_gone(&error) || error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if is_not_offered(&error) => {
                if self.look(&entry.path)?.is(from) {
                    let renamed = self.disk.rename(&entry.temp, &entry.path);
                    return renamed.map(|()| None).map_err(cant_write(&entry.path));
                }
            }
            Err(error) => return Err(cant_write(&entry.path)(error)),
        }
        self.tidy(entry)?;
        let seen = self.look(&entry.path)?;
        Ok((!seen.is(to)).then(|| left(entry, &seen)))
    }

    /// Lets what is staged and the file trade names, one of which may be nothing.
    fn trade(&self, entry: &Entry, direction: Direction) -> io::Result<()> {
        let Entry { path, temp, .. } = entry;
        match direction.of(entry) {
            (None, _) => self.disk.place(temp, path),
            (Some(_), None) => self.disk.rename(path, temp),
            (Some(_), Some(_)) => self.disk.exchange(temp, path),
        }
    }

    /// Removes our file beside a file, whole or as an interrupted write left it. If it is
    /// somebody's work by now, that goes back to where it was saved.
    fn tidy(&self, entry: &Entry) -> Result<Option<Left>> {
        let beside = self.look(&entry.temp)?;
        if matches!(beside, Seen::Nothing) {
            return Ok(None);
        }
        if !beside.begins(&entry.from) && !beside.begins(&entry.to) {
            return self.give_back(entry, &beside).map(Some);
        }
        self.remove(&entry.temp)?;
        Ok(None)
    }

    /// Lets somebody's work, which traded places with our file, have its own back.
    fn give_back(&self, entry: &Entry, work: &Seen) -> Result<Left> {
        let Entry { path, temp, .. } = entry;
        let ours = |path: &Path| -> Result<bool> {
            let seen = self.look(path)?;
            Ok(seen.is(&entry.from) || seen.is(&entry.to))
        };
        let saved_twice = || {
            let (path, temp) = (path.display(), temp.display());
            format!(
                "{path} was saved twice at the same time\nhelp: keep what you want of {path} and \
                 {temp}, and remove the latter"
            )
        };
        if !ours(path)? {
            bail!(saved_twice());
        }
        let gone = matches!(self.look(path)?, Seen::Nothing);
        let given = match gone {
            true => match self.disk.place(temp, path) {
                Err(error) if is_not_offered(&error) => self.disk.rename(temp, path),
                placed => placed,
            },
            false => self.disk.exchange(temp, path),
        };
        given.with_context(|| {
            let (path, temp) = (path.display(), temp.display());
            format!("{path} was saved at the same time, and what was saved is in {temp}")
        })?;
        if !gone {
            if !ours(temp)? {
                bail!(saved_twice());
            }
            self.remove(temp)?;
        }
        Ok(left(entry, work))
    }

    fn remove(&self, temp: &Path) -> Result<()> {
        let removed = self.disk.remove(temp);
        removed.with_context(|| format!("can't remove {}", temp.display()))
    }

    fn look(&self, path: &Path) -> Result<Seen> {
        let look = || -> io::Result<Seen> {
            let metadata = self.disk.metadata(path)?;
            if metadata.is_symlink() {
                return Ok(Seen::Other("it is a symbolic link now"));
            }
            if !metadata.is_file() {
                return Ok(Seen::Other("it is no file any more"));
            }
            self.disk.read(path).map(Seen::Version)
        };
        match look() {
            Err(error) if is_gone(&error) => Ok(Seen::Nothing),
            seen => seen.with_context(|| format!("can't look at {}", path.display())),
        }
    }

    /// Removes the folders that were made for files which are gone, and syncs the others.
    fn settle_folders(&self, direction: Direction) -> Result<()> {
        let entries = self.journal.entries.iter();
        let without = entries
            .filter(|entry| entry.new_folder && direction.of(entry).1.is_none())
            .filter_map(|entry| entry.path.parent());
        for folder in without {
            match self.disk.remove_folder(folder) {
                // Somebody has put something else there.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                Err(error) if is_gone(&error) => {}
                removed => removed.with_context(|| format!("can't remove {}", folder.display()))?,
            }
        }
        let entries = self.journal.entries.iter();
        let folders: BTreeSet<&Path> = entries.filter_map(|entry| entry.path.parent()).collect();
        for folder in folders {
            match self.disk.sync_folder(folder) {
                Err(error) if is_gone(&error) => {}
                synced => synced.with_context(|| format!("can't write to {}", folder.display()))?,
            }
        }
        Ok(())
    }
}

/// What is to be done with a file.
enum Stage {
    /// Its next version is beside it.
    Staged,
    /// Nothing: it is there already.
    Settled,
    /// Nothing: it is somebody's work.
    Left(Left),
}

fn left(entry: &Entry, seen: &Seen) -> Left {
    let reason = match seen {
        Seen::Version(_) => "it was edited",
        Seen::Nothing => "it is gone",
        Seen::Other(reason) => reason,
    };
    Left {
        path: entry.path.clone(),
        reason: reason.to_owned(),
    }
}

/// The file is not there, or a folder above it is not.
pub fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn cant_write(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| {
        let help = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "\nhelp: make room on its disk",
            ErrorKind::PermissionDenied => "\nhelp: see who may write to the file and its folder",
            ErrorKind::ReadOnlyFilesystem => "\nhelp: its disk is mounted read-only",
            _ => "",
        };
        Error::new(error).context(format!("can't write {}{help}", path.display()))
    }
}

/// An error, and what it means for the files.
fn which_means(error: Error, meaning: &str) -> Error {
    let said = error.to_string();
    let first = said.lines().next().unwrap_or_default();
    let context = format!("{first}; {meaning}");
    error.context(context)
}
