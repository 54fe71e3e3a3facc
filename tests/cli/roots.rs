//! Functions that become async: one root of several, and how large it may be.

use std::path::Path;

use crate::support::{project::Project, snapshot::assert_snapshot};

/// Two roots, with a function of the same name in each.
pub const FILES: &[(&str, &str)] = &[
    (
        "src/lib.rs",
        "\
mod disk;
mod net;

pub async fn start() -> u32 {
    disk::warm() + net::warm()
}
",
    ),
    ("src/disk.rs", WARM),
    ("src/net.rs", WARM),
];

const WARM: &str = "\
use tokio::runtime::Handle;

async fn number() -> u32 {
    std::future::ready(1).await
}

fn load() -> u32 {
    Handle::current().block_on(number())
}

pub fn warm() -> u32 {
    load() + load()
}
";

#[test]
fn one_root_of_several() {
    let project = Project::new(FILES);
    let all: String = [
        &["--root", "disk::warm"][..],
        &["--root", "demo::net::load", "--message-format", "short"],
        &["--root", "warm"],
        &["--root", "disk::wram"],
        &["--root", "elsewhere"],
        &["--root", "warm", "--only", "unobserved-task"],
        &["--root", "warm", "--syntax-only"],
    ]
    .iter()
    .map(|args| project.transcript(args))
    .collect();
    assert_snapshot("roots.txt", &all);
    project.write("src/lib.rs", "");
    let ran = project.unpark(&["--root", "warm"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("no function that runs here does"),
        "{}",
        ran.stderr
    );
}

#[test]
fn large_roots_are_refused() {
    let project = Project::new(FILES);
    let all: String = [
        &[
            "--max-functions",
            "1",
            "--message-format",
            "human",
            "--root",
            "disk::load",
        ][..],
        &["--max-functions", "2", "--message-format", "short"],
        &["--max-functions", "0"],
    ]
    .iter()
    .map(|args| project.transcript(args))
    .collect();
    assert_snapshot("max-functions.txt", &all);
}

#[test]
fn public_functions_keep_their_signatures() {
    let standin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins/pollster");
    let manifest = |name: &str, more: &str| {
        format!(
            "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\npollster = {{ path = {standin:?} }}\n{more}"
        )
    };
    let project = Project::bare(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"hub\", \"store\"]\nresolver = \"3\"\n",
        ),
        ("store/Cargo.toml", &manifest("store", "")),
        (
            "store/src/lib.rs",
            "\
//! Loads numbers.

#![deny(missing_docs, unused)]

mod disk;

pub use disk::load;
",
        ),
        (
            "store/src/disk.rs",
            "\
async fn number() -> u32 {
    std::future::ready(1).await
}

/// Loads a number.
pub fn load() -> u32 {
    pollster::block_on(number())
}
",
        ),
        (
            "hub/Cargo.toml",
            &manifest("hub", "store = { path = \"../store\" }\n"),
        ),
        (
            "hub/src/main.rs",
            "\
#![deny(unused)]

use store::load;

async fn run() {
    println!(\"{}\", load());
}

fn main() {
    pollster::block_on(run());
}
",
        ),
    ]);
    let args = ["--keep-sync-api", "--unsafe-fixes", "--verify", "--offline"];
    assert_snapshot("keep-sync-api.txt", &project.transcript(&args));
}

#[test]
fn why_follows_a_change_into_other_files() {
    let project = Project::new(FILES);
    // A call that will be awaited, a function that will be async, and a line that nobody touches.
    let all: String = ["src/lib.rs:5", "src/disk.rs:11", "src/net.rs:3"]
        .iter()
        .map(|place| project.transcript(&["why", place]))
        .collect();
    assert_snapshot("why-chain.txt", &all);
    let ran = project.unpark(&["--message-format", "json", "--root", "disk::warm"]);
    let lines = ran.json();
    let conversion = &lines[0]["conversion"];
    assert_eq!(
        conversion["functions"][1],
        serde_json::json!({
            "function": "demo::disk::warm", "path": "src/disk.rs", "line": 11,
            "message": "`warm` becomes async",
            "because": [
                {"path": "src/disk.rs", "line": 12, "message": "it awaits `load`"},
                {"path": "src/disk.rs", "line": 8, "message": "which awaits the future"},
            ],
            "remarks": [],
        })
    );
    assert_eq!(
        conversion["cost"],
        serde_json::json!({
            "files": 2, "packages": 1, "public_signatures": 0, "kept_signatures": 0,
            "calls_awaited": 3, "calls_driven": 0,
        })
    );
}

#[test]
fn tests_are_callers_without_being_asked_for() {
    let standin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stage/standins/pollster");
    let manifest = format!(
        "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\npollster = {{ path = {standin:?} }}\n"
    );
    let project = Project::bare(&[
        ("Cargo.toml", &manifest),
        (
            "src/lib.rs",
            "\
pub struct Store;

async fn number() -> u32 {
    std::future::ready(1).await
}

impl Store {
    pub fn load(&self) -> u32 {
        pollster::block_on(number())
    }
}

pub async fn start(store: &Store) -> u32 {
    store.load()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads() {
        let store = Store;
        assert_eq!(store.load(), 1);
    }
}
",
        ),
        (
            "tests/it.rs",
            "\
use demo::Store;

#[test]
fn loads() {
    let store = Store;
    assert_eq!(store.load(), 1);
}
",
        ),
    ]);
    let args = ["--unsafe-fixes", "--verify", "--offline"];
    assert_snapshot("tests-are-callers.txt", &project.transcript(&args));
}
