//! The text of a file between rounds, made anew from what the run wrote down.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    outcome::{Change, Outcome},
    overlay::{Overlay, Replacement},
};

/// A file as the selected changes of the rounds before `round` leave it. `None` if the run did not
/// look at the file.
pub fn before(outcome: &Outcome, path: &Path, round: usize) -> Option<Overlay> {
    of(outcome, path, |change| {
        change.selected && change.round < round
    })
}

/// A file as these changes alone leave it, which are closed under what they need.
pub fn with(outcome: &Outcome, path: &Path, kept: &BTreeSet<usize>) -> Option<Overlay> {
    of(outcome, path, |change| {
        change.selected && kept.contains(&change.id)
    })
}

fn of(outcome: &Outcome, path: &Path, wanted: impl Fn(&Change) -> bool) -> Option<Overlay> {
    let source = outcome.sources.get(path)?;
    let mut rounds: BTreeMap<usize, Vec<(Replacement, usize)>> = BTreeMap::new();
    for change in &outcome.changes {
        if wanted(change) {
            let edits = change.edits.iter().filter(|(file, _)| file == path);
            rounds
                .entry(change.round)
                .or_default()
                .extend(edits.map(|(_, edit)| (edit.clone(), change.id)));
        }
    }
    let mut overlay = Overlay::new(Arc::clone(&source.text));
    for mut edits in rounds.into_values() {
        edits.sort_by_key(|(edit, _)| (edit.start, edit.end));
        // Two changes may ask for the very same edit; it is made once.
        edits.dedup_by(|a, b| a.0 == b.0);
        for (edit, by) in edits.iter().rev() {
            overlay.apply(std::slice::from_ref(edit), *by);
        }
    }
    Some(overlay)
}

/// What a change alone does to each of its files: the text of its round, and the text with it.
pub fn of_change(outcome: &Outcome, change: &Change) -> BTreeMap<PathBuf, (String, String)> {
    let mut texts = BTreeMap::new();
    for (path, _) in &change.edits {
        let Some(mut overlay) = before(outcome, path, change.round) else {
            continue;
        };
        let old = overlay.text();
        let edits = change.edits.iter().filter(|(file, _)| file == path);
        let edits: Vec<Replacement> = edits.map(|(_, edit)| edit.clone()).collect();
        overlay.apply(&edits, change.id);
        texts.insert(path.clone(), (old, overlay.text()));
    }
    texts
}

/// The bytes of the changed files with these changes alone, which are closed under what they need.
pub fn only(outcome: &Outcome, kept: &BTreeSet<usize>) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = outcome.files.iter().filter_map(|file| {
        let overlay = with(outcome, &file.path, kept)?;
        (!overlay.is_unchanged()).then(|| (file.path.clone(), file.before.encode(&overlay.text())))
    });
    files.collect()
}

/// Those of these changes that can do without all others: an edit of a later round counts on what
/// the earlier ones did to its file.
pub fn closed(outcome: &Outcome, kept: &BTreeSet<usize>) -> BTreeSet<usize> {
    let selected = outcome.changes.iter().filter(|change| change.selected);
    let dropped = selected
        .map(|change| change.id)
        .filter(|id| !kept.contains(id))
        .collect();
    let dropped = with_those_that_build_on(outcome, dropped);
    kept.difference(&dropped).copied().collect()
}

/// A change, and all that it can't do without.
pub fn with_what_it_needs(outcome: &Outcome, change: usize) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    let mut open = vec![change];
    while let Some(id) = open.pop() {
        if !needed.insert(id) {
            continue;
        }
        let Some(change) = outcome.changes.iter().find(|change| change.id == id) else {
            continue;
        };
        let all = outcome.changes.iter().filter(|change| change.selected);
        let before = all.filter(|other| builds_on(change, other));
        open.extend(before.map(|change| change.id));
    }
    needed
}

/// Whether a change edits the text of another, or in a later round a file of it, whose offsets
/// count on it.
pub fn builds_on(change: &Change, other: &Change) -> bool {
    let edits = |path: &PathBuf| other.edits.iter().any(|(edited, _)| edited == path);
    change.depends_on.contains(&other.id)
        || other.round < change.round && change.edits.iter().any(|(path, _)| edits(path))
}

/// These changes, and all that can't do without them.
pub fn with_those_that_build_on(
    outcome: &Outcome,
    mut dropped: BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut open: Vec<usize> = dropped.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(lost) = outcome.changes.iter().find(|change| change.id == id) else {
            continue;
        };
        let selected = outcome.changes.iter().filter(|change| change.selected);
        for change in selected.filter(|change| builds_on(change, lost)) {
            if dropped.insert(change.id) {
                open.push(change.id);
            }
        }
    }
    dropped
}
