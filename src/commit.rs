//! Writes what a run came to: each file whole, and all of them or none.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use tempfile::NamedTempFile;
use unpark_codemods::{
    codemod::Safety,
    refusal::{Refusal, RefusalKind},
};

use crate::{
    format::Rustfmt,
    outcome::{ChangedFile, Outcome, State},
    replay,
};

/// What was written, and what was not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The files that changed while the run went on, which were left as they are.
    pub stale: Vec<PathBuf>,
    /// The changes that were dropped with them, by their numbers.
    pub dropped: BTreeSet<usize>,
}

/// Writes the changed files. A file that is no longer what was analysed is left as it is; the
/// changes that edit it are taken out of the outcome, with those that build on them.
///
/// # Errors
/// If a file may not or can't be written. Then all are as they were.
pub fn commit(outcome: &mut Outcome) -> Result<Committed> {
    let mut committed = Committed::default();
    loop {
        may_be_written(&outcome.files)?;
        drop_stale(outcome, &mut committed);
        let staged = outcome
            .files
            .iter()
            .map(stage)
            .collect::<Result<Vec<_>>>()?;
        // Staging takes a while. What changed meanwhile is seen here, and staged no more.
        if outcome.files.iter().any(is_stale) {
            continue;
        }
        swap(staged, |temp, path| temp.persist(path).map(drop))?;
        break;
    }
    committed.written = outcome.files.iter().map(|file| file.path.clone()).collect();
    Ok(committed)
}

