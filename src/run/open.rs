//! Opens the files of a workspace, and closes them as they were.

use ra_ap_ide_db::FileId;
use unpark_codemods::codemod::{Candidate, IN_TESTS};

use crate::{
    discover::{CandidateFile, Skipped},
    engine::{Files, OpenFile},
    outcome::Outcome,
    workspace::Workspace,
};

/// Opens the candidate files that the workspace has, with the text as it was read, and reads the
/// names of the crates that they need.
pub fn open(
    workspace: &mut Workspace,
    candidates: Vec<CandidateFile>,
    outcome: &mut Outcome,
) -> Files {
    let mut files = Files::new();
    for CandidateFile {
        path,
        source,
        candidates,
    } in candidates
    {
        match workspace.file_id(&path) {
            Some(id) => {
                files.insert(id, OpenFile::new(path, source, candidates));
            }
            None => {
                let reason = "it is outside of the folders that its package is built from";
                outcome.skipped.push(Skipped {
                    path,
                    reason: reason.to_owned(),
                });
            }
        }
    }
    // Whatever was saved since a file was read, all that is said is said of the text that was read.
    let texts = files.iter();
    workspace.write(texts.map(|(id, file)| (*id, file.text.to_string())));
    workspace.prime(&files.keys().copied().collect::<Vec<_>>());
    if workspace.is_full().is_some() {
        return files;
    }
    files.retain(|&id, file| {
        if workspace.is_shared(id) {
            // What is declared, and so what may be written, differs between them.
            let reason = "crates of several packages include it".to_owned();
            let path = file.path.clone();
            outcome.skipped.push(Skipped { path, reason });
            return false;
        }
        // A file that no crate includes has no types.
        let included = workspace.crate_of(id).is_some();
        if !included {
            count_unseen(
                outcome,
                "files that this configuration does not include (those of tests need \
                 --include-tests)",
                named(&file.candidates).count(),
            );
        }
        included
    });
    for (&id, file) in &files {
        for (condition, places) in workspace.inactive(id, named(&file.candidates)) {
            if condition == "test" {
                *outcome.quiet.entry(IN_TESTS).or_default() += places;
            } else {
                count_unseen(outcome, &format!("code under cfg({condition})"), places);
            }
        }
    }
    files
}

fn count_unseen(outcome: &mut Outcome, place: &str, count: usize) {
    if count > 0 {
        *outcome.unseen.entry(place.to_owned()).or_default() += count;
    }
}

/// The candidates that spell out a path in the tables.
fn named(candidates: &[Vec<Candidate>]) -> impl Iterator<Item = &Candidate> {
    candidates
        .iter()
        .flatten()
        .filter(|candidate| candidate.path.is_some())
}

/// The texts that undo the rounds.
pub fn changed_back(files: &Files, opened: &Files) -> Vec<(FileId, String)> {
    let changed = files
        .iter()
        .filter(|(_, file)| !file.overlay.is_unchanged());
    changed
        .map(|(id, file)| {
            let was = opened.get(id).unwrap_or(file);
            (*id, was.source.text.to_string())
        })
        .collect()
}
