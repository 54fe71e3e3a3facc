//! Every operation of a commit fails once, and is once the last before a kill; and somebody saves a
//! file before every one of them.

use std::{
    cell::Cell,
    fs::{File, Metadata},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

use super::*;

/// What happens at one operation, counted from 0.
enum Fault<'a> {
    /// It fails, and is the only one.
    Once(ErrorKind),
    /// Neither it nor any other is done any more.
    Kill,
    /// This is done before it.
    Meanwhile(&'a dyn Fn()),
}

/// The disk of this machine, with a fault; and quick, as no power cut is tried out.
struct Faulty<'a> {
    at: usize,
    fault: Fault<'a>,
    /// Whether two files can be exchanged in one step.
    exchanges: bool,
    done: Cell<usize>,
}

impl<'a> Faulty<'a> {
    fn new(exchanges: bool, at: usize, fault: Fault<'a>) -> Faulty<'a> {
        Faulty {
            at,
            fault,
            exchanges,
            done: Cell::new(0),
        }
    }

    fn sound() -> Faulty<'a> {
        Faulty::new(true, usize::MAX, Fault::Kill)
    }

    /// Whether it came to the fault.
    fn struck(&self) -> bool {
        self.done.get() > self.at
    }

    fn step<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let number = self.done.replace(self.done.get() + 1);
        match self.fault {
            Fault::Once(kind) if number == self.at => Err(kind.into()),
            Fault::Kill if number >= self.at => Err(ErrorKind::Interrupted.into()),
            Fault::Meanwhile(act) if number == self.at => {
                act();
                operation()
            }
            _ => operation(),
        }
    }
}

