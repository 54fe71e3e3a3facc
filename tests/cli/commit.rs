//! `--apply --commit`: what is written becomes commits of the user's git.

use std::{fs, process::Command};

use crate::support::{
    folder,
    project::{Project, Ran, ran, without_ids},
    snapshot::assert_snapshot,
};

use super::roots;

const ARGS: &[&str] = &["--apply", "--commit", "--no-verify"];

const TASK: &str = "\
async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn start() {
    tokio::spawn(flush());
}
";

/// Two roots, and a task whose error is lost in the file of one of them.
fn project() -> Project {
    let project = Project::new(roots::FILES);
    let disk = String::from_utf8(project.read("src/disk.rs")).unwrap();
    project.write("src/disk.rs", &format!("{disk}\n{TASK}"));
    project.write(".gitignore", "Cargo.lock\ntarget\n");
    project.commit_all();
    for args in [
        ["config", "user.name", "Ann"],
        ["config", "user.email", "ann@example.org"],
    ] {
        git(&project, &args);
    }
    project
}

/// What git says, without this machine's settings.
fn git(project: &Project, args: &[&str]) -> String {
    let output = command(project, "git").args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn command(project: &Project, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project.path(""));
    without_settings(&mut command);
    command
}

fn without_settings(command: &mut Command) {
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
    ] {
        command.env(name, value);
    }
}

fn unpark(project: &Project, args: &[&str]) -> Ran {
    let mut command = project.command(args);
    without_settings(&mut command);
    ran(command.output().unwrap())
}

fn titles(project: &Project) -> Vec<String> {
    let log = git(project, &["log", "--reverse", "--format=%s"]);
    log.lines().skip(1).map(str::to_owned).collect()
}

fn hook(project: &Project, name: &str, script: &str) {
    let path = project.path(".git/hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn one_for_each_codemod_and_root() {
    let project = project();
    let ran = unpark(&project, ARGS);
    let mut all = without_ids(&project.shown(ARGS, &ran));
    all += &git(
        &project,
        &[
            "log",
            "--reverse",
            "--stat",
            "--format=%n==== %B",
            "HEAD~3..",
        ],
    );
    all += &git(&project, &["show", "--format=", "HEAD"]);
    assert_snapshot("commit.txt", &all);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
    // Each is what its root is alone.
    let alone = project_before(&project);
    unpark(&alone, &["--apply", "--no-verify", "--root", "disk::load"]);
    let disk = git(&project, &["show", "HEAD~2:src/disk.rs"]);
    assert_eq!(disk.as_bytes(), alone.read("src/disk.rs"));
}

/// The same project as it was before its last three commits.
fn project_before(project: &Project) -> Project {
    let before = project.copy();
    git(&before, &["reset", "--quiet", "--hard", "HEAD~3"]);
    before
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let project = project();
    assert_eq!(unpark(&project, ARGS).code, 0);
    let made = titles(&project);
    assert_eq!(made.len(), 3);
    let checked = unpark(&project, &["--check"]);
    assert_eq!((checked.code, checked.text().as_str()), (0, ""));
    let again = unpark(&project, &["--apply", "--commit"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(!again.stderr.contains("commit"), "{}", again.stderr);
    assert_eq!(titles(&project), made);
}

#[test]
fn all_of_it_can_be_taken_back() {
    let project = project();
    let before = git(&project, &["rev-parse", "HEAD^{tree}"]);
    let ran = unpark(&project, ARGS);
    let (_, reset) = ran.stderr.split_once("help: `git ").unwrap();
    let (reset, _) = reset.split_once('`').unwrap();
    git(&project, &reset.split(' ').collect::<Vec<_>>());
    assert_eq!(git(&project, &["rev-parse", "HEAD^{tree}"]), before);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");

    // The journal is about the files alone.
    assert_eq!(unpark(&project, ARGS).code, 0);
    assert_eq!(unpark(&project, &["undo"]).code, 0);
    let changed = git(&project, &["diff", "--name-only"]);
    assert_eq!(changed, "src/disk.rs\nsrc/lib.rs\nsrc/net.rs\n");
    git(&project, &["reset", "--quiet", "HEAD~3"]);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
}

#[test]
fn programs_are_told_of_the_commits() {
    let project = project();
    let ran = unpark(&project, &[ARGS, &["--message-format=json"]].concat());
    let lines = ran.json();
    let commits = lines.iter().filter(|line| line["reason"] == "commit");
    let commits: Vec<(&str, &str)> = commits
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["title"].as_str().unwrap(),
            )
        })
        .collect();
    let log = git(
        &project,
        &["log", "--reverse", "--format=%H %s", "HEAD~3.."],
    );
    let log: Vec<_> = log
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert_eq!(commits, log);
    assert_eq!(lines.last().unwrap()["reason"], "summary");
}

/// `core.autocrlf`, as it is on Windows: what is in the repository has other line ends.
#[test]
fn the_files_go_through_the_filters_of_the_repository() {
    let project = project();
    git(&project, &["config", "core.autocrlf", "true"]);
    let text = String::from_utf8(project.read("src/disk.rs")).unwrap();
    project.write("src/disk.rs", &text.replace('\n', "\r\n"));
    git(&project, &["add", "--renormalize", "."]);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
    let ran = unpark(&project, ARGS);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(project.read("src/disk.rs").ends_with(b"});\r\n}\r\n"));
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
    let committed = git(&project, &["show", "HEAD:src/disk.rs"]);
    assert!(committed.ends_with("});\n}\n"), "{committed}");
}

