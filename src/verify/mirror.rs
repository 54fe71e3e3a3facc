//! The user's folders as they would be with the changes, without a change to them.
//!
//! A tree of real folders that stands for the file system: a file that a run changes, or has changed
//! before, is a real file there; everything else is a link to the user's own. Relative paths that
//! leave a crate (`#[path]`, `include_str!`) lead to the same place as they would in the original,
//! because the folders above are mirrored too.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::clock::Clock;
use crate::{
    discover::{CACHE_TAG, is_cache},
    start,
};

/// What the mirror's own folder stands for. On Windows the drive is its first folder, without the
/// colon.
const ROOT: &str = if cfg!(windows) { "" } else { "/" };

/// Bytes of files that are not what the user has, by absolute path.
pub type Texts = BTreeMap<PathBuf, Vec<u8>>;

/// What marks a folder as a cache, for backups and for our own walk.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// The mirror of the file system below one folder.
#[derive(Debug)]
pub struct Mirror {
    root: PathBuf,
    links: Links,
}

/// How a file that is the user's own gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Symbolic links.
    Symbolic,
    /// Copies, where the system or the user has no right to make links.
    Copies,
}

impl Mirror {
    /// A mirror in a folder, which is made if need be.
    ///
    /// # Errors
    /// If the folder can't be made or written to.
    pub fn new(root: PathBuf) -> Result<Mirror> {
        fs::create_dir_all(&root)
            .and_then(|()| fs::write(root.with_file_name(CACHE_TAG), SIGNATURE))
            .with_context(|| format!("can't write to {}", root.display()))?;
        let links = if can_link(&root) {
            Links::Symbolic
        } else {
            Links::Copies
        };
        let root = root
            .canonicalize()
            .with_context(|| format!("can't read {}", root.display()))?;
        Ok(Mirror { root, links })
    }

    /// The folder of the mirror.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where in the mirror a path of the user's is.
    pub fn inside(&self, path: &Path) -> PathBuf {
        inside(&self.root, path)
    }

    /// The user's path of a path in the mirror; others are given back as they are.
    pub fn outside(&self, path: &Path) -> PathBuf {
        let Ok(rest) = path.strip_prefix(&self.root) else {
            return path.to_owned();
        };
        let mut rest = rest.components();
        let mut outside = PathBuf::from(ROOT);
        if cfg!(windows) {
            let drive = rest.next();
            outside.extend(drive.map(|it| format!("{}:\\", it.as_os_str().display())));
        }
        outside.join(rest.as_path())
    }

    /// The user's file that a path leads to in the mirror, by links and `..`.
    pub fn behind(&self, path: &Path) -> PathBuf {
        let inside = match path.starts_with(&self.root) {
            true => path.to_owned(),
            false => self.inside(path),
        };
        match inside.canonicalize() {
            Ok(real) => self.outside(&real),
            Err(_) => self.outside(path),
        }
    }

    /// A text that speaks of the user's own files where it spoke of the mirror's: those below
    /// `folder` relative to it.
    pub fn hide(&self, text: &str, folder: &Path) -> String {
        let copied = self.inside(folder).join("");
        let root = self.root.join("");
        let relative = |path: &Path| path.strip_prefix(folder).map(Path::to_owned).ok();
        let mut text = text.to_owned();
        for (path, shown) in [(copied, ""), (root, ROOT)] {
            text = text.replace(&*path.to_string_lossy(), shown);
            if let Some(path) = relative(&path) {
                text = text.replace(&*path.to_string_lossy(), shown);
            }
        }
        text
    }

    /// Makes the mirror show these folders, with these texts in the place of what stands there.
    ///
    /// What once was a real file stays one, so that its time of change tells cargo when it differs
    /// from what was compiled last; a link back to the user's older file would look unchanged.
    ///
    /// # Errors
    /// If a folder can't be read, or the mirror can't be written.
    pub fn show(&self, folders: &[PathBuf], texts: &Texts) -> Result<()> {
        self.clock()
            .wait()
            .context("can't tell the time of a file")?;
        let mut real = BTreeSet::new();
        let all = self.links == Links::Copies;
        let sources = folders.iter().flat_map(|folder| files(folder, all));
        let common = start::common_folder(folders);
        for file in sources.chain(texts.keys().cloned()) {
            let above = file.ancestors().skip(1);
            for folder in above {
                if !real.insert(folder.to_owned()) {
                    break;
                }
            }
        }
        for folder in &real {
            let copied = all && folder.starts_with(&common);
            self.show_folder(folder, &real, texts, copied)
                .with_context(|| format!("can't mirror {}", folder.display()))?;
        }
        Ok(())
    }

