//! `kill -9` at random moments of an apply and of an undo: every file is whole, and the next run
//! finishes it or takes it back.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use fastrand::Rng;
use ra_ap_ide_db::span::Edition;
use unpark::{
    commit::{Home, commit, recover, undo},
    outcome::{ChangedFile, Outcome},
    source::Source,
};

use crate::support::{
    folder,
    project::{Project, ran, unpark},
};

const FILES: usize = 50;
/// The one that is not there before, nor is its folder.
const MADE: usize = FILES - 1;
const KILLS: usize = 200;
const UNDO_KILLS: usize = 50;

/// Where a process of this binary finds the files that it is to write.
const FOLDER: &str = "UNPARK_KILL_TEST_FOLDER";
/// What it is to do with them.
const WORK: &str = "UNPARK_KILL_TEST_WORK";
/// What it says when it begins, and when it has done it.
const READY: &str = "ready to be killed";
const DONE: &str = "done";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

impl Side {
    /// The text of a file, long enough for a torn one to show.
    fn text(self, number: usize) -> String {
        let word = match self {
            Side::Old => "before",
            Side::New => "and after",
        };
        format!("// file {number}, {word}\n").repeat(100)
    }
}

/// A folder with many files, all on the old side.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(folder: &Path) -> Files {
        let files = Files {
            folder: folder.to_owned(),
        };
        let manifest = "[package]\nname = \"it\"\nedition = \"2024\"\n\n[lib]\npath = \
                        \"src/0/it0.rs\"\n\n[workspace]\n";
        folder::write(&folder.join("Cargo.toml"), manifest.as_bytes());
        for number in 0..MADE {
            folder::write(&files.path(number), Side::Old.text(number).as_bytes());
        }
        files
    }

    fn path(&self, number: usize) -> PathBuf {
        let folder = match number {
            MADE => "made".to_owned(),
            _ => (number % 7).to_string(),
        };
        self.folder.join(format!("src/{folder}/it{number}.rs"))
    }

    fn home(&self) -> Home {
        let members = vec![self.folder.clone()];
        Home::new(&self.folder, members, &self.folder.join("target"))
    }

    /// The outcome of a run that rewrites all of them.
    fn outcome(&self) -> Outcome {
        let file = |number| {
            let before = match number {
                MADE => Vec::new(),
                _ => Side::Old.text(number).into_bytes(),
            };
            ChangedFile {
                path: self.path(number),
                edition: Edition::CURRENT,
                is_new: number == MADE,
                before: Source::decode(before).unwrap(),
                after: Side::New.text(number),
                edits: Vec::new(),
            }
        };
        Outcome {
            root: self.folder.clone(),
            files: (0..FILES).map(file).collect(),
            homes: vec![self.home()],
            ..Outcome::default()
        }
    }

    /// The side of every file; each is whole.
    fn sides(&self) -> Vec<Side> {
        let side = |number| {
            let path = self.path(number);
            if number == MADE && !path.exists() {
                return Side::Old;
            }
            let text = fs::read_to_string(path).unwrap();
            let sides = [Side::Old, Side::New].into_iter();
            let mut sides = sides.filter(|side| side.text(number) == text);
            sides.next().unwrap_or_else(|| panic!("{number}: {text}"))
        };
        (0..FILES).map(side).collect()
    }

    /// All are on one side, and nothing of ours is left beside them.
    fn assert_all(&self, side: Side) {
        assert_eq!(self.sides(), [side; FILES]);
        let made = self.path(MADE);
        assert_eq!(made.exists(), side == Side::New);
        assert_eq!(made.parent().unwrap().exists(), side == Side::New);
        let files = FILES + usize::from(side == Side::New);
        assert_eq!(folder::files(&self.folder).len(), files);
        assert!(!self.home().has_unfinished());
    }
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Apply,
    Undo,
}

/// The test below, in a process of its own that does one work and nothing else. It is told apart by
/// the folder that it is given.
fn process(files: &Files, work: Work) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::every_file_is_whole_after_a_kill",
            "--nocapture",
        ])
        .env(FOLDER, &files.folder)
        .env(WORK, format!("{work:?}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(READY)));
    (child, lines)
}

fn to_be_killed(folder: PathBuf) {
    let files = Files { folder };
    let mut outcome = files.outcome();
    let undoes = env::var(WORK).unwrap() == format!("{:?}", Work::Undo);
    println!("{READY}");
    match undoes {
        true => drop(undo(&files.home()).unwrap()),
        false => drop(commit(&mut outcome).unwrap()),
    }
    println!("{DONE}");
}

/// How long a work takes that nobody interrupts, and how long from when its journal is there.
fn durations(files: &Files, work: Work) -> (Duration, Duration) {
    let (mut child, mut lines) = process(files, work);
    let started = Instant::now();
    wait_for_journal(files, &mut child);
    let begun = started.elapsed();
    assert!(lines.any(|line| line.unwrap() == DONE));
    let done = started.elapsed();
    assert!(child.wait().unwrap().success());
    (done, done - begun)
}

fn wait_for_journal(files: &Files, child: &mut Child) {
    while !files.home().has_unfinished() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_micros(50));
    }
}

