//! The laws that hold for whatever a run over some files comes to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{AstNode, SourceFile, SyntaxKind};
use unpark::{
    history::steps,
    outcome::{Outcome, Reason, State},
    replay,
    source::Source,
    suppress,
};
use unpark_codemods::{CATALOGUE, codemod::Safety};

use super::stage::after;

/// The texts of files, by the path that they are shown with.
pub type Texts = BTreeMap<String, String>;

/// A law, or the name of what is broken.
pub fn law(holds: bool, broken: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(broken.to_owned())
    }
}

/// Checks all of them.
pub fn hold(before: &Texts, outcome: &Outcome) -> Result<(), String> {
    let actual = after(before, outcome);
    law(no_new_syntax_error(before, &actual), "a new syntax error")?;
    law(
        comments_are_kept(before, &actual, outcome) || says_that_a_comment_goes(outcome),
        "other comments",
    )?;
    law(
        edits_are_the_difference(before, outcome),
        "bytes outside of the edits changed",
    )?;
    law(
        changes_do_not_overlap(outcome),
        "edits of different changes overlap",
    )?;
    law(
        replaying_changes_gives_the_result(before, outcome),
        "the changes do not give the result",
    )?;
    commits_lead_to_the_result(before, outcome)?;
    let suppressed = outcome.findings.iter();
    let suppressed = suppressed.filter(|finding| finding.state == State::Suppressed);
    let comments: BTreeSet<usize> = suppressed.filter_map(|finding| finding.change).collect();
    let modest = outcome.changes.iter().all(|change| {
        let mut catalogue = CATALOGUE.iter();
        let most = match change.codemod {
            // A comment changes nothing, whichever codemod it keeps away.
            _ if comments.contains(&change.id) => Some(Safety::Safe),
            suppress::NAME => Some(Safety::Safe),
            name => catalogue.find(|it| it.name == name).map(|it| it.safety),
        };
        most.is_some_and(|most| change.safety <= most && change.safety > Safety::Manual)
    });
    law(modest, "a change claims more safety than its codemod")?;
    let sum: usize = outcome.counts().values().sum();
    law(sum == outcome.findings.len(), "the totals do not add up")?;
    let changes = outcome.changes.iter();
    let is_sorted = changes.clone().map(|it| it.id).is_sorted_by(|a, b| a < b);
    law(is_sorted, "two changes with one number")?;
    let selected = changes.clone().filter(|change| change.selected);
    let selected: BTreeSet<usize> = selected.map(|change| change.id).collect();
    let findings = outcome.findings.iter();
    let made = findings.filter(|it| matches!(it.state, State::Fixed | State::Suppressed));
    let made: BTreeSet<usize> = made.filter_map(|finding| finding.change).collect();
    let mut fixed = outcome
        .findings
        .iter()
        .filter(|it| it.state == State::Fixed);
    law(
        selected == made && fixed.all(|finding| finding.change.is_some()),
        "a fixed finding without a change",
    )?;
    let mut offered = changes.filter(|change| !change.selected);
    law(
        offered.all(|change| {
            let texts = replay::of_change(outcome, change).into_values();
            texts.into_iter().all(|(old, new)| {
                let errors = |text: &str| SourceFile::parse(text, Edition::CURRENT).errors().len();
                errors(&new) <= errors(&old)
            })
        }),
        "what is on offer would not parse",
    )?;
    let ids: BTreeSet<_> = outcome.findings.iter().map(|finding| &finding.id).collect();
    law(
        ids.len() == outcome.findings.len(),
        "two findings with one id",
    )
}

/// In any edition in which the file had none before.
fn no_new_syntax_error(before: &Texts, actual: &Texts) -> bool {
    let errors = |text: &str, edition| SourceFile::parse(text, edition).errors().len();
    let editions = [Edition::CURRENT, Edition::Edition2021, Edition::Edition2015];
    actual.iter().all(|(name, text)| {
        let before = &before[name];
        before == text
            || editions
                .into_iter()
                .any(|edition| errors(text, edition) == 0 && errors(before, edition) == 0)
    })
}

