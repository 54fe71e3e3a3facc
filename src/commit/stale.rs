//! What can't be written any more, because somebody has changed a file since it was read.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context as _, Result};
use unpark_codemods::{
    codemod::Safety,
    refusal::{Refusal, RefusalKind},
};

use super::{Committed, disk::Disk, transaction::is_gone};
use crate::{
    format::Rustfmt,
    outcome::{ChangedFile, Outcome, State},
    replay,
};

/// Whether a file is no longer what was analysed.
fn is_stale(disk: &dyn Disk, file: &ChangedFile) -> Result<bool> {
    match disk.read(&file.path) {
        Ok(is) => Ok(file.is_new || is != file.before.encode(&file.before.text)),
        Err(error) if is_gone(&error) => Ok(!file.is_new),
        Err(error) => Err(error)
            .with_context(|| format!("can't read {}; no file was written", file.path.display())),
    }
}

/// The changed files that are no longer what was analysed.
pub fn stale(disk: &dyn Disk, outcome: &Outcome) -> Result<BTreeSet<PathBuf>> {
    let mut stale = BTreeSet::new();
    for file in &outcome.files {
        if is_stale(disk, file)? {
            stale.insert(file.path.clone());
        }
    }
    Ok(stale)
}

/// Takes out what can't be written because its file has changed.
pub fn drop_stale(disk: &dyn Disk, outcome: &mut Outcome, committed: &mut Committed) -> Result<()> {
    let stale = stale(disk, outcome)?;
    if stale.is_empty() {
        return Ok(());
    }
    let edit_it = outcome.changes.iter().filter(|change| {
        change.selected && change.edits.iter().any(|(path, _)| stale.contains(path))
    });
    let dropped = edit_it.map(|change| change.id).collect();
    let dropped = replay::with_those_that_build_on(outcome, dropped);
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
            finding.help = None;
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
    Rustfmt::default().format(outcome, |path| touched.contains(path));
    // What is left was compiled together with what is gone.
    outcome.verification = None;
    committed.stale.extend(stale);
    committed.dropped.extend(dropped);
    Ok(())
}
