//! What each codemod does on each runtime: the table of the README, as it is in a workspace that mixes
//! them.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use unpark::{
    options::{CargoOptions, Options},
    outcome::{Outcome, State},
};
use unpark_codemods::CATALOGUE;

use crate::support::{folder, updates};

/// Packages of `tests/projects/each_runtime`.
const RUNTIMES: [&str; 5] = ["tokio", "async-std", "smol", "actix-rt", "tauri"];

/// What stands in each of them: the codemod, what the case is, and the functions that show it.
const CASES: [(&str, &str, &[&str]); 16] = [
    ("guard-across-await", "", &["guard"]),
    ("pointless-spawn-blocking", "", &["offloaded_future"]),
    ("redundant-task", "a task", &["awaited_task"]),
    ("redundant-task", "a block", &["awaited_block"]),
    ("nested-future", "", &["nested"]),
    ("blocking-in-async", "a sleep", &["sleep"]),
    ("blocking-in-async", "the file system", &["file_system"]),
    ("blocking-in-async", "a process", &["process"]),
    ("cpu-bound-in-async", "", &["computing"]),
    ("block-on-in-async", "", &["drives"]),
    ("fake-async", "", &["fake"]),
    ("imposed-offload", "", &["imposed"]),
    ("unpolled-future", "", &["unpolled"]),
    ("unobserved-task", "", &["unobserved"]),
    ("sequential-awaits", "", &["in_a_row"]),
    ("runtime-in-async", "", &["runtime"]),
];

#[test]
fn the_table_of_the_readme_is_what_happens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = tempfile::tempdir().unwrap();
    folder::copy(&root.join("tests/projects/each_runtime"), copy.path());
    let options = Options {
        paths: vec![copy.path().to_owned()],
        // Those that run only where they are named, too.
        only: CATALOGUE.iter().map(|it| it.name.to_owned()).collect(),
        unsafe_fixes: Some(true),
        cargo: CargoOptions {
            locked: true,
            ..CargoOptions::default()
        },
        jobs: 2,
        ..Options::default()
    };
    let outcome = unpark::run(&options).expect("the project can be read");
    assert_eq!(outcome.defects, []);

    let mut table = format!("| codemod | {} |\n", RUNTIMES.join(" | "));
    table += &format!("| --- |{}\n", " --- |".repeat(RUNTIMES.len()));
    for (codemod, case, functions) in CASES {
        let case = if case.is_empty() {
            String::new()
        } else {
            format!(": {case}")
        };
        let _ = write!(table, "| `{codemod}`{case} |");
        for runtime in RUNTIMES {
            let _ = write!(
                table,
                " {} |",
                cell(&outcome, copy.path(), codemod, runtime, functions)
            );
        }
        table.push('\n');
    }

    let path = root.join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let begin = readme
        .find("| codemod | tokio |")
        .expect("the README has the table");
    let end = begin
        + readme[begin..]
            .find("\n\n")
            .expect("a paragraph follows it")
        + 1;
    if updates() {
        fs::write(
            &path,
            format!("{}{table}{}", &readme[..begin], &readme[end..]),
        )
        .unwrap();
    } else {
        assert_eq!(readme[begin..end], table);
    }
}

#[test]
fn every_codemod_is_in_the_table() {
    let shown: BTreeSet<&str> = CASES.iter().map(|(codemod, ..)| *codemod).collect();
    let all: BTreeSet<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
    assert_eq!(shown, all);
}

/// What became of the findings of a codemod in functions of a package.
fn cell(
    outcome: &Outcome,
    root: &Path,
    codemod: &str,
    runtime: &str,
    functions: &[&str],
) -> String {
    let file = root.join(runtime).join("src/lib.rs");
    let text = fs::read_to_string(&file).unwrap();
    let of_file = outcome.findings.iter();
    let of_file = of_file.filter(|it| it.path == file && it.codemod == codemod);
    let found = of_file.filter(|it| {
        let around = text[..it.end.byte].rfind("\n}").map_or(0, |end| end);
        let name = text[around..].split("fn ").nth(1);
        let name = name.and_then(|it| it.split('(').next());
        name.is_some_and(|it| functions.contains(&it))
    });
    let words: BTreeSet<String> = found
        .map(|it| match (it.state, &it.refusal) {
            (State::Fixed, _) => "rewrites".to_owned(),
            (State::Manual, _) => "reports".to_owned(),
            (_, Some(refusal)) => format!("refuses ({})", refusal.kind.code()),
            (state, _) => panic!("{codemod} on {runtime}: {state:?}"),
        })
        .collect();
    match words.is_empty() {
        true => "–".to_owned(),
        false => Vec::from_iter(words).join(", "),
    }
}