    /// The clock of the mirror's files.
    pub fn clock(&self) -> Clock {
        Clock::of(self.root.parent().unwrap_or(&self.root))
    }

    fn show_folder(
        &self,
        folder: &Path,
        real: &BTreeSet<PathBuf>,
        texts: &Texts,
        copied: bool,
    ) -> io::Result<()> {
        let here = self.inside(folder);
        make_folder(&here)?;
        let mut wanted: BTreeSet<OsString> = BTreeSet::new();
        // The folders above the project may forbid to be listed; then only the way down is there.
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries
                .filter_map(|entry| Some(entry.ok()?.file_name()))
                .collect(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
            // It is there with the changes only.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let below = real.range(folder.to_owned()..);
        let below = below.take_while(|path| path.starts_with(folder));
        let below = below.filter(|path| path.parent() == Some(folder));
        let new = texts.keys().map(PathBuf::as_path);
        let new = new.filter(|path| path.parent() == Some(folder));
        let below: Vec<OsString> = below
            .map(PathBuf::as_path)
            .chain(new)
            .filter_map(|it| Some(it.file_name()?.into()))
            .collect();
        for name in entries.into_iter().chain(below) {
            if wanted.contains(&name) {
                continue;
            }
            self.show_entry(&folder.join(&name), real, texts, copied)?;
            wanted.insert(name);
        }
        for entry in fs::read_dir(&here)? {
            let entry = entry?;
            if !wanted.contains(&entry.file_name()) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn show_entry(
        &self,
        original: &Path,
        real: &BTreeSet<PathBuf>,
        texts: &Texts,
        copied: bool,
    ) -> io::Result<()> {
        let copy = self.inside(original);
        if real.contains(original) {
            return make_folder(&copy);
        }
        let is_real = fs::symlink_metadata(&copy).is_ok_and(|it| it.is_file());
        let is_link = fs::symlink_metadata(original).is_ok_and(|it| it.is_symlink());
        let leads_to = original.canonicalize().ok().filter(|_| is_link || copied);
        let changed = texts.get(original);
        if changed.is_some() || is_real || (copied && original.is_file()) {
            let changed = changed.or_else(|| texts.get(leads_to.as_ref()?));
            let bytes = changed.map_or_else(|| fs::read(original), |bytes| Ok(bytes.clone()));
            return match bytes {
                Ok(bytes) => write_if_other(&copy, &bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
            };
        }
        // Where a link leads to what is in the mirror, so does the mirror's.
        let target = leads_to.filter(|it| it.ancestors().take(2).any(|it| real.contains(it)));
        let target = target.map_or_else(|| original.to_owned(), |it| self.inside(&it));
        match self.links {
            Links::Symbolic if fs::read_link(&copy).is_ok_and(|to| to == target) => Ok(()),
            Links::Symbolic => {
                remove(&copy)?;
                link(&target, &copy)
            }
            // A folder that the walk does not see, or what stands above the project.
            Links::Copies => Ok(()),
        }
    }
}

/// Where in the mirror at `root` a path of the user's is.
pub fn inside(root: &Path, path: &Path) -> PathBuf {
    let mut inside = root.to_owned();
    inside.extend(path.components().filter_map(|component| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        Component::Prefix(prefix) => {
            Some(prefix.as_os_str().to_string_lossy().replace(':', "").into())
        }
        _ => None,
    }));
    inside
}

/// The Rust files below a folder, as the walk of a run sees them; or all of its files, those that
/// git ignores and those that links lead to included.
fn files(folder: &Path, all: bool) -> impl Iterator<Item = PathBuf> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.filter_entry(|entry| !is_cache(entry) && entry.file_name() != ".git");
    if all {
        walk.standard_filters(false).follow_links(true);
    }
    walk.build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|it| it.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(move |path| all || path.extension().is_some_and(|extension| extension == "rs"))
}

fn make_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => {
            remove(path)?;
            fs::create_dir(path)
        }
        Err(_) => fs::create_dir_all(path),
    }
}

