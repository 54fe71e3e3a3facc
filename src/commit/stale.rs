//! What can't be written any more, because somebody has changed a file since it was read.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use unpark_codemods::{
    codemod::Safety,
    refusal::{Refusal, RefusalKind},
};

use super::{Committed, disk::Disk};
use crate::{
    outcome::{ChangedFile, Outcome, State},
    replay,
};

/// Whether a file is no longer what was analysed.
fn is_stale(disk: &dyn Disk, file: &ChangedFile) -> Result<bool> {
    match disk.read(&file.path) {
        Ok(is) => Ok(is != file.before.encode(&file.before.text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error)
            .with_context(|| format!("can't read {}; no file was written", file.path.display())),
    }
}

/// Takes out what can't be written because its file has changed.
pub fn drop_stale(disk: &dyn Disk, outcome: &mut Outcome, committed: &mut Committed) -> Result<()> {
    let mut stale = BTreeSet::new();
    for file in &outcome.files {
        if is_stale(disk, file)? {
            stale.insert(file.path.clone());
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let dropped = with_those_that_build_on(outcome, &stale);
    let names: Vec<String> = stale.iter().map(|path| outcome.shown(path)).collect();
    let message = format!(
        "{} changed while unpark ran; run it again",
        names.join(", ")
    );
    for finding in &mut outcome.findings {
        if finding.change.is_some_and(|id| dropped.contains(&id)) {
            finding.state = State::Refused;
            finding.safety = Safety::Manual;
            finding.change = None;
            finding.refusal = Some(Refusal::new(RefusalKind::R8, message.clone()));
            finding.effects.clear();
        }
    }
    let touched: BTreeSet<PathBuf> = outcome
        .changes
        .iter()
        .filter(|change| dropped.contains(&change.id))
        .flat_map(|change| change.edits.iter().map(|(path, _)| path.clone()))
        .collect();
    outcome
        .changes
        .retain(|change| !dropped.contains(&change.id));
    let mut files = std::mem::take(&mut outcome.files);
    files.retain_mut(|file| {
        if stale.contains(&file.path) || !touched.contains(&file.path) {
            return !stale.contains(&file.path);
        }
        let Some(overlay) = replay::before(outcome, &file.path, usize::MAX) else {
            return false;
        };
        file.after = overlay.text();
        file.edits = overlay.edits();
        !file.edits.is_empty()
    });
    outcome.files = files;
    committed.stale.extend(stale);
    committed.dropped.extend(dropped);
    Ok(())
}

/// The changes that edit one of these files, and all that can't do without them: what edits their
/// text, and what a later round did to a file of theirs, whose offsets count on them.
fn with_those_that_build_on(outcome: &Outcome, stale: &BTreeSet<PathBuf>) -> BTreeSet<usize> {
    let selected = || outcome.changes.iter().filter(|change| change.selected);
    let mut dropped: BTreeSet<usize> = BTreeSet::new();
    loop {
        let earliest = |path: &Path| {
            selected()
                .filter(|change| dropped.contains(&change.id))
                .filter(|change| change.edits.iter().any(|(file, _)| file == path))
                .map(|change| change.round)
                .min()
        };
        let more: Vec<usize> = selected()
            .filter(|change| !dropped.contains(&change.id))
            .filter(|change| {
                change.depends_on.iter().any(|id| dropped.contains(id))
                    || change.edits.iter().any(|(path, _)| {
                        stale.contains(path)
                            || earliest(path).is_some_and(|round| round < change.round)
                    })
            })
            .map(|change| change.id)
            .collect();
        if more.is_empty() {
            return dropped;
        }
        dropped.extend(more);
    }
}
