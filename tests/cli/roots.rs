//! Functions that become async: one root of several, and how large it may be.

use crate::support::{project::Project, snapshot::assert_snapshot};

/// Two roots, with a function of the same name in each.
const FILES: &[(&str, &str)] = &[
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
    1
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
        ran.stderr.contains("there is no such function here"),
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
