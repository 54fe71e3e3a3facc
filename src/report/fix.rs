//! What mends a finding, as edits of the files as they were.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use unpark_codemods::codemod::Safety;

use crate::{
    outcome::{Change, Finding, Outcome},
    overlay::Replacement,
    replay,
};

/// The change of a finding, with all that it can't do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The least safety of its parts.
    pub safety: Safety,
    /// The edits of each file, in their order.
    pub files: BTreeMap<PathBuf, Vec<Replacement>>,
}

/// The fix of a finding, if it has one.
pub fn of(outcome: &Outcome, finding: &Finding) -> Option<Fix> {
    let id = finding.change?;
    let change = outcome.changes.iter().find(|change| change.id == id)?;
    let needed = replay::with_what_it_needs(outcome, id);
    let parts = outcome
        .changes
        .iter()
        .filter(|part| needed.contains(&part.id));
    let parts: Vec<&Change> = parts.collect();
    let paths: BTreeSet<&Path> = parts
        .iter()
        .flat_map(|part| &part.edits)
        .map(|(path, _)| path.as_path())
        .collect();
    let mut files = BTreeMap::new();
    for path in paths {
        let edits = match as_written(outcome, path, &needed).filter(|_| change.selected) {
            Some(edits) => edits,
            None => alone(outcome, path, &needed, change)?,
        };
        files.insert(path.to_owned(), edits);
    }
    Some(Fix {
        safety: parts.iter().map(|part| part.safety).min()?,
        files,
    })
}

/// The edits of the file as the run leaves it, laid out, if nothing but these changes edits it.
fn as_written(
    outcome: &Outcome,
    path: &Path,
    needed: &BTreeSet<usize>,
) -> Option<Vec<Replacement>> {
    let edits_it = |change: &&Change| change.edits.iter().any(|(edited, _)| edited == path);
    let mut selected = outcome.changes.iter().filter(|change| change.selected);
    if selected.any(|change| edits_it(&change) && !needed.contains(&change.id)) {
        return None;
    }
    let file = outcome.files.iter().find(|file| file.path == path)?;
    Some(file.edits.clone())
}

fn alone(
    outcome: &Outcome,
    path: &Path,
    needed: &BTreeSet<usize>,
    change: &Change,
) -> Option<Vec<Replacement>> {
    let mut overlay = replay::with(outcome, path, needed)?;
    if !change.selected {
        let edits = change.edits.iter().filter(|(edited, _)| edited == path);
        let edits: Vec<Replacement> = edits.map(|(_, edit)| edit.clone()).collect();
        overlay.apply(&edits, change.id);
    }
    Some(overlay.edits())
}
