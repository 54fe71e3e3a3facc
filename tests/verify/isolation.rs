//! Of many changes exactly those are taken back that break something, however far away it shows.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, process::Command};

use unpark::cargo::cargo;

use crate::support::{
    folder,
    project::{Ran, ran, unpark},
};

/// Three changes that compile.
const LINE: &str = "\
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::{flush, read};

pub fn start() {
    tokio::spawn(flush());
}

pub async fn first() -> u32 {
    Handle::current().block_on(read(1))
}

pub async fn second() -> u32 {
    let handle = Handle::current();
    spawn_blocking(move || handle.block_on(read(2)))
        .await
        .unwrap()
}
";
const LINES: usize = 11;

/// What breaks in `tests/projects/metering`: the file of the change, the line that it starts in,
/// and what the compiler, or the test, says of it.
const BREAKS: [(&str, &str, &str); 7] = [
    // A lint that is denied; it speaks of the crate as a whole.
    (
        "clock/src/lib.rs",
        "    tokio::task::spawn_blocking(move || handle.block_on(meters::read(60)))",
        "extern crate `tokio` is unused in crate `clock`",
    ),
    // Only compiled with all features.
    (
        "gateway/src/bin/admin.rs",
        "        fleet::spawn_fallible(meters::flush());",
        "error[E0271]: expected `{async block@gateway/src/bin/admin.rs:",
    ),
    // `Send` is lost; a crate that is built on this one needs it.
    (
        "meters/src/panel.rs",
        "    spawn_blocking(move || handle.block_on(twice()))",
        "--> gateway/src/main.rs:6:33",
    ),
    // A panic was an error before, says a doctest.
    (
        "meters/src/panel.rs",
        "    let number = spawn_blocking(move || handle.block_on(number(line))).await?;",
        "the test `meters/src/panel.rs - panel::parse (line 43)` failed, and passed before:",
    ),
    // A borrow.
    (
        "meters/src/report.rs",
        "    let _ = spawn_and_wait(send(&headline(meter)));",
        "error[E0716]: temporary value dropped while borrowed",
    ),
    // A type; the error is where it is used.
    (
        "meters/src/report.rs",
        "        batch.spawn(flush());",
        "error[E0599]: no method named `failures` found for struct `Batch<()>`",
    ),
    // A macro uses its argument twice, and only one function is async.
    (
        "meters/src/report.rs",
        "    Handle::current().block_on(read(1))",
        "error[E0728]: `await` is only allowed inside `async` functions and blocks",
    ),
];

#[test]
fn of_40_changes_exactly_the_7_that_break_something_are_taken_back() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/metering");
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("metering");
    let _ = fs::remove_dir_all(&project);
    folder::copy(&source, &project);
    with_lines(&project);
    let before = folder::files(&project)
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect::<BTreeMap<_, _>>();

    let ran = run(
        &project,
        &[
            "--apply",
            "--allow-no-vcs",
            "--unsafe-fixes",
            "--verify-features",
            "all",
            "--verify-tests",
            "--locked",
        ],
    );
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let lines = ran.json();
    let findings = |state: &str| {
        let lines = lines.iter().filter(|line| line["reason"] == "finding");
        let lines = lines.filter(|line| line["state"] == state);
        lines.collect::<Vec<_>>()
    };
    let reverted: Vec<(&str, &str)> = findings("reverted")
        .into_iter()
        .map(|line| {
            let path = line["path"].as_str().unwrap();
            let number = line["range"]["start"]["line"].as_u64().unwrap() as usize;
            let text = &before[&project.join(path)];
            (path, text.lines().nth(number - 1).unwrap())
        })
        .collect();
    let expected = BREAKS.map(|(path, line, _)| (path, line));
    assert_eq!(reverted, expected, "{}", ran.text());
    for (line, (_, _, words)) in findings("reverted").into_iter().zip(BREAKS) {
        let said = line["compiler"].as_str().unwrap();
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
        assert!(!said.contains("unpark/mirror"), "{said}");
    }
    assert_eq!(findings("fixed").len(), 3 * LINES);

    let summary = lines.last().unwrap();
    assert_eq!(summary["changes"], 3 * LINES);
    // The doctest.
    assert_eq!(summary["verification"]["tests"], 1);
    let checks = summary["verification"]["checks"].as_f64().unwrap();
    let changes = (3 * LINES + BREAKS.len()) as f64;
    let most = 1.0 + 2.0 * changes.log2() * BREAKS.len() as f64;
    assert!(checks <= most, "{checks} checks, and {most} are the most");

    // What was written compiles, and passes its tests.
    let mut test = Command::new(cargo());
    test.args(["test", "--workspace", "--all-features", "--locked"]);
    let tested = in_project(&mut test, &project).output().unwrap();
    assert!(tested.status.success(), "{tested:#?}");
}

fn with_lines(project: &Path) {
    let mut modules = String::new();
    for line in 1..=LINES {
        let file = format!("meters/src/lines/line_{line}.rs");
        folder::write(&project.join(file), LINE.as_bytes());
        writeln!(modules, "pub mod line_{line};").unwrap();
    }
    let (lines, lib) = ("meters/src/lines/mod.rs", project.join("meters/src/lib.rs"));
    folder::write(&project.join(lines), modules.as_bytes());
    let text = fs::read_to_string(&lib).unwrap();
    folder::write(&lib, format!("{text}\npub mod lines;\n").as_bytes());
}

fn run(project: &Path, args: &[&str]) -> Ran {
    let mut command = unpark("unpark");
    command.args(args).args(["--message-format", "json"]);
    ran(in_project(&mut command, project).output().unwrap())
}

fn in_project<'a>(command: &'a mut Command, project: &Path) -> &'a mut Command {
    // The same place in every run, so that cargo finds the dependencies built.
    let target = project.with_file_name("metering-target");
    command.current_dir(project).env("CARGO_TARGET_DIR", target)
}
