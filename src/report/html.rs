//! The review page: one file without any other, in which changes are read, accepted and rejected, and
//! the answers exported for `--selection`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use askama::Template;
use unpark_codemods::{CATALOGUE, codemod::Safety};

use super::{
    count, highlight,
    invocation::Invocation,
    notes,
    picture::{self, Picture},
    side_by_side::{self, Hunk},
    summary,
};
use crate::{
    outcome::{Change, Conversion, Finding, Outcome, State},
    replay,
    selection::Selection,
};

/// Where the page puts the answers, unless the browser asks.
const SELECTION: &str = "unpark-selection.json";

/// Writes it. What a comment or the baseline allows is only shown to those who want to see everything.
///
/// # Errors
/// If it can't be written.
pub fn write(
    outcome: &Outcome,
    invocation: &Invocation,
    verbose: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    Page::of(outcome, invocation, verbose).write_into(out)
}

#[derive(Template)]
#[template(path = "html/page.html")]
struct Page {
    /// The name of the project.
    project: String,
    /// What the compiler said of the changes.
    verified: Option<String>,
    has_changes: bool,
    /// What was not looked at, or not well.
    remarks: Vec<String>,
    totals: String,
    counts: Vec<Counts>,
    conversions: Option<Picture>,
    filters: Vec<Filter>,
    items: Vec<Item>,
    /// What the page needs to know to export the answers.
    exported: String,
    /// The command that takes them.
    command: String,
}

/// How many findings of a codemod there are.
struct Counts {
    codemod: &'static str,
    summary: &'static str,
    /// Those in each state, in the order of [`State::ALL`].
    by_state: Vec<(State, usize)>,
    total: usize,
}

/// What may be chosen of.
struct Filter {
    /// The attribute of an item.
    name: &'static str,
    /// What stands before it.
    label: &'static str,
    /// The values, and how many items have each.
    values: BTreeMap<String, usize>,
}

/// A finding, and its change.
struct Item {
    id: String,
    codemod: &'static str,
    package: String,
    state: State,
    safety: Option<Safety>,
    title: Vec<Words>,
    path: String,
    line: usize,
    notes: Vec<(&'static str, Vec<Words>)>,
    way: Option<Picture>,
    conversion: Option<Picture>,
    change: Option<Proposed>,
}

/// Words of a sentence, and whether they are code.
struct Words {
    text: String,
    is_code: bool,
}

/// A change that may be accepted.
struct Proposed {
    /// The ids of the findings whose changes it can't do without.
    needs: String,
    files: Vec<FileDiff>,
}

struct FileDiff {
    path: String,
    /// The rows of the table, which is most of the page.
    table: String,
    added: usize,
    removed: usize,
    /// Whether it is shown only to who asks for it.
    folded: bool,
}

/// How many files of a change are shown at once.
const OPEN_FILES: usize = 6;

impl Page {
    /// The most findings of a codemod.
    fn largest(&self) -> usize {
        self.counts.iter().map(|it| it.total).max().unwrap_or(1)
    }

