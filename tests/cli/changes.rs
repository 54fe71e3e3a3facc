//! `--since` and `--staged`: only what touches a changed line.

use std::path::Path;

use crate::support::{project::Project, snapshot::assert_snapshot};

use super::roots;

const TASK: &str = "\
async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn first() {
    tokio::spawn(flush());
}
";

const SECOND: &str = "
pub fn second() {
    tokio::spawn(flush());
}
";

fn git(project: &Project, args: &[&str]) {
    project.other("git", args, Path::new("/dev/null"));
}

/// The places of the findings, as `short` names them.
fn found(project: &Project, args: &[&str]) -> Vec<String> {
    let args = [args, &["--message-format", "short", "-q"]].concat();
    let ran = project.unpark(&args);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    let places = ran.text();
    let places = places.lines().map(|line| line.split(": ").next().unwrap());
    places.map(str::to_owned).collect()
}

#[test]
fn a_task_that_is_new_and_one_that_was_there() {
    let project = Project::new(&[("src/lib.rs", TASK), (".gitignore", "Cargo.lock\ntarget\n")]);
    project.commit_all();
    assert_eq!(found(&project, &["--since", "HEAD"]), [""; 0]);
    project.write("src/lib.rs", &[TASK, SECOND].concat());
    assert_eq!(found(&project, &["--since", "HEAD"]), ["src/lib.rs:10:5"]);
    assert_eq!(found(&project, &["--staged"]), [""; 0]);
    assert_snapshot("since.txt", &project.transcript(&["--since", "HEAD"]));

    // Staged, and then moved by what is not.
    git(&project, &["add", "src/lib.rs"]);
    project.write("src/lib.rs", &["// new\n\n", TASK, SECOND].concat());
    assert_eq!(found(&project, &["--staged"]), ["src/lib.rs:12:5"]);
    // A new file is new as a whole.
    project.write("src/lib.rs", &["mod new;\n", TASK].concat());
    project.write("src/new.rs", TASK);
    assert_eq!(found(&project, &["--since=HEAD"]), ["src/new.rs:6:5"]);
    git(&project, &["add", "src/new.rs"]);
    assert_eq!(found(&project, &["--staged"]), ["src/new.rs:6:5"]);
}

#[test]
fn what_is_written_is_only_what_changed() {
    let project = Project::new(&[("src/lib.rs", TASK), (".gitignore", "Cargo.lock\ntarget\n")]);
    project.commit_all();
    project.write("src/lib.rs", &[TASK, SECOND].concat());
    let args = [
        "--apply",
        "--no-verify",
        "--allow-dirty",
        "-q",
        "--since=HEAD",
    ];
    assert_eq!(project.unpark(&args).code, 0);
    let text = String::from_utf8(project.read("src/lib.rs")).unwrap();
    assert!(text.starts_with(TASK), "{text}");
    assert!(
        text.contains("pub fn second() {\n    let task = flush();"),
        "{text}"
    );
}

#[test]
fn others_work_on_the_branch_that_it_left_is_not_new() {
    let project = Project::new(&[("src/lib.rs", TASK), (".gitignore", "Cargo.lock\ntarget\n")]);
    let commit = |message: &str| {
        let name = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
        git(&project, &["add", "--all"]);
        git(
            &project,
            &[&name[..], &["commit", "--quiet", "-m", message]].concat(),
        );
    };
    project.commit_all();
    git(&project, &["branch", "--move", "trunk"]);
    git(&project, &["switch", "--quiet", "--create", "mine"]);
    project.write("src/lib.rs", &[TASK, SECOND].concat());
    commit("mine");
    git(&project, &["switch", "--quiet", "trunk"]);
    let other = TASK.replace("flush", "other");
    project.write("src/lib.rs", &other);
    commit("theirs");
    git(&project, &["switch", "--quiet", "mine"]);
    assert_eq!(found(&project, &["--since", "trunk"]), ["src/lib.rs:10:5"]);
}

#[test]
fn a_chain_with_a_changed_line_counts() {
    let project = Project::new(roots::FILES);
    project.write(".gitignore", "Cargo.lock\ntarget\n");
    project.commit_all();
    // The call of `load` in one of two modules; the place of the finding is elsewhere.
    let text = String::from_utf8(project.read("src/disk.rs")).unwrap();
    project.write(
        "src/disk.rs",
        &text.replace("load() + load()", "load() + 2"),
    );
    assert_eq!(found(&project, &["--since=HEAD"]), ["src/disk.rs:8:5"]);
}

#[test]
fn without_git_or_a_revision_it_says_so() {
    let alone = Project::new(&[("src/lib.rs", TASK)]);
    let project = Project::new(&[("src/lib.rs", TASK)]);
    project.commit_all();
    let mut all = String::new();
    for (project, args) in [
        (&alone, &["--since", "HEAD"][..]),
        (&alone, &["--staged", "-q"]),
        (&project, &["--since", "nowhere"]),
        (&project, &["--since", "--all"]),
        (&project, &["--since", "HEAD", "--staged"]),
    ] {
        all += &project.transcript(args);
    }
    let mut without = project.command(&["--staged"]);
    without.env("PATH", "");
    let output = without.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("can't run git"), "{error}");
    assert_snapshot("since-errors.txt", &all);
}

#[test]
fn statistics() {
    let project = Project::new(&[("src/lib.rs", super::TASKS)]);
    assert_snapshot(
        "statistics.txt",
        &project.transcript(&["--statistics", "-q"]),
    );
    let json = project
        .unpark(&["--statistics", "--message-format=json"])
        .json();
    let rows = &json[0];
    assert_eq!(rows["reason"], "statistics");
    assert_eq!(rows["codemods"]["unobserved-task"]["refused"], 2);
}
