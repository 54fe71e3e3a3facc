//! The text of a file between rounds, made anew from what the run wrote down.

use std::{
    collections::BTreeMap,
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
    let source = outcome.sources.get(path)?;
    let mut rounds: BTreeMap<usize, Vec<(Replacement, usize)>> = BTreeMap::new();
    for change in &outcome.changes {
        if change.selected && change.round < round {
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
