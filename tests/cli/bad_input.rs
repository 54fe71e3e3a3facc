//! Files and projects that are not as they should be.

use std::fs;

use serde_json::Value;

use super::TASKS;
use crate::support::{project::Project, snapshot::assert_snapshot};

#[cfg(unix)]
#[test]
fn files_that_are_left_alone_are_named() {
    let project = Project::new(&[
        ("src/lib.rs", TASKS),
        ("src/broken.rs", "fn main() { tokio::spawn( }"),
        (
            "src/made.rs",
            "// @generated\nfn main() { tokio::spawn(a()); }",
        ),
        ("elsewhere.txt", TASKS),
    ]);
    fs::write(
        project.path("src/latin.rs"),
        b"// \xe9\nfn a() { tokio::spawn(b()); }",
    )
    .unwrap();
    std::os::unix::fs::symlink("../elsewhere.txt", project.path("src/linked.rs")).unwrap();
    let mut all = project.transcript(&[]);
    all.push_str(&project.transcript(&["why", "src/latin.rs:2"]));
    assert_snapshot("skipped.txt", &all);
    let verbose = project.unpark(&[
        "-v",
        "--syntax-only",
        "--apply",
        "--no-verify",
        "--allow-no-vcs",
    ]);
    assert!(
        verbose
            .stderr
            .contains("skipped src/made.rs: it is generated"),
        "{}",
        verbose.stderr
    );
    assert_eq!(project.read("src/lib.rs"), TASKS.as_bytes());
    assert!(project.path("src/linked.rs").is_symlink());
}

#[test]
fn without_a_project() {
    let alone = Project::bare(&[("main.rs", TASKS)]);
    let mut all = alone.transcript(&[]);
    all.push_str(&alone.transcript(&["--message-format", "json"]));
    all.push_str(&alone.transcript(&["--syntax-only", "--message-format", "short"]));
    assert_snapshot("no-project.txt", &all);
}

#[test]
fn a_broken_manifest() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    project.write("Cargo.toml", "[package]\nname = \"demo\"\nversion = 1\n");
    for args in [&[][..], &["--workspace"]] {
        let ran = project.unpark(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("invalid type: integer `1`"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("help: `--syntax-only` reports"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(project.unpark(&["--syntax-only"]).code, 0);
}

#[test]
fn a_file_of_no_project_is_refused_and_the_others_are_not() {
    let project = Project::bare(&[("alone/main.rs", TASKS)]);
    let inner = Project::new(&[("src/lib.rs", TASKS)]);
    fs::rename(inner.path(""), project.path("whole")).unwrap();
    let ran = project.unpark(&["--message-format", "json"]);
    assert_eq!(ran.code, 0);
    let lines = ran.json();
    let refused = lines
        .iter()
        .find(|line| line["path"] == "alone/main.rs")
        .unwrap();
    assert_eq!(refused["refusal"]["kind"], "R10");
    assert!(
        lines
            .iter()
            .any(|line| line["reason"] == "file" && line["path"] == "whole/src/lib.rs")
    );
}

/// As where a project of many asks for a toolchain that is not installed.
#[cfg(unix)]
#[test]
fn a_workspace_that_does_not_load_stops_no_other() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::bare(&[]);
    for name in ["a", "b"] {
        let inner = Project::new(&[("src/lib.rs", TASKS)]);
        fs::rename(inner.path(""), project.path(name)).unwrap();
    }
    // rustup's proxy is who is asked to load it.
    let cargo = format!(
        "#!/bin/sh\ncase \"$PWD$RUSTUP_AUTO_INSTALL\" in */b0) echo 'no such toolchain' >&2; exit 1;; esac\n\
         exec {:?} \"$@\"\n",
        env!("CARGO")
    );
    project.write("home/bin/cargo", &cargo);
    fs::set_permissions(
        project.path("home/bin/cargo"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let mut command = project.command(&["a", "b", "--message-format", "json"]);
    let output = command
        .env("CARGO_HOME", project.path("home"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let state = |path: &str| {
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let finding = lines
            .find(|line| line["reason"] == "finding" && line["path"] == path)
            .unwrap();
        (
            finding["state"].as_str().unwrap().to_owned(),
            finding["refusal"]["kind"].clone(),
        )
    };
    assert_eq!(state("a/src/lib.rs").0, "fixed");
    let (b, kind) = state("b/src/lib.rs");
    assert_eq!((b.as_str(), kind.as_str()), ("refused", Some("R10")));
}

#[test]
fn a_gate_that_could_not_look_is_shut() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let ran = project.unpark(&["--check", "--features", "nope"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("does not contain this feature: nope"),
        "{}",
        ran.stderr
    );
    let ran = project.unpark(&["--check", "Cargo.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is no Rust file"), "{}", ran.stderr);
}

#[test]
fn what_was_written_is_said_where_a_report_fails() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let args = [
        "--apply",
        "--no-verify",
        "--allow-no-vcs",
        "--report",
        "html=src",
    ];
    let ran = project.unpark(&args);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("wrote 1 file"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("can't write the report src"),
        "{}",
        ran.stderr
    );
}

/// The helper belongs into the root of its crate, which is not what the finding is in.
#[test]
fn a_change_leaves_files_alone_that_must_not_be_edited() {
    let tasks = "use std::io;\n\nasync fn flush() -> io::Result<()> {\n    std::future::ready(Ok(())).await\n}\n\n\
                 pub fn start() {\n    tokio::spawn(flush());\n}\n";
    let root = "mod tasks;\n\nfn main() {\n    tasks::start();\n}\n";
    let project = Project::new(&[
        (
            "unpark.toml",
            "[codemod.unobserved-task]\nstyle = \"helper\"\n",
        ),
        ("src/bin/broken/main.rs", &root.replace("start()", "start(")),
        ("src/bin/broken/tasks.rs", tasks),
        (
            "src/bin/generated/main.rs",
            &format!("// @generated\n{root}"),
        ),
        ("src/bin/generated/tasks.rs", tasks),
        ("src/bin/marked/main.rs", &format!("\u{feff}{root}")),
        ("src/bin/marked/tasks.rs", tasks),
    ]);
    let ran = project.unpark(&["--unsafe-fixes", "--message-format=json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.json();
    let said: Vec<String> = lines
        .iter()
        .filter(|line| line["reason"] == "finding")
        .map(|line| match &line["refusal"]["message"] {
            Value::String(reason) => format!("{}: {reason}", line["refusal"]["kind"]),
            _ => line["state"].to_string(),
        })
        .collect();
    let refused = |root: &str, reason: &str| {
        format!(
            "\"R8\": file must not be edited: src/bin/{root}/main.rs would have to be edited, but \
             {reason}"
        )
    };
    let expected = [
        refused("broken", "it does not parse: line 4: expected expression"),
        refused("generated", "it is generated"),
        "\"fixed\"".to_owned(),
    ];
    assert_eq!(said, expected);
    let changed: Vec<&Value> = lines
        .iter()
        .filter(|line| line["reason"] == "file")
        .map(|line| &line["path"])
        .collect();
    assert_eq!(
        changed,
        ["src/bin/marked/main.rs", "src/bin/marked/tasks.rs"]
    );
}
