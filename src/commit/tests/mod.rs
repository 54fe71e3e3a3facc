//! What is written, what is left, and what is taken back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ra_ap_ide_db::span::Edition;
use unpark_codemods::codemod::Safety;

use super::*;
use crate::{
    outcome::{Change, Verification},
    overlay::{Overlay, Replacement},
    replay,
    source::Source,
};

mod faults;

/// A folder with files, and an outcome whose changes are given by round, files and old words.
struct Case {
    folder: tempfile::TempDir,
    outcome: Outcome,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Case {
        // In memory, where there is such a folder.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let mut outcome = Outcome {
            root: folder.path().to_owned(),
            homes: vec![Home::new(
                folder.path(),
                vec![folder.path().to_owned()],
                &folder.path().join("target"),
            )],
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

    /// With a file that is not there yet.
    fn and_new(mut self, name: &str) -> Case {
        let source = Source::decode(Vec::new()).unwrap();
        self.outcome.sources.insert(self.path(name), source);
        self
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
                is_new: !path.exists(),
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> &Home {
        &self.outcome.homes[0]
    }

    /// The files outside of the target folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "target")
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
fn a_new_file_and_its_folder_come_and_go() {
    const NEW: &str = "made/b.rs";
    let case = || {
        let case = Case::new(&[("a.rs", "one")]).and_new(NEW);
        case.change(1, &[("a.rs", "one", "1"), (NEW, "", "new\n")])
    };
    let mut it = case();
    commit(&mut it.outcome).unwrap();
    assert_eq!(
        (it.read("a.rs").as_str(), it.read(NEW).as_str()),
        ("1", "new\n")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(it.path(name)).unwrap().permissions().mode();
        assert_eq!(mode(NEW) & 0o777, mode("made") & 0o666);
    }
    let undone = undo(it.home()).unwrap();
    assert_eq!((undone.written.len(), undone.left), (2, Vec::new()));
    assert_eq!(
        (it.read("a.rs").as_str(), it.names()),
        ("one", vec!["a.rs".to_owned()])
    );

    // Somebody was faster, and the change goes with the file.
    let mut it = case();
    fs::create_dir(it.path("made")).unwrap();
    it.write(NEW, "mine");
    let committed = commit(&mut it.outcome).unwrap();
    assert_eq!(committed.stale, [it.path(NEW)]);
    assert_eq!(
        (it.read("a.rs").as_str(), it.read(NEW).as_str()),
        ("one", "mine")
    );

    // What was edited since stays, and so does what stands beside it.
    for (name, left) in [(NEW, 1), ("made/other.rs", 0)] {
        let mut it = case();
        commit(&mut it.outcome).unwrap();
        it.write(name, "mine");
        let undone = undo(it.home()).unwrap();
        assert_eq!(undone.left.len(), left, "{undone:?}");
        assert_eq!(
            (it.read("a.rs").as_str(), it.read(name).as_str()),
            ("one", "mine")
        );
    }
}

#[test]
fn a_file_that_changed_keeps_its_new_text_and_takes_its_changes_along() {
    let mut case = Case::new(&[("a.rs", "one two"), ("b.rs", "one two"), ("c.rs", "one")])
        .change(1, &[("a.rs", "one", "1"), ("b.rs", "one", "1")])
        .change(1, &[("b.rs", "two", "2")])
        .change(1, &[("c.rs", "one", "1")]);
    case.write("a.rs", "somebody was here");
    case.outcome.verification = Some(Verification::default());
    assert!(!is_current(&case.outcome).unwrap());
    let committed = commit(&mut case.outcome).unwrap();
    assert_eq!(committed.dropped, BTreeSet::from([1]));
    assert_eq!(case.outcome.verification, None);
    assert_eq!(committed.stale, [case.folder.path().join("a.rs")]);
    assert_eq!(case.read("a.rs"), "somebody was here");
    assert_eq!(case.read("b.rs"), "one 2");
    assert_eq!(case.read("c.rs"), "1");
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

#[test]
fn a_trial_that_was_killed_is_taken_back() {
    let case = Case::new(&[("a.rs", "one"), ("b.rs", "one")]);
    let home = &case.outcome.homes[0];
    let texts = ["a.rs", "b.rs"].map(|name| (case.folder.path().join(name), b"two".to_vec()));
    let trial = Trial::begin(home, &BTreeMap::from(texts.clone())).unwrap();
    assert_eq!(
        (case.read("a.rs"), case.read("b.rs")),
        ("two".to_owned(), "two".to_owned())
    );
    // A process that is killed drops nothing but its lock.
    let journal = fs::read(home.open()).unwrap();
    trial.end().unwrap();
    assert_eq!(case.read("a.rs"), "one");
    assert!(!home.has_unfinished());
    fs::write(home.open(), journal).unwrap();
    case.write("a.rs", "two");
    case.write("b.rs", "mine");
    let recovered = recover(home).unwrap().unwrap();
    assert_eq!(
        (recovered.kind, recovered.direction),
        (Kind::Trial, Direction::Back)
    );
    assert_eq!(
        recovered.settled.left[0].path,
        case.folder.path().join("b.rs")
    );
    assert_eq!(
        (case.read("a.rs"), case.read("b.rs")),
        ("one".to_owned(), "mine".to_owned())
    );
}
