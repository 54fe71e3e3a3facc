//! `--selection`: the changes that a review accepted, and no other.

use std::path::Path;

use serde_json::json;

use super::roots;
use crate::support::{project::Project, snapshot::assert_snapshot};

/// Two functions that lose an error, one of them twice.
const TASKS: &str = "\
async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

pub fn twice() {
    tokio::spawn(flush());
    tokio::spawn(flush());
}

pub fn once() {
    tokio::spawn(flush());
}
";

/// The id of the finding on each line that has one.
fn ids(project: &Project) -> Vec<(u64, String)> {
    let lines = project.unpark(&["--message-format", "json"]).json();
    let findings = lines.iter().filter(|line| line["reason"] == "finding");
    findings
        .map(|finding| {
            let line = finding["range"]["start"]["line"].as_u64().unwrap();
            (line, finding["id"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn select(project: &Project, accepted: &[&str]) {
    let selection = json!({ "schema": 1, "arguments": [], "accepted": accepted });
    project.write("selection.json", &selection.to_string());
}

#[test]
fn only_what_was_accepted() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let ids = ids(&project);
    let lines: Vec<u64> = ids.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [6, 7, 11]);
    // Unsafe changes too, whose flag is not given: somebody has read them.
    select(&project, &[&ids[1].1]);
    let args = ["--selection", "selection.json"];
    assert_snapshot("selection.txt", &project.transcript(&args));
    let ran = project.unpark(&["--apply", "--allow-no-vcs", "--selection", "selection.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = String::from_utf8(project.read("src/lib.rs")).unwrap();
    let before: Vec<&str> = TASKS.lines().collect();
    let after: Vec<&str> = text.lines().collect();
    assert_eq!(after[..6], before[..6], "the first of two that are alike");
    assert_ne!(after[6], before[6]);
    assert_eq!(after[after.len() - 5..], before[7..], "and all below");
}

#[test]
fn what_is_not_there_any_more_is_named() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let ids = ids(&project);
    select(&project, &[&ids[0].1, &ids[2].1, "0000000000000000"]);
    project.write(
        "src/lib.rs",
        &TASKS.replace(
            "pub fn once() {\n    tokio",
            "pub fn once() {\n    let _task = tokio",
        ),
    );
    let args = [
        "--apply",
        "--no-verify",
        "--allow-no-vcs",
        "--selection",
        "selection.json",
    ];
    assert_snapshot("selection-unmet.txt", &project.transcript(&args));
}

#[test]
fn what_may_stay_gets_a_comment() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let ids = ids(&project);
    let gone = "0000000000000000";
    let selection = json!({
        "schema": 1,
        "accepted": [ids[1].1],
        "suppressed": { &ids[2].1: " the queue is empty then ", gone: "it was removed" },
    });
    project.write("selection.json", &selection.to_string());
    let args = ["--apply", "--allow-no-vcs", "--selection", "selection.json"];
    let transcript = project.transcript(&args);
    let text = String::from_utf8(project.read("src/lib.rs")).unwrap();
    assert_snapshot("selection-suppressed.txt", &format!("{transcript}\n{text}"));
    // Nobody is asked about it again.
    let lines = project.unpark(&["--message-format", "json"]).json();
    let states: Vec<(&str, &str)> = lines
        .iter()
        .filter(|line| line["reason"] == "finding")
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(states, [(&*ids[0].1, "fixed"), (&*ids[2].1, "suppressed")]);
}

/// Findings of a run by their place, and what became of them.
fn states(project: &Project, args: &[&str]) -> Vec<(String, String, String)> {
    let args = [args, &["--message-format", "json"]].concat();
    let lines = project.unpark(&args).json();
    let findings = lines.iter().filter(|line| line["reason"] == "finding");
    findings
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            let line = &it["range"]["start"]["line"];
            (
                format!("{}:{line}", text("path")),
                text("id"),
                text("state"),
            )
        })
        .collect()
}

#[test]
fn a_comment_stays_whose_removal_was_not_accepted() {
    let text = "// unpark: allow(fake-async) it awaited\npub fn start() {}\n";
    let project = Project::new(&[("src/lib.rs", text)]);
    select(&project, &[]);
    let args = ["--selection", "selection.json"];
    let found = states(&project, &args);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2, "offered");
    select(&project, &[&found[0].1]);
    assert_eq!(states(&project, &args)[0].2, "fixed");
}

