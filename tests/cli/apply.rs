//! `--apply`: what stands in its way, and that it writes all or nothing.

use std::{fs, path::Path};

use super::TASKS;
use crate::support::{project::Project, snapshot::assert_snapshot};

const APPLY: &[&str] = &["--apply", "--no-verify"];

#[test]
fn version_control_guards_the_tree() {
    // Nothing to find, so that only the guard decides.
    let project = Project::bare(&[("src/lib.rs", "")]);
    let with = |flag: &str| project.transcript(&[APPLY, &[flag]].concat());
    let mut all = project.transcript(APPLY);
    all.push_str(&with("--allow-no-vcs"));
    project.commit_all();
    all.push_str(&project.transcript(APPLY));
    project.write("src/lib.rs", "// new");
    project.write("src/other.rs", "");
    project.other("git", &["add", "src/lib.rs"], Path::new("/dev/null"));
    all.push_str(&project.transcript(APPLY));
    all.push_str(&with("--allow-staged"));
    all.push_str(&with("--allow-dirty"));
    assert_snapshot("vcs.txt", &all);
    fs::remove_file(project.path("src/other.rs")).unwrap();
    // A report that was written into the project is never edited; a repository in it may be.
    project.write("reports/review.html", "");
    let allow_staged = [APPLY, &["--allow-staged"]].concat();
    assert_eq!(project.unpark(&allow_staged).code, 0);
    project.write("nested/src/lib.rs", "");
    project.other(
        "git",
        &["init", "--quiet", "nested"],
        Path::new("/dev/null"),
    );
    let nested = project.unpark(&allow_staged);
    assert_eq!(nested.code, 2, "{}", nested.stderr);
    assert!(
        nested.stderr.contains("nested/ (dirty)"),
        "{}",
        nested.stderr
    );
}

#[test]
fn writes_what_the_diff_says() {
    let project = Project::new(&[
        ("src/lib.rs", TASKS),
        (".gitignore", "Cargo.lock\ntarget\n"),
    ]);
    project.commit_all();
    assert_snapshot("apply.txt", &project.transcript(APPLY));
    let text = String::from_utf8(project.read("src/lib.rs")).unwrap();
    assert!(text.contains("let task = flush();"), "{text}");
    let again = project.unpark(&[
        "--apply",
        "--no-verify",
        "--allow-dirty",
        "--message-format",
        "diff",
    ]);
    assert_eq!((again.code, again.text().as_str()), (0, ""));
    assert!(again.stderr.contains("3 findings"), "{}", again.stderr);
    assert!(!again.stderr.contains("not verified"), "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_stops_it_before_it_writes() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new(&[
        ("src/lib.rs", &format!("mod z;\n{TASKS}")),
        ("src/z.rs", TASKS),
    ]);
    let z = project.path("src/z.rs");
    fs::set_permissions(&z, fs::Permissions::from_mode(0o444)).unwrap();
    let args = [
        "--apply",
        "--no-verify",
        "--allow-no-vcs",
        "--message-format=json",
    ];
    let ran = project.unpark(&args);
    assert_eq!(ran.code, 2);
    let lines = ran.json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["reason"], "error");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.ends_with("src/z.rs is read-only; no file was written"),
        "{message}"
    );
    assert_eq!(lines[0]["help"], "make it writable, or leave it out");
    assert_eq!(
        project.read("src/lib.rs"),
        format!("mod z;\n{TASKS}").as_bytes()
    );
    assert_eq!(project.read("src/z.rs"), TASKS.as_bytes());
}

/// What a caller is after a change is the first that there is to say of its file.
#[test]
fn a_file_that_a_change_opens_is_looked_at_again_if_it_was_asked_about() {
    let project = Project::new(&[
        (
            "src/lib.rs",
            "mod a;\nmod b;\n\npub async fn start(n: u32) -> u32 {\n    \
             std::future::ready(b::second(n).await).await\n}\n",
        ),
        (
            "src/a.rs",
            "pub async fn first(n: u32) -> u32 {\n    n + 1\n}\n",
        ),
        (
            "src/b.rs",
            "pub async fn second(n: u32) -> u32 {\n    crate::a::first(n).await\n}\n",
        ),
    ]);
    let one_file = project.copy();
    let text = |project: &Project, name: &str| String::from_utf8(project.read(name)).unwrap();
    let apply = |project: &Project, paths: &[&str]| {
        let args = ["--apply", "--no-verify", "--allow-no-vcs", "--unsafe-fixes"];
        let ran = project.unpark(&[&args[..], paths].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stderr
    };
    apply(&project, &[]);
    assert_eq!(
        text(&project, "src/b.rs"),
        "pub fn second(n: u32) -> u32 {\n    crate::a::first(n)\n}\n"
    );
    assert!(text(&project, "src/lib.rs").contains("ready(b::second(n)).await"));
    let again = apply(&project, &[]);
    assert!(again.contains("nothing found"), "{again}");

    apply(&one_file, &["src/a.rs"]);
    assert_eq!(
        text(&one_file, "src/b.rs"),
        "pub async fn second(n: u32) -> u32 {\n    crate::a::first(n)\n}\n"
    );
}