/// What is new is the documentation of a helper, or stands in what is written a second time. What goes
/// allowed nothing.
fn comments_are_kept(before: &Texts, actual: &Texts, outcome: &Outcome) -> bool {
    let mut new = comments(actual);
    let mut old = comments(before);
    let gone = outcome
        .findings
        .iter()
        .filter(|finding| finding.codemod == suppress::NAME && finding.state == State::Fixed);
    for finding in gone {
        let text = &before[&outcome.shown(&finding.path)];
        let comment = &text[finding.start.byte..finding.end.byte];
        let at = old.iter().position(|it| it == comment);
        old.swap_remove(at.expect("it was there"));
    }
    let kept = old.iter().all(|comment| {
        let at = new.iter().position(|other| other == comment);
        at.map(|at| new.swap_remove(at)).is_some()
    });
    let written = comments_that_allow(outcome);
    kept && new.iter().all(|comment| {
        comment.starts_with("///") || old.contains(comment) || written.contains(comment)
    })
}

fn comments_that_allow(outcome: &Outcome) -> BTreeSet<String> {
    let suppressed = outcome.findings.iter();
    let suppressed = suppressed.filter(|finding| finding.state == State::Suppressed);
    let comments = suppressed.filter_map(|finding| {
        let reason = finding.help.as_ref()?.strip_prefix("allowed: ")?;
        Some(format!("// unpark: allow({}) {reason}", finding.codemod))
    });
    comments.collect()
}

fn comments(texts: &Texts) -> Vec<String> {
    texts
        .values()
        .flat_map(|text| {
            let tree = SourceFile::parse(text, Edition::CURRENT).tree();
            tree.syntax()
                .descendants_with_tokens()
                .filter_map(|element| element.into_token())
                .filter(|token| token.kind() == SyntaxKind::COMMENT)
                .map(|token| token.text().to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// No safe change does.
fn says_that_a_comment_goes(outcome: &Outcome) -> bool {
    outcome.findings.iter().any(|finding| {
        let says = |why: &Reason| why.message.starts_with("a comment in the");
        finding.state == State::Fixed
            && finding.safety == Safety::Unsafe
            && finding.why.iter().any(says)
    })
}

fn edits_are_the_difference(before: &Texts, outcome: &Outcome) -> bool {
    outcome.files.iter().all(|file| {
        let mut text = before[&outcome.shown(&file.path)].clone();
        for edit in file.edits.iter().rev() {
            text.replace_range(edit.start..edit.end, &edit.replacement);
        }
        text == file.after
    })
}

fn changes_do_not_overlap(outcome: &Outcome) -> bool {
    type Edits = Vec<(usize, usize, usize)>;
    let mut taken: BTreeMap<(usize, PathBuf), Edits> = BTreeMap::new();
    for change in outcome.changes.iter().filter(|change| change.selected) {
        for (path, edit) in &change.edits {
            let key = (change.round, path.clone());
            taken
                .entry(key)
                .or_default()
                .push((edit.start, edit.end, change.id));
        }
    }
    taken.values_mut().all(|edits| {
        edits.sort_unstable();
        edits
            .windows(2)
            .all(|pair| pair[0].1 <= pair[1].0 || pair[0].2 == pair[1].2)
    })
}

/// Each change is in one of them, and none leaves a syntax error behind.
fn commits_lead_to_the_result(before: &Texts, outcome: &Outcome) -> Result<(), String> {
    let mut texts = before.clone();
    let mut changes = BTreeSet::new();
    for step in steps::of(outcome) {
        let new = step.changes.iter().all(|id| changes.insert(*id));
        law(new, "a change is in two commits")?;
        for (path, bytes) in step.files {
            let source = Source::decode(bytes).ok_or("a commit with another encoding")?;
            texts.insert(outcome.shown(&path), source.text.to_string());
        }
        law(
            no_new_syntax_error(before, &texts),
            "a new syntax error in a commit",
        )?;
    }
    let selected = outcome.changes.iter().filter(|change| change.selected);
    let selected: BTreeSet<usize> = selected.map(|change| change.id).collect();
    law(
        texts == after(before, outcome) && changes == selected,
        "the commits do not lead to the result",
    )
}

fn replaying_changes_gives_the_result(before: &Texts, outcome: &Outcome) -> bool {
    let mut texts = before.clone();
    let rounds: BTreeSet<usize> = outcome.changes.iter().map(|change| change.round).collect();
    for round in rounds {
        let mut edits: Vec<_> = outcome
            .changes
            .iter()
            .filter(|change| change.selected && change.round == round)
            .flat_map(|change| &change.edits)
            .collect();
        edits.sort_by_key(|(path, edit)| (path.clone(), edit.start, edit.end));
        edits.dedup();
        for (path, edit) in edits.into_iter().rev() {
            let text = texts
                .get_mut(&outcome.shown(path))
                .expect("edited files are in the case");
            text.replace_range(edit.start..edit.end, &edit.replacement);
        }
    }
    texts == after(before, outcome)
}
