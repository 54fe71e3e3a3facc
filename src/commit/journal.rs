//! What is written down before a file is touched: enough to finish, and to take back.

use std::{
    io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use crate::{cargo::Project, identity::sha256, outcome::ChangedFile};

/// Where the journal and the lock of a cargo workspace are: in its target folder, which another
/// workspace may share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    root: PathBuf,
    members: Vec<PathBuf>,
    folder: PathBuf,
    review: PathBuf,
}

impl Home {
    /// The place for a project.
    pub fn of(project: &Project) -> Home {
        let members = project.packages.iter();
        let members = members.map(|package| package.folder.clone()).collect();
        Home::new(&project.root, members, &project.target_folder)
    }

    /// The place for a workspace with these folders.
    pub fn new(root: &Path, members: Vec<PathBuf>, target_folder: &Path) -> Home {
        let id = &sha256(root.as_os_str().as_encoded_bytes())[..16];
        Home {
            root: root.to_owned(),
            members,
            folder: target_folder.join("unpark/journal").join(id),
            review: target_folder.join(format!("unpark/review/{id}.json")),
        }
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the answers of a review are kept.
    pub fn review(&self) -> &Path {
        &self.review
    }

    /// Whether a file belongs to a member.
    pub fn holds(&self, path: &Path) -> bool {
        self.members.iter().any(|member| path.starts_with(member))
    }

    /// Whether an apply or an undo goes on, or was interrupted.
    pub fn has_unfinished(&self) -> bool {
        self.open().exists()
    }

    /// Makes the folder.
    pub(super) fn create(&self, disk: &dyn Disk) -> Result<()> {
        let folder = self.folder.display();
        disk.create_folder(&self.folder).with_context(|| {
            format!(
                "can't make {folder} for the journal; no file was written\nhelp: CARGO_TARGET_DIR \
                 names a target folder that can be written to"
            )
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The journal of what goes on, or was interrupted.
    pub(super) fn open(&self) -> PathBuf {
        self.folder.join("open.json")
    }

    /// The journal of what was done last.
    pub(super) fn last(&self) -> PathBuf {
        self.folder.join("last.json")
    }

    fn draft(&self) -> PathBuf {
        self.folder.join("draft.json")
    }
}

/// What a journal is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `unpark --apply`
    Apply,
    /// `unpark undo`
    Undo,
    /// `--verify=in-place`: the files are to be what they were, whatever happens.
    Trial,
}

/// The files that are to be written, and what they were.
#[derive(Debug, Serialize, Deserialize)]
pub struct Journal {
    pub kind: Kind,
    pub entries: Vec<Entry>,
}

/// One file. Its permissions are in no journal: what takes its place takes those over.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    pub path: PathBuf,
    /// The name, in the same folder, that the file's next version has before it takes its place.
    pub temp: PathBuf,
    /// `None` where there is no file.
    pub from: Option<Version>,
    pub to: Option<Version>,
    /// Whether its folder is made for it, and goes with it.
    #[serde(default)]
    pub new_folder: bool,
}

/// A path, and what stands there before and after.
type Versions = (PathBuf, Option<Version>, Option<Version>);

/// What a file holds at one time. Only text is ever edited.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    sha256: String,
    text: String,
}

impl Version {
    fn new(bytes: Vec<u8>) -> Version {
        Version {
            sha256: sha256(&bytes),
            text: String::from_utf8(bytes).expect("a source was decoded from UTF-8"),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn is_whole(&self) -> bool {
        sha256(self.bytes()) == self.sha256
    }
}

impl Journal {
    /// The journal of an apply.
    pub fn apply(files: &[ChangedFile]) -> Journal {
        let versions = files.iter().map(|file| {
            let from = file.before.encode(&file.before.text);
            let from = (!file.is_new).then(|| Version::new(from));
            let to = Version::new(file.before.encode(&file.after));
            (file.path.clone(), from, Some(to))
        });
        Journal::new(Kind::Apply, versions)
    }

    /// The journal of what is only tried.
    ///
    /// # Errors
    /// If a file is no text.
    pub fn trial(versions: Vec<(PathBuf, Option<Vec<u8>>, Vec<u8>)>) -> Result<Journal> {
        for (path, from, _) in &versions {
            if std::str::from_utf8(from.as_deref().unwrap_or_default()).is_err() {
                bail!("{} is not UTF-8 any more", path.display());
            }
        }
        let versions = versions.into_iter();
        let versions =
            versions.map(|(path, from, to)| (path, from.map(Version::new), Some(Version::new(to))));
        Ok(Journal::new(Kind::Trial, versions))
    }

    /// The journal of the way back. What an undo had to leave may be as it was by now, so for an
    /// undo it is the same way again.
    pub fn undo(self) -> Journal {
        let made = self.entries.iter().map(|entry| entry.new_folder);
        let made: Vec<bool> = made.collect();
        let versions = self.entries.into_iter().map(|entry| match self.kind {
            Kind::Apply => (entry.path, entry.to, entry.from),
            Kind::Undo | Kind::Trial => (entry.path, entry.from, entry.to),
        });
        let mut journal = Journal::new(Kind::Undo, versions);
        for (entry, made) in journal.entries.iter_mut().zip(made) {
            entry.new_folder = made;
        }
        journal
    }

    fn new(kind: Kind, versions: impl Iterator<Item = Versions>) -> Journal {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let name = format!(".unpark-{:x}", now.unwrap_or_default().as_nanos());
        let entry = |(number, (path, from, to)): (usize, Versions)| Entry {
            temp: path.with_file_name(format!("{name}-{number}")),
            new_folder: from.is_none() && path.parent().is_some_and(|folder| !folder.is_dir()),
            path,
            from,
            to,
        };
        Journal {
            kind,
            entries: versions.enumerate().map(entry).collect(),
        }
    }

    /// Reads one that was written before.
    pub fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Journal>> {
        let shown = path.display();
        let bytes = match disk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("can't read the journal {shown}; no file was written")
                });
            }
        };
        let damaged = || {
            format!(
                "the journal {shown} is damaged\nhelp: every file is whole, either old or new; \
                 look at them, and remove the journal"
            )
        };
        let journal: Journal = serde_json::from_slice(&bytes).with_context(damaged)?;
        let entries = &journal.entries;
        if !entries
            .iter()
            .flat_map(|it| it.from.iter().chain(&it.to))
            .all(Version::is_whole)
        {
            bail!(damaged());
        }
        Ok(Some(journal))
    }

    /// Writes it down: from here on, whoever comes next can finish it or take it back.
    pub fn begin(&self, disk: &dyn Disk, home: &Home) -> Result<()> {
        let write = || -> io::Result<()> {
            remove_if_there(disk, &home.draft())?;
            disk.create(&home.draft(), &serde_json::to_vec(self)?, None)?;
            disk.rename(&home.draft(), &home.open())?;
            disk.sync_folder(&home.folder)
        };
        write().with_context(|| {
            format!(
                "can't write the journal {}\nhelp: CARGO_TARGET_DIR names a target folder that \
                 can be written to",
                home.open().display()
            )
        })
    }

    /// Marks it as done, in one step.
    pub fn end(disk: &dyn Disk, home: &Home) -> Result<()> {
        disk.rename(&home.open(), &home.last())
            .and_then(|()| disk.sync_folder(&home.folder))
            .with_context(|| format!("can't end the journal {}", home.open().display()))
    }

    /// Forgets it: every file is as it was.
    pub fn forget(disk: &dyn Disk, home: &Home) -> Result<()> {
        let forget = || -> io::Result<()> {
            remove_if_there(disk, &home.draft())?;
            remove_if_there(disk, &home.open())?;
            disk.sync_folder(&home.folder)
        };
        forget().with_context(|| format!("can't remove the journal {}", home.open().display()))
    }
}

/// Looks first: on a disk that can't be written to, removing nothing fails too.
fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.metadata(path) {
        Ok(_) => disk.remove(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