/// Leaves the time of change of a file that holds the same already.
fn write_if_other(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && fs::read(path).is_ok_and(|is| is == bytes) => {
            return Ok(());
        }
        Ok(metadata) if !metadata.is_file() => remove(path)?,
        _ => {}
    }
    fs::write(path, bytes)
}

/// Removes a link, a file or a folder of the mirror, and nothing that a link leads to.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path).or_else(|_| fs::remove_dir(path)),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

#[cfg(windows)]
fn link(original: &Path, link: &Path) -> io::Result<()> {
    match original.is_dir() {
        true => std::os::windows::fs::symlink_dir(original, link),
        false => std::os::windows::fs::symlink_file(original, link),
    }
}

fn can_link(folder: &Path) -> bool {
    let probe = folder.join(".link");
    let made = remove(&probe).and_then(|()| link(folder, &probe));
    made.and_then(|()| remove(&probe)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A crate with what a build may read, and another that it reaches into.
    fn written(folder: &Path) -> PathBuf {
        let lib = "\
pub mod a;
#[path = \"../../other/shared.rs\"]
pub mod shared;
pub const NOTES: &str = include_str!(\"../.hidden/notes.txt\");
include!(\"../ignored.in\");
";
        let files = [
            ("it/src/lib.rs", lib),
            ("it/src/a.rs", "pub fn a() -> u8 { crate::IGNORED }"),
            ("it/.hidden/notes.txt", "notes"),
            ("it/.gitignore", "ignored.in"),
            ("it/ignored.in", "pub const IGNORED: u8 = 1;"),
            ("other/shared.rs", "pub const SHARED: u8 = crate::IGNORED;"),
        ];
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder.join("it")
    }

    /// The compiler's words about the mirror's crate.
    fn compiled(mirror: &Mirror, it: &Path) -> String {
        let output = Command::new("rustc")
            .args(["--crate-type=lib", "--emit=metadata", "--out-dir"])
            .arg(mirror.root.parent().unwrap())
            .arg(mirror.inside(&it.join("src/lib.rs")))
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    #[test]
    fn copies_serve_where_links_cant_be_made() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        let it = written(&folder);
        for links in [Links::Copies, Links::Symbolic] {
            let place = folder.join(format!("{links:?}"));
            let mirror = Mirror {
                links,
                ..Mirror::new(place.join("mirror")).unwrap()
            };
            let folders = [it.clone(), folder.join("other")];
            mirror.show(&folders, &Texts::new()).unwrap();
            assert_eq!(compiled(&mirror, &it), "");
            let copy = mirror.inside(&it.join("src/a.rs"));
            let is_link = fs::symlink_metadata(&copy).unwrap().is_symlink();
            assert_eq!(is_link, links == Links::Symbolic);

            let texts = Texts::from([(it.join("src/a.rs"), b"pub fn a() -> u8 { \"\" }".to_vec())]);
            mirror.show(&folders, &texts).unwrap();
            assert!(compiled(&mirror, &it).contains("error[E0308]"));
            // What the user saves, and removes, meanwhile is so in the mirror, too.
            fs::write(it.join("src/b.rs"), "").unwrap();
            mirror.show(&folders, &Texts::new()).unwrap();
            assert_eq!(compiled(&mirror, &it), "");
            assert!(mirror.inside(&it.join("src/b.rs")).exists());
            fs::remove_file(it.join("src/b.rs")).unwrap();
            mirror.show(&folders, &Texts::new()).unwrap();
            assert!(!mirror.inside(&it.join("src/b.rs")).exists());
        }
    }

    #[test]
    fn paths_lead_there_and_back() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        let it = written(&folder);
        let mirror = Mirror::new(folder.join("target/mirror")).unwrap();
        let folders = std::slice::from_ref(&it);
        mirror.show(folders, &Texts::new()).unwrap();
        let file = it.join("src/a.rs");
        assert_eq!(mirror.outside(&mirror.inside(&file)), file);
        assert_eq!(mirror.behind(&it.join("src/../src/a.rs")), file);
        let named = format!("{}: {}", mirror.inside(&file).display(), file.display());
        assert_eq!(
            mirror.hide(&named, &it),
            format!("src/a.rs: {}", file.display())
        );
    }
}
