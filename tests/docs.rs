//! The manual pages are tests: what a header shows is what the codemod does.

use std::collections::BTreeMap;

use unpark::outcome::State;
use unpark_codemods::{CATALOGUE, Codemod, codemod::Safety};

use crate::support::{
    fixture::Case,
    stage::{after, in_pool, stage},
};

const HEADINGS: [&str; 6] = [
    "What it does",
    "Why is this bad",
    "Before",
    "After",
    "When it refuses",
    "Safety",
];

/// The header of a codemod's file, as it is read.
fn header(codemod: &Codemod) -> String {
    codemod
        .docs
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

/// The text below each heading, in order.
fn sections(header: &str) -> Vec<(&str, &str)> {
    header
        .split("\n# ")
        .skip(1)
        .map(|section| section.split_once('\n').expect("a heading is a line"))
        .collect()
}

/// The text below a heading of a codemod's manual page.
pub fn section(codemod: &Codemod, heading: &str) -> String {
    let header = header(codemod);
    let mut sections = sections(&header).into_iter();
    let found = sections.find(|(name, _)| *name == heading);
    found
        .expect("every page has the same headings")
        .1
        .to_owned()
}

fn block<'a>(codemod: &Codemod, section: &'a str) -> &'a str {
    let inner = section
        .trim()
        .strip_prefix("```rust\n")
        .and_then(|rest| rest.strip_suffix("```"));
    match inner {
        Some(block) if !block.contains("```") => block,
        _ => panic!(
            "{}: Before and After are one block of Rust each",
            codemod.name
        ),
    }
}

#[test]
fn every_manual_page_has_the_same_headings() {
    for codemod in CATALOGUE {
        let header = header(codemod);
        let sections = sections(&header);
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, HEADINGS, "{}", codemod.name);
        for (name, text) in sections {
            assert!(!text.trim().is_empty(), "{}: {name} is empty", codemod.name);
        }
        let summary = header.lines().next().unwrap_or_default();
        assert!(
            summary.ends_with('.'),
            "{}: it starts with a sentence: {summary:?}",
            codemod.name
        );
    }
}

#[test]
fn what_rewrites_has_a_title_for_its_commits() {
    for codemod in CATALOGUE {
        let rewrites = codemod.safety > Safety::Manual;
        assert_eq!(codemod.title.is_some(), rewrites, "{}", codemod.name);
        let length = codemod.title.unwrap_or_default().chars().count();
        assert!(length <= 50, "{}: git suggests no more", codemod.name);
    }
}

#[test]
fn what_is_shown_before_becomes_what_is_shown_after() {
    for codemod in CATALOGUE {
        let header = header(codemod);
        let sections: BTreeMap<&str, &str> = sections(&header).into_iter().collect();
        let before = block(codemod, sections["Before"]);
        let expected = block(codemod, sections["After"]);
        assert_ne!(before, expected, "{}", codemod.name);
        let mut case = Case::default();
        case.before
            .insert("src/lib.rs".to_owned(), before.to_owned());
        // The example may be of a change that has an effect to name.
        case.options.unsafe_fixes = true;
        codemod.name.clone_into(&mut case.options.own);
        let outcome = in_pool(2, || stage().play(&case, &case.before, &BTreeMap::new()));
        if codemod.safety == Safety::Manual {
            // A person does it: there is something to say of the one, and nothing of the other.
            assert!(!outcome.findings.is_empty(), "{}", codemod.name);
            case.before
                .insert("src/lib.rs".to_owned(), expected.to_owned());
            let outcome = in_pool(2, || stage().play(&case, &case.before, &BTreeMap::new()));
            assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
            continue;
        }
        assert_eq!(
            after(&case.before, &outcome)["src/lib.rs"],
            expected,
            "{}",
            codemod.name
        );
        let fixed = outcome
            .findings
            .iter()
            .filter(|finding| finding.state == State::Fixed);
        assert!(
            fixed
                .map(|finding| finding.codemod)
                .all(|name| name == codemod.name),
            "{}: another codemod changes its example",
            codemod.name
        );
    }
}
