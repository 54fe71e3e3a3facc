//! Whole projects, as their owners would see them: the diff, the findings, and that the result
//! compiles and passes its tests.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cargo_metadata::{Message, diagnostic::DiagnosticLevel};
use similar::TextDiff;
use unpark::{
    cargo::cargo,
    options::{CargoOptions, Options},
    outcome::{Outcome, State},
};

use crate::support::{folder, snapshot, stage::line};

#[test]
fn orders() {
    project("orders");
}

#[test]
fn workspace() {
    project("workspace");
}

#[test]
fn runtimes() {
    project("runtimes");
}

/// Runs over a copy, writes what is safe, then what is not, and lets cargo judge each.
fn project(name: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/projects")
        .join(name);
    // The same place in every run, so that cargo finds what it has built before.
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("projects")
        .join(name);
    let _ = fs::remove_dir_all(&copy);
    folder::copy(&source, &copy);
    let mut before = warnings(&copy);

    let safe = run(&copy, false);
    let mut text = shown(&safe);
    write_result(&safe);
    let after = warnings(&copy);
    assert!(after.is_subset(&before), "{name}: {after:#?}");

    let mut last = safe;
    if last.count(State::Offered) > 0 {
        before = after;
        last = run(&copy, true);
        let _ = write!(
            text,
            "\n==== then with --unsafe-fixes ====\n\n{}",
            shown(&last)
        );
        write_result(&last);
        let after = warnings(&copy);
        assert!(after.is_subset(&before), "{name}: {after:#?}");
    }
    snapshot(&format!("projects/{name}.txt"), &text);
    for root in workspaces(&copy) {
        let tested = command(&root)
            .args(["test", "--quiet"])
            .output()
            .expect("cargo runs");
        assert!(tested.status.success(), "{name}: {tested:#?}");
    }

    let again = run(&copy, true);
    assert_eq!(diff(&again), "", "{name}: a second run changes something");
    let unsettled = again.count(State::Fixed) + again.count(State::Offered);
    assert_eq!(unsettled, 0, "{name}: a second run finds more");
}

fn run(folder: &Path, unsafe_fixes: bool) -> Outcome {
    let options = Options {
        paths: vec![folder.to_owned()],
        unsafe_fixes: unsafe_fixes.then_some(true),
        cargo: CargoOptions {
            locked: true,
            ..CargoOptions::default()
        },
        jobs: 2,
        ..Options::default()
    };
    let outcome = unpark::run(&options).expect("the project can be read");
    assert_eq!(outcome.defects, []);
    outcome
}

fn write_result(outcome: &Outcome) {
    for file in &outcome.files {
        fs::write(&file.path, file.before.encode(&file.after)).expect("the copy is ours");
    }
}

fn diff(outcome: &Outcome) -> String {
    let mut text = String::new();
    for file in &outcome.files {
        let path = outcome.shown(&file.path);
        let diff = TextDiff::from_lines(&*file.before.text, &*file.after);
        let mut unified = diff.unified_diff();
        unified.header(&format!("a/{path}"), &format!("b/{path}"));
        let _ = write!(text, "{unified}");
    }
    text
}

/// The diff, and everything that is said.
fn shown(outcome: &Outcome) -> String {
    let mut text = diff(outcome);
    text.push_str("\n---- findings ----\n");
    for finding in &outcome.findings {
        text.push_str(&line(outcome, finding));
    }
    for (reason, count) in &outcome.quiet {
        let _ = writeln!(text, "fine: {count} {reason}");
    }
    for (place, count) in &outcome.unseen {
        let _ = writeln!(text, "unseen: {count} in {place}");
    }
    for skipped in &outcome.skipped {
        let path = outcome.shown(&skipped.path);
        let _ = writeln!(text, "skipped: {path}: {}", skipped.reason);
    }
    for reason in &outcome.degraded {
        let _ = writeln!(text, "degraded: {reason}");
    }
    text.replace(&*outcome.root.to_string_lossy(), "[project]")
}

/// The cargo workspaces of a project; each has a lock file.
fn workspaces(folder: &Path) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = folder::files(folder)
        .into_iter()
        .filter(|path| path.ends_with("Cargo.lock"))
        .map(|mut path| {
            path.pop();
            path
        })
        .collect();
    roots.sort();
    roots
}

fn command(root: &Path) -> Command {
    let mut command = Command::new(cargo());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects-target");
    command
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("RUST_BACKTRACE");
    command
}

/// Compiles, and gives what the compiler warns of.
fn warnings(folder: &Path) -> BTreeSet<String> {
    let mut warnings = BTreeSet::new();
    for root in workspaces(folder) {
        let mut check = command(&root)
            .args([
                "check",
                "--all-targets",
                "--workspace",
                "--locked",
                "--quiet",
            ])
            .arg("--message-format=json")
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo runs");
        let mut errors = String::new();
        let stdout = BufReader::new(check.stdout.take().expect("it is piped"));
        for message in Message::parse_stream(stdout) {
            if let Message::CompilerMessage(it) = message.expect("cargo speaks JSON") {
                match it.message.level {
                    DiagnosticLevel::Warning => drop(warnings.insert(it.message.message)),
                    _ => errors.push_str(&it.message.rendered.unwrap_or_default()),
                }
            }
        }
        let status = check.wait().expect("cargo ends");
        assert!(
            status.success(),
            "{} does not compile:\n{errors}",
            root.display()
        );
    }
    warnings
}
