//! What the user's own compiler does not accept is never written, and all else is.

mod isolation;
mod layouts;

use crate::support::{project::Project, snapshot::assert_snapshot};

/// A function of the project's own that wants the output that a logged task no longer has.
const POOL: &str = "\
use std::future::Future;

pub fn spawn_fallible<F, E>(future: F) -> tokio::task::JoinHandle<Result<(), E>>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Send + 'static,
{
    tokio::spawn(future)
}
";

const CONFIG: &str = "\
[[wrapper]]
path = \"demo::pool::spawn_fallible\"
is = \"spawn\"
";

const JOBS: &str = "\
use std::io;

pub async fn flush() -> io::Result<()> {
    std::future::ready(Ok(())).await
}

pub fn start() {
    crate::pool::spawn_fallible(flush());
}

pub fn stop() {
    tokio::spawn(flush());
}
";

fn project(files: &[(&str, &str)]) -> Project {
    let lib = ("src/lib.rs", "pub mod jobs;\npub mod pool;\n");
    let common = [
        lib,
        ("src/pool.rs", POOL),
        ("src/jobs.rs", JOBS),
        ("unpark.toml", CONFIG),
        (".gitignore", "Cargo.lock\ntarget\n"),
    ];
    Project::new(&[&common, files].concat())
}

#[test]
fn a_change_that_does_not_compile_is_taken_back_and_the_others_stay() {
    let project = project(&[]);
    project.commit_all();
    let shown = project.transcript(&["--verify"]);
    assert!(shown.contains("\nverified: "), "{shown}");
    assert_eq!(project.read("src/jobs.rs"), JOBS.as_bytes());
    let args = &["--apply", "--message-format", "human"];
    assert_snapshot("verify.txt", &project.transcript(args));
    let text = String::from_utf8(project.read("src/jobs.rs")).unwrap();
    assert!(text.contains("spawn_fallible(flush());"), "{text}");
    assert!(text.contains("let task = flush();"), "{text}");
    // What the dry run printed is what was written.
    let diff = shown.split("\n[stderr]").next().unwrap();
    for line in diff.lines().filter(|line| line.starts_with("+    ")) {
        assert!(text.contains(&line[1..]), "{line}");
    }
}

#[test]
fn what_was_broken_before_is_not_held_against_a_change() {
    let broken = "pub mod jobs;\npub mod pool;\npub fn wrong() -> u8 {\n    \"\"\n}\n";
    let project = project(&[("src/lib.rs", broken)]);
    let ran = project.unpark(&["--verify", "--message-format", "json"]);
    let lines = ran.json();
    let states: Vec<&str> = lines
        .iter()
        .filter(|line| line["reason"] == "finding")
        .map(|line| line["state"].as_str().unwrap())
        .collect();
    // The library never compiles to the end, but its errors are the same but for the broken change.
    assert_eq!(states, ["reverted", "fixed"], "{}", ran.text());
}

#[test]
fn in_place_it_comes_to_the_same_and_leaves_nothing_behind() {
    let project = project(&[]);
    project.commit_all();
    let ran = project.unpark(&["--verify=in-place"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 fixed, 1 reverted"), "{}", ran.stderr);
    assert!(
        ran.text().contains("+    let task = flush();"),
        "{}",
        ran.text()
    );
    assert_eq!(project.read("src/jobs.rs"), JOBS.as_bytes());
    let undone = project.unpark(&["undo"]);
    assert!(
        undone.stderr.contains("there is nothing to undo"),
        "{}",
        undone.stderr
    );

    let applied = project.unpark(&["--apply", "--verify=in-place"]);
    assert_eq!(applied.code, 1, "{}", applied.stderr);
    let text = String::from_utf8(project.read("src/jobs.rs")).unwrap();
    assert!(text.contains("spawn_fallible(flush());"), "{text}");
    assert!(
        ran.text()
            .lines()
            .filter(|line| line.starts_with("+  "))
            .all(|line| text.contains(&line[1..]))
    );
    assert_eq!(project.unpark(&["undo"]).code, 0);
    assert_eq!(project.read("src/jobs.rs"), JOBS.as_bytes());
}