/// Takes it back, if there is something to take back.
fn undo_if_begun(files: &Files, by_program: bool) {
    if by_program {
        let mut command = unpark("unpark");
        command.arg("undo").current_dir(&files.folder);
        let ran = ran(command.output().unwrap());
        assert!([0, 2].contains(&ran.code), "{}", ran.stderr);
        return;
    }
    match undo(&files.home()) {
        Ok(settled) => assert_eq!(settled.left, []),
        Err(error) => {
            let error = format!("{error:#}");
            assert!(error.starts_with("there is nothing to undo"), "{error}");
        }
    }
}

#[test]
fn every_file_is_whole_after_a_kill() {
    if let Some(folder) = env::var_os(FOLDER) {
        return to_be_killed(folder.into());
    }
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.unwrap();
    let files = Files::new(&folder.path().canonicalize().unwrap());
    let mut random = random();
    let apply = durations(&files, Work::Apply);
    files.assert_all(Side::New);
    let undo = durations(&files, Work::Undo);
    files.assert_all(Side::Old);

    let mut halfway = 0;
    for number in 0..KILLS + UNDO_KILLS {
        let (work, (all, from_journal)) = match number < KILLS {
            true => (Work::Apply, apply),
            false => (Work::Undo, undo),
        };
        if work == Work::Undo {
            commit(&mut files.outcome()).unwrap();
        }
        let (mut child, _lines) = process(&files, work);
        // Half of them while files are written, the others anywhere.
        let takes = match random.bool() {
            true => {
                wait_for_journal(&files, &mut child);
                from_journal
            }
            false => all,
        };
        sleep(takes.mul_f64(random.f64()));
        child.kill().unwrap();
        child.wait().unwrap();

        let sides = files.sides();
        let begun = files.home().has_unfinished();
        let mixed = sides.iter().any(|side| *side != sides[0]);
        assert!(begun || !mixed, "kill {number} of {work:?}: {sides:?}");
        halfway += usize::from(begun);
        if random.bool() {
            let finished = recover(&files.home()).unwrap();
            assert_eq!(finished.is_some(), begun);
            files.assert_all(match (begun, work) {
                (true, Work::Apply) => Side::New,
                (true, Work::Undo) => Side::Old,
                (false, _) => sides[0],
            });
        }
        undo_if_begun(&files, number % 20 == 0);
        files.assert_all(Side::Old);
    }
    println!("{apply:?} {undo:?}");
    println!("{halfway} of {} kills came halfway", KILLS + UNDO_KILLS);
    assert!(halfway > 0);
}

/// The whole program, from the analysis on.
#[test]
fn the_program_is_killed_while_it_writes() {
    const KILLS: usize = 4;
    let task = "async fn flush() -> Result<(), u8> {\n    Ok(())\n}\n\npub fn start() {\n    \
                tokio::spawn(flush());\n}\n";
    let names: Vec<String> = (0..FILES).map(|it| format!("it{it}")).collect();
    let modules: String = names.iter().map(|name| format!("mod {name};\n")).collect();
    let project = Project::new(&[("src/lib.rs", &modules)]);
    let names: Vec<String> = names.iter().map(|it| format!("src/{it}.rs")).collect();
    for name in &names {
        project.write(name, task);
    }
    let apply = ["--apply", "--no-verify", "--allow-no-vcs"];
    let texts = || -> Vec<Vec<u8>> { names.iter().map(|name| project.read(name)).collect() };
    let old = texts();
    assert_eq!(project.unpark(&apply).code, 0);
    let new = texts();
    assert_eq!(project.unpark(&["undo"]).code, 0);
    assert_eq!(texts(), old);

    let mut random = random();
    for number in 0..KILLS {
        let mut child = project
            .command(&apply)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let journals = project.path("target/unpark/journal");
        let home = fs::read_dir(journals).unwrap().next().unwrap().unwrap();
        let journal = home.path().join("open.json");
        while !journal.exists() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(100));
        }
        sleep(Duration::from_millis(random.u64(0..20)));
        child.kill().unwrap();
        child.wait().unwrap();
        let begun = journal.exists();
        for ((text, old), new) in texts().iter().zip(&old).zip(&new) {
            assert!(
                text == old || text == new,
                "{}",
                String::from_utf8_lossy(text)
            );
        }
        if begun && number % 2 == 0 {
            let dry = project.unpark(&[]);
            assert!(dry.stderr.contains(" has not ended\n"), "{}", dry.stderr);
            let next = project.unpark(&apply);
            let note = "note: finished an `--apply` that was interrupted: wrote ";
            assert!(next.stderr.starts_with(note), "{}", next.stderr);
            assert_eq!(next.code, 0, "{}", next.stderr);
            assert_eq!(texts(), new);
        }
        assert_eq!(project.unpark(&["undo"]).code, 0);
        assert_eq!(texts(), old);
    }
}

/// Random moments; a failure shows the seed.
fn random() -> Rng {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = u64::from(now.subsec_nanos());
    println!("seed {seed}");
    Rng::with_seed(seed)
}
