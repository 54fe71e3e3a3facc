//! The diff, the JSON and what is written are the same bytes.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::project::Project;

/// The files of [`project`] that change.
pub const FILES: [&str; 5] = [
    "src/lib.rs",
    "src/crlf.rs",
    "src/bom.rs",
    "src/last.rs",
    "src/with space.rs",
];

/// Line ends of both kinds, byte order marks, no newline at the end, and a space in a name.
pub fn project() -> Project {
    let task = "async fn flush() -> Result<(), u8> {\n    std::future::ready(Ok(())).await\n}\n\n// é\npub fn start() {\n    \
                tokio::spawn(flush());\n}\n";
    let crlf = task.replace('\n', "\r\n");
    let head = "mod bom;\nmod crlf;\nmod last;\n#[path = \"with space.rs\"]\nmod spaced;\n";
    Project::new(&[
        ("src/lib.rs", &format!("{head}\n{task}")),
        ("src/crlf.rs", &crlf),
        ("src/bom.rs", &format!("\u{feff}{crlf}")),
        ("src/last.rs", &format!("\u{feff}{}", task.trim_end())),
        ("src/with space.rs", task),
    ])
}

#[test]
fn the_diff_and_the_json_say_what_is_written() {
    let project = project();
    let (by_git, by_patch) = (project.copy(), project.copy());
    let diff = project.unpark(&[]);
    assert_eq!(diff.code, 0, "{}", diff.stderr);
    assert!(diff.stderr.starts_with("not verified"), "{}", diff.stderr);
    let patch_file = project.path("it.diff");
    fs::write(&patch_file, &diff.stdout).unwrap();
    by_git.other("git", &["apply"], &patch_file);
    by_patch.other("patch", &["-p1", "--no-backup-if-mismatch"], &patch_file);

    let json = project.unpark(&["--message-format", "json"]);
    assert_eq!(json.stderr, "");
    let lines = json.json();
    let old: Vec<Vec<u8>> = FILES.iter().map(|name| project.read(name)).collect();

    let applied = project.unpark(&["--apply", "--no-verify", "--allow-no-vcs"]);
    assert_eq!(
        (applied.code, applied.text().as_str()),
        (0, ""),
        "{}",
        applied.stderr
    );
    let first = applied.stderr.lines().next().unwrap();
    assert!(first.starts_with("not verified"), "{first}");
    for (name, old) in FILES.iter().zip(&old) {
        let new = project.read(name);
        assert_ne!(*old, new, "{name}");
        assert_eq!(by_git.read(name), new, "git apply, {name}");
        assert_eq!(by_patch.read(name), new, "patch -p1, {name}");
        let line = lines
            .iter()
            .find(|line| line["reason"] == "file" && line["path"] == **name)
            .unwrap();
        assert_eq!(line["before_sha256"], sha256(old), "{name}");
        assert_eq!(line["after_sha256"], sha256(&new), "{name}");
        assert_eq!(edited(old, &line["edits"]), new, "json, {name}");
        // Every change is alone in its file and of the first round.
        let change = lines
            .iter()
            .find(|line| line["reason"] == "change" && line["edits"][0]["path"] == **name)
            .unwrap();
        assert_eq!(edited(old, &change["edits"]), new, "change, {name}");
    }
    assert!(
        project
            .read("src/bom.rs")
            .starts_with("\u{feff}async".as_bytes())
    );
    assert!(!project.read("src/last.rs").ends_with(b"\n"));
    let crlf = String::from_utf8(project.read("src/crlf.rs")).unwrap();
    assert_eq!(crlf.matches('\n').count(), crlf.matches("\r\n").count());

    check_form(&lines, 5);
}

/// The last line, and only the last, is the summary; its counts are those of the lines.
fn check_form(lines: &[Value], fixed: usize) {
    let of = |reason: &'static str| lines.iter().filter(move |line| line["reason"] == reason);
    assert_eq!(of("summary").count(), 1);
    let summary = lines.last().unwrap();
    assert_eq!(summary["reason"], "summary");
    assert_eq!(summary["findings"]["fixed"], fixed);
    assert_eq!(summary["changes"], of("change").count());
    assert_eq!(summary["success"], true);
    assert_eq!(of("finding").count(), fixed);
    for (finding, change) in of("finding").zip(of("change")) {
        assert_eq!(finding["change"], change["id"]);
        assert_eq!(finding["state"], "fixed");
        assert!(finding.get("refusal").is_none() && change.get("selected").is_none());
        let range = &finding["range"];
        assert!(range["start"]["byte"].as_u64() < range["end"]["byte"].as_u64());
    }
}

fn edited(old: &[u8], edits: &Value) -> Vec<u8> {
    let number = |edit: &Value, key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
    let (mut new, mut at) = (Vec::new(), 0);
    for edit in edits.as_array().unwrap() {
        new.extend_from_slice(&old[at..number(edit, "start")]);
        new.extend_from_slice(edit["replacement"].as_str().unwrap().as_bytes());
        at = number(edit, "end");
    }
    new.extend_from_slice(&old[at..]);
    new
}

fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