impl Disk for Faulty<'_> {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.step(|| System.metadata(path))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.step(|| System.read(path))
    }

    fn create(&self, path: &Path, bytes: &[u8], _: Option<&Metadata>) -> io::Result<()> {
        let mut file = self.step(|| File::create_new(path)).or_else(|error| {
            // A disk that is full, or a kill, leaves half of a file.
            if self.done.get() == self.at + 1 {
                File::create_new(path)?.write_all(&bytes[..bytes.len() / 2])?;
            }
            Err(error)
        })?;
        file.write_all(bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| System.rename(from, to))
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.step(|| match self.exchanges {
            true => System.exchange(one, other),
            false => Err(ErrorKind::Unsupported.into()),
        })
    }

    fn place(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| match self.exchanges {
            true => System.place(from, to),
            false => Err(ErrorKind::Unsupported.into()),
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| System.remove(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step(|| System.remove_folder(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step(|| System.create_folder(path))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.step(|| Ok(()))
    }
}

const NAMES: [&str; 3] = ["a.rs", "b.rs", "c.rs"];
const OLD: &str = "one two three";
const NEW: &str = "one 2 three";
/// A file that is not there before, nor is its folder.
const MADE: &str = "made/d.rs";
const TEXT: &str = "a text that is long enough to be torn";
/// How many files change.
const FILES: usize = NAMES.len() + 1;

/// Three files that one change edits, and one that it makes.
fn case() -> Case {
    let mut words = NAMES.map(|name| (name, "two", "2")).to_vec();
    words.push((MADE, "", TEXT));
    let case = Case::new(&NAMES.map(|name| (name, OLD)));
    case.and_new(MADE).change(1, &words)
}

/// The same, written, and a journal of it.
fn applied() -> Case {
    let mut case = case();
    commit_on(&Faulty::sound(), &mut case.outcome).unwrap();
    case
}

impl Case {
    fn texts(&self) -> [String; 3] {
        NAMES.map(|name| self.read(name))
    }

    /// The text of the file that is made, if it is there.
    fn made(&self) -> Option<String> {
        fs::read_to_string(self.path(MADE)).ok()
    }

    /// Nothing of ours is left behind.
    fn assert_tidy(&self) {
        let folder = self.path("made");
        let names = self.names();
        match folder.is_dir() {
            true => assert_eq!(names[3..], ["made"]),
            false => assert_eq!(names[3..], [""; 0]),
        }
        assert_eq!(names[..3], NAMES);
        let made = fs::read_dir(folder).into_iter().flatten();
        assert_eq!(made.count(), usize::from(self.made().is_some()));
        assert!(!self.home().has_unfinished());
    }

    /// Nothing of ours is left behind, and the files are all on one side, which is told.
    fn side(&self) -> &'static str {
        self.assert_tidy();
        assert_eq!(self.path("made").exists(), self.made().is_some());
        let texts = self.texts();
        let mut sides = [OLD, NEW].into_iter();
        let side = sides.find(|side| texts.iter().all(|text| text == side));
        let side = side.unwrap_or_else(|| panic!("{texts:?}"));
        let made = (side == NEW).then(|| TEXT.to_owned());
        assert_eq!(self.made(), made, "{side}");
        side
    }

    /// Every file is one of the two, whole.
    fn assert_whole(&self, what: &str) {
        for text in self.texts() {
            assert!([OLD, NEW].contains(&text.as_str()), "{what}: {text}");
        }
        let made = self.made();
        assert!(made.iter().all(|text| text == TEXT), "{what}: {made:?}");
    }
}

/// Calls it with every operation at which there is a fault, until one run meets none.
fn at_every_operation(mut act: impl FnMut(bool, usize) -> bool) {
    for exchanges in [true, false] {
        let count = (0..).take_while(|&at| act(exchanges, at)).count();
        assert!(count > 30, "only {count} operations");
    }
}

const KINDS: [ErrorKind; 4] = [
    ErrorKind::StorageFull,
    ErrorKind::PermissionDenied,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::Other,
];

#[test]
fn an_operation_of_an_apply_that_fails_leaves_the_old_bytes() {
    at_every_operation(|exchanges, at| {
        let mut case = case();
        let kind = KINDS[at % KINDS.len()];
        let disk = Faulty::new(exchanges, at, Fault::Once(kind));
        let result = commit_on(&disk, &mut case.outcome);
        if !disk.struck() {
            assert_eq!(result.unwrap().written.len(), FILES);
            assert_eq!(case.side(), NEW);
            return false;
        }
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("; no file was written"), "{at}: {error}");
        assert!(
            error.contains(&io::Error::from(kind).to_string()),
            "{error}"
        );
        assert!(error.contains("can't "), "{error}");
        let folder = case.folder.path().display().to_string();
        assert!(error.contains(&folder), "{at}: {error}");
        assert_eq!(case.side(), OLD, "{at}: {error}");
        true
    });
}

#[test]
fn an_operation_of_an_undo_that_fails_leaves_the_new_bytes() {
    at_every_operation(|exchanges, at| {
        let case = applied();
        let disk = Faulty::new(exchanges, at, Fault::Once(ErrorKind::StorageFull));
        let result = undo_on(&disk, case.home());
        if !disk.struck() {
            assert_eq!(result.unwrap().written.len(), FILES);
            assert_eq!(case.side(), OLD);
            return false;
        }
        let error = format!("{:#}", result.unwrap_err());
        assert_eq!(case.side(), NEW, "{at}: {error}");
        assert!(error.contains("can't "), "{at}: {error}");
        // What was not done can be done.
        assert_eq!(
            undo_on(&Faulty::sound(), case.home())
                .unwrap()
                .written
                .len(),
            FILES,
            "{at}: {error}"
        );
        assert_eq!(case.side(), OLD);
        true
    });
}

#[test]
fn a_kill_of_an_apply_leaves_whole_files_and_a_way_to_either_side() {
    at_every_operation(|exchanges, at| {
        let kill = |then: fn(&Home) -> Result<()>, expected: &str| {
            let mut case = case();
            let disk = Faulty::new(exchanges, at, Fault::Kill);
            let killed = commit_on(&disk, &mut case.outcome);
            case.assert_whole("killed");
            let begun = case.home().has_unfinished();
            let ended = case.home().last().exists();
            then(case.home()).unwrap();
            let side = match begun || ended {
                true => expected,
                false => OLD,
            };
            assert_eq!(case.side(), side, "{at}: {killed:?}");
            disk.struck()
        };
        kill(|home| end_unfinished(&Faulty::sound(), home).map(drop), NEW);
        kill(
            |home| match undo_on(&Faulty::sound(), home) {
                Err(error) if error.to_string().starts_with("there is nothing to undo") => Ok(()),
                undone => undone.map(drop),
            },
            OLD,
        )
    });
}

#[test]
fn a_kill_while_it_recovers_is_recovered_from() {
    let mut at = 0;
    let mut struck = true;
    while struck {
        struck = false;
        for again in 0.. {
            let mut case = case();
            let disk = Faulty::new(true, at, Fault::Kill);
            commit_on(&disk, &mut case.outcome).ok();
            struck |= disk.struck();
            let disk = Faulty::new(true, again, Fault::Kill);
            end_unfinished(&disk, case.home()).ok();
            case.assert_whole("killed twice");
            end_unfinished(&Faulty::sound(), case.home()).unwrap();
            case.side();
            if !disk.struck() {
                break;
            }
        }
        at += 1;
    }
    assert!(at > 30);
}

#[test]
fn a_kill_of_an_undo_is_finished_by_whoever_comes_next() {
    at_every_operation(|exchanges, at| {
        let case = applied();
        let disk = Faulty::new(exchanges, at, Fault::Kill);
        undo_on(&disk, case.home()).ok();
        case.assert_whole("killed");
        let begun = case.home().has_unfinished();
        let recovered = end_unfinished(&Faulty::sound(), case.home()).unwrap();
        assert_eq!(recovered.is_some(), begun);
        if begun {
            assert_eq!(case.side(), OLD);
        } else {
            case.side();
        }
        disk.struck()
    });
}

#[test]
fn what_somebody_saves_at_any_moment_is_kept() {
    const SAVED: &str = "mine";
    let in_place = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, SAVED).unwrap();
    };
    let by_rename = |path: &Path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let other = path.with_extension("saved");
        fs::write(&other, SAVED).unwrap();
        fs::rename(&other, path).unwrap();
    };
    let savers: [&dyn Fn(&Path); 2] = [&in_place, &by_rename];
    for (name, save) in NAMES
        .iter()
        .chain([&MADE])
        .flat_map(|name| savers.map(|save| (name, save)))
    {
        let count = (0..)
            .take_while(|&at| {
                let mut case = case();
                let path = case.path(name);
                let act = || save(&path);
                let disk = Faulty::new(true, at, Fault::Meanwhile(&act));
                let committed = commit_on(&disk, &mut case.outcome).unwrap();
                if disk.struck() {
                    assert_eq!(case.read(name), SAVED, "{at}: {committed:?}");
                    case.assert_tidy();
                    let others = NAMES.iter().filter(|other| *other != name);
                    let side = if committed.stale.is_empty() { NEW } else { OLD };
                    for other in others {
                        assert_eq!(case.read(other), side, "{at}: {committed:?}");
                    }
                    let made = (side == NEW).then_some(TEXT);
                    assert!(*name == MADE || case.made().as_deref() == made, "{at}");
                }
                disk.struck()
            })
            .count();
        assert!(count > 30, "only {count} operations");
    }
}

#[test]
fn an_undo_keeps_what_somebody_saves_at_any_moment() {
    for name in ["b.rs", MADE] {
        let count = (0..).take_while(|&at| is_kept_by_an_undo(name, at));
        assert!(count.count() > 30);
    }
}

/// Whether there is an operation of an undo before which somebody saves a file; it is kept then.
fn is_kept_by_an_undo(name: &str, at: usize) -> bool {
    let case = applied();
    let path = case.path(name);
    let act = || {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
    };
    let disk = Faulty::new(true, at, Fault::Meanwhile(&act));
    let undone = undo_on(&disk, case.home()).unwrap();
    assert_eq!(
        (case.read("a.rs").as_str(), case.read("c.rs").as_str()),
        (OLD, OLD)
    );
    case.assert_tidy();
    let saved = |of: &str| disk.struck() && name == of;
    let made = saved(MADE).then_some("mine");
    assert_eq!(case.made().as_deref(), made, "{at}: {undone:?}");
    let edited = if saved("b.rs") { "mine" } else { OLD };
    assert_eq!(case.read("b.rs"), edited, "{at}: {undone:?}");
    disk.struck()
}
