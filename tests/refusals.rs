//! Every reason that a codemod may have to leave a place alone stands on its manual page, and is shown at
//! work: in a fixture, or below where it takes a file that nobody may edit.

use std::collections::BTreeSet;

use unpark_codemods::CATALOGUE;

use crate::{docs, fixtures, support::project::Project};

/// A codemod, and the code of a refusal.
type Pair = (String, String);

/// For each codemod that edits more than the file of its finding: a library with a generated file that
/// would have to change.
const SHUT: [(&str, &[(&str, &str)]); 4] = [
    (
        "block-on-in-async",
        &[
            (
                "src/lib.rs",
                "mod made;\n\nasync fn number() -> u32 {\n    std::future::pending().await\n}\n\n\
                 fn load() -> u32 {\n    tokio::runtime::Handle::current().block_on(number())\n}\n",
            ),
            (
                "src/made.rs",
                "// @generated\npub async fn start() -> u32 {\n    crate::load()\n}\n",
            ),
        ],
    ),
    (
        "fake-async",
        &[
            (
                "src/lib.rs",
                "mod made;\n\nasync fn number() -> u32 {\n    1\n}\n",
            ),
            (
                "src/made.rs",
                "// @generated\npub async fn start() -> u32 {\n    crate::number().await\n}\n",
            ),
        ],
    ),
    (
        "imposed-offload",
        &[
            (
                "src/lib.rs",
                "mod made;\n\n/// Counts.\npub async fn lines(text: String) -> usize {\n    \
                 tokio::task::spawn_blocking(move || text.lines().count()).await.unwrap()\n}\n",
            ),
            (
                "src/made.rs",
                "// @generated\npub async fn start() -> usize {\n    \
                 crate::lines(String::new()).await\n}\n",
            ),
        ],
    ),
    (
        "unobserved-task",
        &[
            (
                "unpark.toml",
                "[codemod.unobserved-task]\nstyle = \"helper\"\n",
            ),
            ("src/lib.rs", "// @generated\nmod tasks;\n"),
            (
                "src/tasks.rs",
                "async fn flush() -> std::io::Result<()> {\n    std::future::ready(Ok(())).await\n}\n\n\
                 pub fn start() {\n    tokio::spawn(flush());\n}\n",
            ),
        ],
    ),
];

/// The codes in a text.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| {
        let number = word.strip_prefix(['F', 'R']);
        number.is_some_and(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_digit()))
    })
}

/// What the manual pages say.
fn listed() -> BTreeSet<Pair> {
    let pages = CATALOGUE.iter().flat_map(|codemod| {
        let page = docs::section(codemod, "When it refuses");
        let of = |code: &str| (codemod.name.to_owned(), code.to_owned());
        codes(&page).map(of).collect::<Vec<Pair>>()
    });
    pages.collect()
}

/// What the fixtures show, by what stands below each finding.
fn shown() -> BTreeSet<Pair> {
    let mut shown = BTreeSet::new();
    for (_, _, cases) in fixtures::all() {
        let mut codemod = "";
        for line in cases.iter().flat_map(|case| case.findings.lines()) {
            match line.strip_prefix("    ") {
                None => codemod = line.split([' ', ':']).nth(2).expect("a finding names it"),
                Some(below) => {
                    let (head, _) = below.split_once(": ").unwrap_or_default();
                    shown.extend(codes(head).map(|it| (codemod.to_owned(), it.to_owned())));
                }
            }
        }
    }
    shown
}

#[test]
fn every_refusal_of_a_manual_page_is_shown_and_every_shown_one_is_listed() {
    let shut = SHUT.map(|(codemod, ..)| (codemod.to_owned(), "R8".to_owned()));
    let (listed, mut shown) = (listed(), shown());
    assert!(listed.len() > 80, "only {} were found", listed.len());
    shown.extend(shut);
    let missing: Vec<&Pair> = listed.difference(&shown).collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
    let unlisted: Vec<&Pair> = shown.difference(&listed).collect();
    assert!(unlisted.is_empty(), "no manual page lists {unlisted:?}");
}

#[test]
fn what_would_edit_a_file_that_must_not_be_edited_is_refused() {
    for (codemod, files) in SHUT {
        let project = Project::new(files);
        let manifest = String::from_utf8(project.read("Cargo.toml")).unwrap();
        let manifest = manifest.replace("{ path", "{ features = [\"full\"], path");
        project.write("Cargo.toml", &manifest);
        let args = ["--unsafe-fixes", "--message-format=json", "--only", codemod];
        let ran = project.unpark(&args);
        assert_eq!(ran.code, 0, "{codemod}: {}", ran.stderr);
        let lines = ran.json();
        let mut found = lines.iter().filter(|line| line["reason"] == "finding");
        let refused = found
            .next()
            .unwrap_or_else(|| panic!("{codemod}: {lines:?}"));
        assert_eq!(refused["codemod"], codemod);
        assert_eq!(refused["refusal"]["kind"], "R8", "{refused}");
        let message = refused["refusal"]["message"].to_string();
        assert!(message.contains("it is generated"), "{message}");
        assert_eq!(found.next(), None, "{codemod}");
        assert!(
            !lines.iter().any(|line| line["reason"] == "file"),
            "{codemod}"
        );
    }
}