#[test]
fn findings_of_one_line_share_a_comment_with_all_reasons() {
    let two = "    tokio::spawn(flush()); tokio::spawn(flush());\n";
    let text = TASKS.replace(
        "    tokio::spawn(flush());\n    tokio::spawn(flush());\n",
        two,
    );
    let project = Project::new(&[("src/lib.rs", &text)]);
    let found = states(&project, &[]);
    let selection = json!({
        "schema": 1,
        "accepted": [],
        "suppressed": { &found[0].1: "it retries", &found[1].1: "so does this one" },
    });
    project.write("selection.json", &selection.to_string());
    let args = [
        "--apply",
        "--allow-no-vcs",
        "--no-verify",
        "--selection",
        "selection.json",
    ];
    let ran = project.unpark(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = String::from_utf8(project.read("src/lib.rs")).unwrap();
    let comment = "    // unpark: allow(unobserved-task) it retries; so does this one\n";
    assert!(text.contains(&format!("{comment}{two}")), "{text}");
}

/// A folder with two workspaces, which both have this file, and what is put before it.
fn workspaces(before: [&str; 2]) -> Project {
    let project = Project::bare(&[]);
    let standin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins/tokio");
    for (name, before) in ["a", "b"].into_iter().zip(before) {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\ntokio = {{ path = {standin:?} }}\n\n[workspace]\n"
        );
        project.write(&format!("{name}/Cargo.toml"), &manifest);
        project.write(&format!("{name}/src/lib.rs"), &[before, TASKS].concat());
    }
    project
}

#[test]
fn each_workspace_has_changes_of_its_own() {
    let project = workspaces(["", "pub mod b {}\n"]);
    project.write("b/src/lib.rs", &TASKS.replace("flush", "sweep"));
    let found = states(&project, &["a", "b"]);
    let id = |place: &str| &found.iter().find(|(at, ..)| at == place).unwrap().1;
    let selection = json!({
        "schema": 1,
        "accepted": [id("a/src/lib.rs:7"), id("b/src/lib.rs:6")],
        "suppressed": { id("a/src/lib.rs:6"): "it may fail" },
    });
    project.write("selection.json", &selection.to_string());
    let args = ["a", "b", "--selection", "selection.json"];
    let lines = project.unpark(&[&args[..], &["--message-format", "json"]].concat());
    let lines = lines.json();
    let changes = lines.iter().filter(|line| line["reason"] == "change");
    let mut ids: Vec<&str> = changes.map(|it| it["id"].as_str().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "two changes with one id");
    let applied = [&args[..], &["--apply", "--allow-no-vcs"]].concat();
    let ran = project.unpark(&applied);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = |name: &str| String::from_utf8(project.read(name)).unwrap();
    let a = text("a/src/lib.rs");
    assert!(
        a.contains("allow(unobserved-task) it may fail\n    tokio::spawn(flush());\n    let task"),
        "{a}"
    );
    assert!(text("b/src/lib.rs").contains("{\n    let task = sweep();"));
}

#[test]
fn copies_of_a_file_in_two_workspaces_are_reviewed_one_by_one() {
    let project = workspaces(["", ""]);
    let found = states(&project, &["a", "b"]);
    select(&project, &[&found[0].1]);
    let args = ["--selection", "selection.json"];
    let both = project.unpark(&[&["a", "b", "--apply", "--allow-no-vcs"], &args[..]].concat());
    assert_eq!(both.code, 2);
    assert!(
        both.stderr
            .contains("is the id of two findings, in a/src/lib.rs:6 and b/src/lib.rs:6"),
        "{}",
        both.stderr
    );
    assert_eq!(
        states(&project, &[&["b"], &args[..]].concat())[0].2,
        "fixed"
    );
}

#[test]
fn a_file_that_is_none() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let mut shown = String::new();
    for text in [
        "{",
        r#"{"schema": 9, "accepted": []}"#,
        r#"{"schema": 1, "accepted": [], "arguments": ["--apply"]}"#,
        r#"{"schema": 1, "accepted": [], "suppressed": {"1": " "}}"#,
    ] {
        project.write("selection.json", text);
        shown += &project.transcript(&["--selection", "selection.json"]);
    }
    shown += &project.transcript(&["--selection", "missing.json"]);
    shown += &project.transcript(&["--selection", "selection.json", "--unsafe-fixes"]);
    // Nobody answers where there is no terminal.
    shown += &project.transcript(&["review"]);
    assert_snapshot("selection-errors.txt", &shown);
}

#[test]
fn what_goes_together_is_one_finding() {
    let project = Project::new(roots::FILES);
    let lines = project.unpark(&["--message-format", "json"]).json();
    let changes = lines.iter().filter(|line| line["reason"] == "change");
    let wanted: Vec<_> = changes
        .filter(|change| change["selected"] != false)
        .collect();
    assert!(wanted.len() > 1);
    let of_change = |id: &serde_json::Value| {
        let finding = lines.iter().find(|line| line["change"] == *id).unwrap();
        finding["id"].as_str().unwrap().to_owned()
    };
    // Each alone makes its own change, and says nothing of the others but that they are left out.
    for change in wanted {
        let id = of_change(&change["id"]);
        select(&project, &[&id]);
        let args = ["--selection", "selection.json", "--message-format", "json"];
        let lines = project.unpark(&args).json();
        let fixed: Vec<&str> = lines
            .iter()
            .filter(|line| line["state"] == "fixed")
            .map(|line| line["id"].as_str().unwrap())
            .collect();
        assert_eq!(fixed, [id]);
    }
}