    fn of(outcome: &Outcome, invocation: &Invocation, verbose: bool) -> Page {
        let mut findings: Vec<&Finding> = outcome
            .findings
            .iter()
            .filter(|finding| verbose || finding.state.is_open())
            .collect();
        findings.sort_by_key(|finding| {
            let rank = match finding.state {
                State::Reverted => 0,
                State::Fixed | State::Offered => 1,
                State::Manual => 2,
                State::Refused => 3,
                State::Suppressed | State::Baseline => 4,
            };
            (rank, catalogued(finding.codemod))
        });
        let changes: BTreeMap<usize, &Change> =
            outcome.changes.iter().map(|it| (it.id, it)).collect();
        let ids: BTreeMap<usize, &str> = outcome
            .findings
            .iter()
            .filter_map(|finding| Some((finding.change?, finding.id.as_str())))
            .collect();
        let items: Vec<Item> = findings
            .iter()
            .map(|finding| {
                let change = finding.change.and_then(|id| changes.get(&id).copied());
                item(outcome, finding, change, &ids)
            })
            .collect();
        let conversions: Vec<&Conversion> = findings
            .iter()
            .filter_map(|finding| finding.conversion.as_ref())
            .collect();
        let exported = Selection::new(invocation.findings()).to_text();
        Page {
            project: outcome
                .root
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            verified: outcome.verification.as_ref().map(summary::compiled),
            has_changes: !outcome.changes.is_empty(),
            remarks: remarks(outcome),
            totals: format!(
                "{} in {}",
                count(outcome.findings.len(), "finding"),
                count(outcome.walked, "file")
            ),
            counts: counts(outcome),
            conversions: match conversions.len() {
                0 | 1 => None,
                _ => picture::conversions(outcome, conversions.into_iter()),
            },
            filters: filters(&items),
            items,
            // No tag may begin in a script.
            exported: exported.replace('<', "\\u003c"),
            command: invocation.reviewed(Path::new(SELECTION), &[]),
        }
    }
}

fn catalogued(name: &str) -> usize {
    let found = CATALOGUE.iter().position(|codemod| codemod.name == name);
    found.unwrap_or(CATALOGUE.len())
}

fn item(
    outcome: &Outcome,
    finding: &Finding,
    change: Option<&Change>,
    ids: &BTreeMap<usize, &str>,
) -> Item {
    let package = outcome.package_of(&finding.path);
    let conversion = finding.conversion.as_ref();
    Item {
        id: finding.id.clone(),
        codemod: finding.codemod,
        package: package.map_or_else(String::new, |package| package.facts.name.clone()),
        state: finding.state,
        safety: change.map(|change| change.safety),
        title: words(&finding.message),
        path: outcome.shown(&finding.path),
        line: finding.start.line,
        notes: notes::all(outcome, finding)
            .iter()
            .map(|(kind, note)| (kind.name(), words(note)))
            .collect(),
        way: picture::way(outcome, finding),
        conversion: conversion.and_then(|it| picture::conversions(outcome, [it].into_iter())),
        change: change.map(|change| Proposed {
            needs: change
                .depends_on
                .iter()
                .filter_map(|id| ids.get(id).copied())
                .collect::<Vec<_>>()
                .join(" "),
            files: files(outcome, change),
        }),
    }
}

/// A sentence in parts: what is in backticks is code.
fn words(sentence: &str) -> Vec<Words> {
    let parts = sentence.split('`').enumerate();
    parts
        .filter(|(_, text)| !text.is_empty())
        .map(|(index, text)| Words {
            text: text.to_owned(),
            is_code: index % 2 == 1,
        })
        .collect()
}

fn files(outcome: &Outcome, change: &Change) -> Vec<FileDiff> {
    let texts = replay::of_change(outcome, change);
    let texts = texts.iter().enumerate();
    texts
        .map(|(index, (path, (old, new)))| {
            let is_rust = path.extension().is_some_and(|it| it == "rs");
            let edition = outcome.edition_of(path);
            let hunks = side_by_side::hunks(old, new, is_rust.then_some(edition));
            let rows = || hunks.iter().flat_map(|hunk| &hunk.rows);
            let differing = |side: fn(&side_by_side::Row<'_>) -> bool| {
                rows().filter(|row| row.differs && side(row)).count()
            };
            FileDiff {
                path: outcome.shown(path),
                added: differing(|row| row.new.is_some()),
                removed: differing(|row| row.old.is_some()),
                table: Rows { hunks: &hunks }.to_string(),
                folded: index >= OPEN_FILES,
            }
        })
        .collect()
}

/// The rows of a table, without the end tags that HTML can do without: they would be a third of the
/// page.
#[derive(Template)]
#[template(path = "html/rows.html")]
struct Rows<'a> {
    hunks: &'a [Hunk<'a>],
}

/// The class that the style sheet knows a token by.
pub(super) fn class(token: &highlight::Token) -> char {
    use highlight::Token;
    match token {
        Token::Keyword => 'k',
        Token::Text => 's',
        Token::Number => 'n',
        Token::Comment => 'c',
        Token::Type => 't',
        Token::Macro => 'm',
        Token::Lifetime => 'l',
    }
}

fn counts(outcome: &Outcome) -> Vec<Counts> {
    let codemods = CATALOGUE
        .iter()
        .map(|codemod| (codemod.name, codemod.summary));
    let comments = (crate::suppress::NAME, "a comment that allows nothing");
    codemods
        .chain([comments])
        .filter_map(|(codemod, summary)| {
            let findings = outcome.findings.iter();
            let of_codemod = findings.filter(|finding| finding.codemod == codemod);
            let states: Vec<State> = of_codemod.map(|finding| finding.state).collect();
            let by_state = State::ALL.map(|state| {
                let count = states.iter().filter(|it| **it == state).count();
                (state, count)
            });
            (!states.is_empty()).then(|| Counts {
                codemod,
                summary,
                by_state: by_state.into(),
                total: states.len(),
            })
        })
        .collect()
}

fn filters(items: &[Item]) -> Vec<Filter> {
    let filter = |name, label, value: &dyn Fn(&Item) -> Option<String>| {
        let mut values: BTreeMap<String, usize> = BTreeMap::new();
        for value in items.iter().filter_map(value) {
            *values.entry(value).or_default() += 1;
        }
        Filter {
            name,
            label,
            values,
        }
    };
    vec![
        filter("codemod", "Codemod", &|it| Some(it.codemod.to_owned())),
        filter("package", "Crate", &|it| {
            Some(it.package.clone()).filter(|name| !name.is_empty())
        }),
        filter("state", "State", &|it| Some(it.state.name().to_owned())),
        filter("safety", "Safety", &|it| {
            it.safety.map(|safety| safety.name().to_owned())
        }),
    ]
}

/// What was not looked at, or not well.
fn remarks(outcome: &Outcome) -> Vec<String> {
    let degraded = outcome
        .degraded
        .iter()
        .map(|reason| format!("Less is known than could be: {reason}"));
    let skipped = outcome.skipped.iter().map(|skipped| {
        let path = outcome.shown(&skipped.path);
        format!("Skipped {path}: {}", skipped.reason)
    });
    let unseen = outcome
        .unseen
        .iter()
        .map(|(place, number)| format!("Not looked at: {place}: {}", count(*number, "place")));
    let defects = outcome.defects.iter().map(|defect| {
        let path = outcome.shown(&defect.path);
        let message = defect.message.lines().next().unwrap_or_default();
        format!(
            "A defect of unpark in {}, looking at {path}: {message}",
            defect.codemod
        )
    });
    defects
        .chain(degraded)
        .chain(skipped)
        .chain(unseen)
        .collect()
}
