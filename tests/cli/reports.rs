//! What is shown of a run: each format, the summary, `why`, and the exit codes of `--check`.

use super::TASKS;
use crate::support::{project::Project, snapshot::assert_snapshot};

#[test]
fn a_run_in_every_format() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    for (name, args) in [
        ("run.txt", &[][..]),
        ("run-human.txt", &["--message-format", "human"]),
        (
            "run-short.txt",
            &["--message-format", "short", "src/lib.rs"],
        ),
    ] {
        assert_snapshot(name, &project.transcript(args));
    }
}

#[test]
fn why() {
    let project = Project::new(&[("src/lib.rs", TASKS), ("src/quiet.rs", "fn it() {}\n")]);
    let all: String = ["src/lib.rs:11:17", "src/lib.rs:9", "src/quiet.rs:1"]
        .iter()
        .map(|place| project.transcript(&["why", place]))
        .collect();
    assert_snapshot("why.txt", &all);
}

#[test]
fn check() {
    let project = Project::new(&[("src/lib.rs", TASKS)]);
    let code = |args: &[&str]| project.unpark(args).code;
    assert_eq!(code(&["--check", "-v"]), 1);
    // Nothing is rewritten here, but five places want a person.
    assert_eq!(code(&["--syntax-only", "--check"]), 0);
    assert_eq!(code(&["--syntax-only", "--check=strict"]), 1);
    assert_eq!(code(&["--syntax-only", "--check=strict", "--exit-zero"]), 0);
    assert_eq!(
        code(&[
            "--syntax-only",
            "--check=strict",
            "--skip",
            "unobserved-task"
        ]),
        0
    );
    assert_eq!(project.read("src/lib.rs"), TASKS.as_bytes());
}

#[test]
fn packages_are_chosen_by_name() {
    let project = Project::new(&[("src/lib.rs", "")]);
    assert_snapshot(
        "packages.txt",
        &[
            &["-p", "dmo"][..],
            &["-p", "demo"],
            &["--workspace", "--exclude", "demo"],
        ]
        .map(|args| project.transcript(args))
        .concat(),
    );
}

#[test]
fn the_configuration_that_holds() {
    let project = Project::new(&[
        ("src/lib.rs", ""),
        (
            "unpark.toml",
            "[codemod.unobserved-task]\nlevel = \"report\"\npanics = true\n\n\
             [[cheap]]\npath = \"demo::read\"\nreason = \"ten lines\"\n",
        ),
    ]);
    let args = ["config", "--fs", "keep", "--skip", "fake-async"];
    assert_snapshot("config.txt", &project.transcript(&args));
    // Below the folder of the file, too; and without one.
    let below = project.unpark(&["config", "src"]).text();
    assert!(
        below.contains("level = \"report\"  # unpark.toml:2\n"),
        "{below}"
    );
    let none = Project::new(&[("src/lib.rs", "")])
        .unpark(&["config"])
        .text();
    assert!(none.starts_with("# there is no unpark.toml"), "{none}");
    assert!(!none.contains("unpark.toml:"), "{none}");
}