#[test]
fn what_else_is_changed_stays_as_it_is() {
    let project = project();
    project.write("notes.md", "mine");
    project.write(".gitignore", "Cargo.lock\ntarget\n*.tmp\n");
    let ran = unpark(&project, &[ARGS, &["--allow-dirty"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let status = git(&project, &["status", "--porcelain"]);
    assert_eq!(status, " M .gitignore\n?? notes.md\n");
    let committed = git(&project, &["diff", "--name-only", "HEAD~3", "HEAD"]);
    assert_eq!(committed, "src/disk.rs\nsrc/lib.rs\nsrc/net.rs\n");
}

#[test]
fn what_a_commit_can_not_take_stops_it_before_it_writes() {
    let mut all = String::new();
    let mut refused = |project: &Project, args: &[&str]| {
        let args = [ARGS, args].concat();
        let before = project.read("src/disk.rs");
        let ran = unpark(project, &args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert_eq!(project.read("src/disk.rs"), before);
        all += &project.shown(&args, &ran);
    };
    let staged = project();
    staged.write("src/other.rs", "");
    git(&staged, &["add", "src/other.rs"]);
    refused(&staged, &["--allow-dirty"]);

    let dirty = project();
    dirty.write("src/lib.rs", &["// mine\n", roots::FILES[0].1].concat());
    refused(&dirty, &["--allow-dirty"]);

    let untracked = project();
    git(&untracked, &["rm", "--cached", "--quiet", "src/net.rs"]);
    git(&untracked, &["commit", "--quiet", "-m", "without"]);
    refused(&untracked, &["--allow-dirty"]);

    let merging = project();
    git(&merging, &["switch", "--quiet", "--create", "other"]);
    git(
        &merging,
        &["commit", "--quiet", "--allow-empty", "-m", "other"],
    );
    git(&merging, &["switch", "--quiet", "-"]);
    git(
        &merging,
        &["merge", "--quiet", "--no-ff", "--no-commit", "other"],
    );
    refused(&merging, &[]);

    let nowhere = Project::new(roots::FILES);
    refused(&nowhere, &[]);
    refused(&nowhere, &["--allow-no-vcs"]);
    refused(&dirty, &["--staged"]);
    assert_snapshot("commit-refused.txt", &all);
}

#[test]
fn git_has_to_know_who_commits() {
    let project = project();
    git(&project, &["config", "--unset", "user.email"]);
    git(&project, &["config", "user.useConfigOnly", "true"]);
    let ran = unpark(&project, ARGS);
    assert_eq!(ran.code, 2);
    let error = ran.stderr;
    assert!(error.contains("git can't tell who commits"), "{error}");
    assert!(error.contains("no email was given"), "{error}");
    assert!(
        error.contains("help: `git config user.name NAME`"),
        "{error}"
    );
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
}

#[cfg(unix)]
#[test]
fn a_hook_that_says_no_leaves_what_is_written() {
    let project = project();
    let words = "grep -q background \"$1\" && { echo 'no tasks on Fridays' >&2; exit 1; } || true";
    hook(&project, "commit-msg", words);
    let ran = unpark(&project, ARGS);
    assert_eq!(ran.code, 2);
    assert_snapshot("commit-hook.txt", &without_ids(&project.shown(ARGS, &ran)));
    assert_eq!(titles(&project).len(), 2);
    // The rest is in the files, and nothing is staged.
    assert_eq!(
        git(&project, &["status", "--porcelain"]),
        " M src/disk.rs\n"
    );
    let json = project.copy();
    git(&json, &["reset", "--quiet", "--hard", "HEAD~2"]);
    let lines = unpark(&json, &[ARGS, &["--message-format=json"]].concat()).json();
    let reasons: Vec<&str> = lines
        .iter()
        .filter_map(|it| it["reason"].as_str())
        .collect();
    assert_eq!(reasons[..3], ["commit", "commit", "error"]);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["reason"], &last["success"]),
        (&"summary".into(), &false.into())
    );

    assert_eq!(unpark(&project, &["undo"]).code, 0);
    git(&project, &["reset", "--quiet", "HEAD~2"]);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
}

/// Its words would be overwritten by what the next commit holds.
#[cfg(unix)]
#[test]
fn a_hook_that_writes_into_a_file_of_a_later_commit_ends_it() {
    let project = project();
    hook(
        &project,
        "pre-commit",
        "echo '// checked' >> src/disk.rs && git add src/disk.rs",
    );
    let ran = unpark(&project, ARGS);
    assert_eq!(ran.code, 2);
    let error = &ran.stderr;
    assert!(error.contains("src/disk.rs (changed by a hook)"), "{error}");
    assert_eq!(titles(&project).len(), 1);
}

/// A package below the root of its repository, and a file that can be executed.
#[cfg(unix)]
#[test]
fn paths_are_those_of_the_repository() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project();
    let inner = Project::bare(&[]);
    let to = inner.path("services/desk");
    fs::create_dir_all(&to).unwrap();
    fs::remove_dir_all(project.path(".git")).unwrap();
    folder::copy(&project.path(""), &to);
    fs::set_permissions(to.join("src/lib.rs"), fs::Permissions::from_mode(0o755)).unwrap();
    inner.commit_all();
    let mut command = inner.command(ARGS);
    command.current_dir(&to);
    without_settings(&mut command);
    for (name, value) in [("NAME", "Bot"), ("EMAIL", "bot@example.org")] {
        command.env(format!("GIT_AUTHOR_{name}"), value);
        command.env(format!("GIT_COMMITTER_{name}"), value);
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(git(&inner, &["status", "--porcelain"]), "");
    let changed = git(&inner, &["diff", "--summary", "HEAD~3", "HEAD"]);
    assert_eq!(changed, "");
    let message = git(&inner, &["log", "-1", "--format=%an%n%B"]);
    assert!(message.starts_with("Bot\n"), "{message}");
    assert!(
        message.contains("- services/desk/src/disk.rs:"),
        "{message}"
    );
}