/// Judged by the mode: the superuser could write to a read-only file all the same.
fn may_be_written(files: &[ChangedFile]) -> Result<()> {
    for file in files {
        let path = file.path.display();
        let metadata = match fs::symlink_metadata(&file.path) {
            Ok(metadata) => metadata,
            // It is gone, and what has changed is not ours to write.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("can't look at {path}")),
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

/// Whether a file is no longer what was analysed.
fn is_stale(file: &ChangedFile) -> bool {
    let was = file.before.encode(&file.before.text);
    fs::read(&file.path).map_or(true, |is| is != was)
}

/// Takes out what can't be written because its file has changed.
fn drop_stale(outcome: &mut Outcome, committed: &mut Committed) {
    let stale: BTreeSet<PathBuf> = outcome
        .files
        .iter()
        .filter(|file| is_stale(file))
        .map(|file| file.path.clone())
        .collect();
    if stale.is_empty() {
        return;
    }
    let selected = outcome.changes.iter().filter(|change| change.selected);
    let lost = selected.filter(|it| it.edits.iter().any(|(path, _)| stale.contains(path)));
    let lost = lost.map(|change| change.id).collect();
    let dropped = replay::with_those_that_build_on(outcome, lost);
    let names: Vec<String> = stale.iter().map(|path| outcome.shown(path)).collect();
    let message = format!(
        "{} changed while unpark ran; run it again",
        names.join(", ")
    );
    for finding in &mut outcome.findings {
        if finding.change.is_some_and(|id| dropped.contains(&id)) {
            finding.state = State::Refused;
            finding.safety = Safety::Manual;
            finding.change = None;
            finding.refusal = Some(Refusal::new(RefusalKind::R8, message.clone()));
            finding.effects.clear();
        }
    }
    let touched: BTreeSet<PathBuf> = outcome
        .changes
        .iter()
        .filter(|change| dropped.contains(&change.id))
        .flat_map(|change| change.edits.iter().map(|(path, _)| path.clone()))
        .collect();
    outcome
        .changes
        .retain(|change| !dropped.contains(&change.id));
    let mut files = std::mem::take(&mut outcome.files);
    files.retain_mut(|file| {
        if stale.contains(&file.path) || !touched.contains(&file.path) {
            return !stale.contains(&file.path);
        }
        let Some(overlay) = replay::before(outcome, &file.path, usize::MAX) else {
            return false;
        };
        file.after = overlay.text();
        file.edits = overlay.edits();
        !file.edits.is_empty()
    });
    outcome.files = files;
    Rustfmt::default().format(outcome, |path| touched.contains(path));
    committed.stale.extend(stale);
    committed.dropped.extend(dropped);
}

/// A file's new bytes beside it, ready to take its place.
struct Staged<'a> {
    file: &'a ChangedFile,
    temp: NamedTempFile,
}

fn stage(file: &ChangedFile) -> Result<Staged<'_>> {
    let temp = beside(&file.path, &file.before.encode(&file.after))
        .with_context(|| format!("can't write {}; no file was written", file.path.display()))?;
    Ok(Staged { file, temp })
}

/// A file in the same folder as `path`, with its permissions and these bytes.
fn beside(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let metadata = fs::metadata(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let temp = tempfile::Builder::new()
        .prefix(".unpark-")
        .tempfile_in(folder)?;
    fs::write(temp.path(), bytes)?;
    keep_owner(&metadata, temp.path());
    fs::set_permissions(temp.path(), metadata.permissions())?;
    Ok(temp)
}

/// A run as the superuser leaves the files with whom they belong to. Another user can't, and need
/// not: then the owner is the same.
#[cfg(unix)]
fn keep_owner(metadata: &fs::Metadata, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let _ = chown(path, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::Metadata, _: &Path) {}

/// Puts every staged file into its place; if one fails, those before it are put back.
fn swap(
    staged: Vec<Staged<'_>>,
    persist: impl Fn(NamedTempFile, &Path) -> Result<(), tempfile::PersistError>,
) -> Result<()> {
    let mut done: Vec<&ChangedFile> = Vec::new();
    for Staged { file, temp } in staged {
        if let Err(error) = persist(temp, &file.path) {
            let lost: Vec<String> = done
                .into_iter()
                .filter_map(|file| put_back(file).err())
                .collect();
            let error = anyhow!(error.error);
            let path = file.path.display();
            return Err(match lost.is_empty() {
                true => error.context(format!("can't write {path}; no file was written")),
                false => error.context(format!(
                    "can't write {path}, and these could not be put back: {}",
                    lost.join(", ")
                )),
            });
        }
        done.push(file);
    }
    Ok(())
}

fn put_back(file: &ChangedFile) -> Result<(), String> {
    beside(&file.path, &file.before.encode(&file.before.text))
        .and_then(|temp| temp.persist(&file.path).map_err(|error| error.error))
        .map(drop)
        .map_err(|error| format!("{} ({error})", file.path.display()))
}

#[cfg(test)]
mod tests {
    use ra_ap_ide_db::span::Edition;

    use super::*;
    use crate::{
        outcome::Change,
        overlay::{Overlay, Replacement},
        source::Source,
    };

    /// A folder with files, and an outcome whose changes are given by round, files and old words.
    struct Case {
        folder: tempfile::TempDir,
        outcome: Outcome,
    }

    impl Case {
        fn new(files: &[(&str, &str)]) -> Case {
            let folder = tempfile::tempdir().unwrap();
            let mut outcome = Outcome {
                root: folder.path().to_owned(),
                ..Outcome::default()
            };
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::write(&path, text).unwrap();
                let source = Source::decode(text.as_bytes().to_vec()).unwrap();
                outcome.sources.insert(path, source);
            }
            Case { folder, outcome }
        }

        /// Adds a change that turns one word into another in each file.
        fn change(mut self, round: usize, words: &[(&str, &str, &str)]) -> Case {
            let id = self.outcome.changes.len() + 1;
            let edits = words.iter().map(|(name, old, new)| {
                let path = self.folder.path().join(name);
                let text = replay::before(&self.outcome, &path, round).unwrap().text();
                let start = text.find(old).unwrap();
                let replacement = Replacement {
                    start,
                    end: start + old.len(),
                    replacement: (*new).to_owned(),
                };
                (path, replacement)
            });
            let change = Change {
                id,
                codemod: "unobserved-task",
                safety: Safety::Safe,
                round,
                depends_on: BTreeSet::new(),
                selected: true,
                edits: edits.collect(),
            };
            self.outcome.changes.push(change);
            self.outcome.files = self
                .outcome
                .sources
                .iter()
                .map(|(path, source)| (path, source, self.overlay(path)))
                .filter(|(_, _, overlay)| !overlay.is_unchanged())
                .map(|(path, source, overlay)| ChangedFile {
                    path: path.clone(),
                    edition: Edition::CURRENT,
                    before: source.clone(),
                    after: overlay.text(),
                    edits: overlay.edits(),
                })
                .collect();
            self
        }

        fn overlay(&self, path: &Path) -> Overlay {
            replay::before(&self.outcome, path, usize::MAX).unwrap()
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.folder.path().join(name)).unwrap()
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.folder.path().join(name), text).unwrap();
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.folder.path()).unwrap();
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[test]
    fn writes_and_leaves_nothing_else_behind() {
        let mut case = Case::new(&[("a.rs", "one two"), ("b.rs", "\u{feff}one\r\n")])
            .change(1, &[("a.rs", "one", "1"), ("b.rs", "one", "1")]);
        let committed = commit(&mut case.outcome).unwrap();
        assert_eq!(committed.written.len(), 2);
        assert_eq!(
            (case.read("a.rs").as_str(), case.read("b.rs").as_str()),
            ("1 two", "\u{feff}1\r\n")
        );
        assert_eq!(case.names(), ["a.rs", "b.rs"]);
    }

    #[test]
    fn a_file_that_changed_keeps_its_new_text_and_takes_its_changes_along() {
        let mut case = Case::new(&[("a.rs", "one two"), ("b.rs", "one two"), ("c.rs", "one")])
            .change(1, &[("a.rs", "one", "1"), ("b.rs", "one", "1")])
            .change(1, &[("b.rs", "two", "2")])
            .change(1, &[("c.rs", "one", "1")]);
        case.write("a.rs", "somebody was here");
        let committed = commit(&mut case.outcome).unwrap();
        assert_eq!(committed.dropped, BTreeSet::from([1]));
        assert_eq!(committed.stale, [case.folder.path().join("a.rs")]);
        assert_eq!(case.read("a.rs"), "somebody was here");
        assert_eq!(case.read("b.rs"), "one 2");
        assert_eq!(case.read("c.rs"), "1");
    }

    #[test]
    fn what_a_later_round_did_to_the_same_file_goes_too() {
        let mut case = Case::new(&[("a.rs", "one"), ("b.rs", "one two"), ("c.rs", "one")])
            .change(1, &[("a.rs", "one", "1"), ("b.rs", "one", "1")])
            .change(2, &[("b.rs", "two", "2"), ("c.rs", "one", "1")])
            .change(3, &[("c.rs", "1", "2")]);
        fs::remove_file(case.folder.path().join("a.rs")).unwrap();
        let committed = commit(&mut case.outcome).unwrap();
        assert_eq!(committed.dropped, BTreeSet::from([1, 2, 3]));
        assert!(committed.written.is_empty());
        assert_eq!(
            (case.read("b.rs").as_str(), case.read("c.rs").as_str()),
            ("one two", "one")
        );
        assert!(case.outcome.files.is_empty() && case.outcome.changes.is_empty());
    }

    #[test]
    fn what_is_left_of_a_file_is_laid_out_anew() {
        let before = "fn a() {}\nfn b() {}\n";
        let mut case = Case::new(&[("a.rs", before), ("b.rs", before)])
            .change(1, &[("a.rs", "fn a() {}", "fn a(){1;2}")])
            .change(1, &[("a.rs", "fn b() {}", "fn b(){}"), ("b.rs", "b", "c")]);
        case.write("b.rs", "fn d() {}");
        commit(&mut case.outcome).unwrap();
        let after = "fn a() {\n    1;\n    2\n}\nfn b() {}\n";
        assert_eq!(case.read("a.rs"), after);
    }

    #[test]
    fn a_failure_puts_back_what_was_written_before_it() {
        let case = Case::new(&[("a.rs", "one"), ("b.rs", "one"), ("c.rs", "one")]).change(
            1,
            &[
                ("a.rs", "one", "1"),
                ("b.rs", "one", "1"),
                ("c.rs", "one", "1"),
            ],
        );
        let staged = case
            .outcome
            .files
            .iter()
            .map(stage)
            .collect::<Result<Vec<_>>>();
        let error = swap(staged.unwrap(), |file, path| {
            if path.ends_with("c.rs") {
                assert_eq!(case.read("b.rs"), "1");
                let error = io::Error::other("no space");
                return Err(tempfile::PersistError { error, file });
            }
            file.persist(path).map(drop)
        })
        .unwrap_err();
        assert!(
            format!("{error:#}").contains("c.rs; no file was written: no space"),
            "{error:#}"
        );
        for name in ["a.rs", "b.rs", "c.rs"] {
            assert_eq!(case.read(name), "one");
        }
        assert_eq!(case.names(), ["a.rs", "b.rs", "c.rs"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_a_read_only_file_stop_the_run_before_it_writes() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let mut case = Case::new(&[("a.rs", "one"), ("b.rs", "one")])
            .change(1, &[("a.rs", "one", "1"), ("b.rs", "one", "1")]);
        let b = case.folder.path().join("b.rs");
        fs::set_permissions(&b, fs::Permissions::from_mode(0o444)).unwrap();
        let error = commit(&mut case.outcome).unwrap_err().to_string();
        assert!(error.contains("b.rs is read-only"), "{error}");
        fs::remove_file(&b).unwrap();
        symlink("a.rs", &b).unwrap();
        let error = commit(&mut case.outcome).unwrap_err().to_string();
        assert!(error.contains("b.rs is a symbolic link"), "{error}");
        assert_eq!(case.read("a.rs"), "one");
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let mut case = Case::new(&[("a.rs", "one")]).change(1, &[("a.rs", "one", "1")]);
        let path = case.folder.path().join("a.rs");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        commit(&mut case.outcome).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o750
        );
    }
}
