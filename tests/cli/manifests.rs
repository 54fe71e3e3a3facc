//! `--fix-manifests`: what a change needs of Cargo.toml is a part of it.

use std::path::Path;

use crate::support::{project::Project, snapshot::assert_snapshot};

const WAITS: &str = "\
use std::time::Duration;

pub async fn patience() {
    std::thread::sleep(Duration::from_millis(5));
}

pub async fn read(name: &str) -> std::io::Result<String> {
    std::thread::sleep(Duration::from_millis(5));
    std::fs::read_to_string(name)
}
";

fn project() -> (Project, String) {
    let project = Project::new(&[("src/lib.rs", WAITS)]);
    let manifest = String::from_utf8(project.read("Cargo.toml")).unwrap();
    (project, manifest)
}

fn manifest(project: &Project) -> String {
    String::from_utf8(project.read("Cargo.toml")).unwrap()
}

#[test]
fn a_feature_is_a_part_of_the_change_that_needs_it() {
    let (project, before) = project();
    let args = [
        "--fix-manifests",
        "--unsafe-fixes",
        "--message-format",
        "json",
    ];
    let ran = project.unpark(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = ran.json();
    let of = |reason: &str| {
        let lines = lines.iter().filter(|line| line["reason"] == reason);
        lines.cloned().collect::<Vec<_>>()
    };
    let paths = |change: &serde_json::Value| {
        let edits = change["edits"].as_array().unwrap().iter();
        edits
            .map(|edit| edit["path"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let changes = of("change");
    assert_eq!(changes.len(), 3);
    // The first to need a feature writes it, and the others rest on that one.
    let writers = changes
        .iter()
        .filter(|it| paths(it).contains(&"Cargo.toml".to_owned()));
    assert!(writers.count() >= 2, "{changes:#?}");
    let files: Vec<_> = of("file").iter().map(|it| it["path"].clone()).collect();
    assert_eq!(files, ["Cargo.toml", "src/lib.rs"]);
    assert_eq!(manifest(&project), before);
    let findings = of("finding");
    assert!(
        findings.iter().all(|it| it["state"] == "fixed"),
        "{findings:#?}"
    );
}

#[test]
fn it_is_compiled_written_and_taken_back_with_the_code() {
    let (project, before) = project();
    let lock = || project.unpark(&["list"]).code == 0 && project.path("Cargo.lock").exists();
    assert!(!lock());
    let args = [
        "--apply",
        "--allow-no-vcs",
        "--fix-manifests",
        "--unsafe-fixes",
    ];
    let ran = project.unpark(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let after = manifest(&project);
    assert_ne!(after, before);
    for feature in ["fs", "time"] {
        assert!(after.contains(&format!("\"{feature}\"")), "{after}");
    }
    let code = String::from_utf8(project.read("src/lib.rs")).unwrap();
    assert!(code.contains("tokio::time::sleep"), "{code}");
    // There is nothing left to do, with the flag or without.
    assert_eq!(project.unpark(&["--check", "--unsafe-fixes"]).code, 0);
    assert_eq!(project.unpark(&["undo"]).code, 0);
    assert_eq!(manifest(&project), before);
    assert_eq!(project.read("src/lib.rs"), WAITS.as_bytes());
}

#[test]
fn without_it_the_line_to_type_is_named() {
    let (project, before) = project();
    let ran = project.unpark(&["--unsafe-fixes", "--message-format", "human"]);
    assert!(
        ran.text()
            .contains("cargo add tokio --features time -p demo")
    );
    assert_eq!(manifest(&project), before);
    let shown = project.transcript(&["--fix-manifests", "--unsafe-fixes"]);
    let shown = shown.replace(env!("CARGO_MANIFEST_DIR"), "[ROOT]");
    assert_snapshot("fix-manifests.txt", &shown);
}

#[test]
fn other_packages_are_compiled_without_a_word_of_it() {
    let standin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins/tokio");
    let package = |name: &str, dependency: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             publish = false\n\n[dependencies]\n{dependency}"
        )
    };
    let tokio = format!("tokio = {{ path = {standin:?} }}\n");
    let fake = "async fn one() -> u8 {\n    1\n}\n\npub async fn two() -> u8 {\n    \
                std::future::ready(()).await;\n    one().await\n}\n";
    let project = Project::bare(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n",
        ),
        ("a/Cargo.toml", &package("a", &tokio)),
        ("a/src/lib.rs", WAITS),
        ("b/Cargo.toml", &package("b", "")),
        ("b/src/lib.rs", fake),
    ]);
    let ran = project.unpark(&[
        "--apply",
        "--allow-no-vcs",
        "--fix-manifests",
        "--unsafe-fixes",
        "--verify-features",
        "each",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read = |name: &str| String::from_utf8(project.read(name)).unwrap();
    assert!(read("a/Cargo.toml").contains("\"time\""), "{}", ran.stderr);
    assert!(
        read("b/src/lib.rs").starts_with("fn one()"),
        "{}",
        ran.stderr
    );
}
