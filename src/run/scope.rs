//! What of the candidates of a walk a run is about.

use std::path::Path;

use unpark_codemods::{Codemod, codemod::Pass};

use crate::{
    config::{Config, Rules},
    discover::CandidateFile,
    outcome::Outcome,
    suppress::MARKER,
};

/// Leaves out the files that the configuration excludes, and the codemods that are off. What has
/// a comment of ours stays.
pub fn in_scope(
    files: Vec<CandidateFile>,
    selection: &[&'static Codemod],
    config: &Config,
    rules: &Rules<'_>,
    outcome: &mut Outcome,
) -> Vec<CandidateFile> {
    let mut kept = Vec::new();
    for mut file in files {
        if config.excludes(&file.path) {
            outcome.excluded.insert(file.path);
            continue;
        }
        let rule = rules.of(&file.path);
        for (codemod, candidates) in selection.iter().zip(&mut file.candidates) {
            // It keeps its place in the list: the candidates of a file are kept in its order.
            if rule.off.contains(codemod.name) {
                candidates.clear();
            }
        }
        if file.source.text.contains(MARKER) || !file.candidates.iter().all(Vec::is_empty) {
            kept.push(file);
        }
    }
    kept
}

/// Leaves out what can't tell anything about a file.
pub fn narrow(candidates: &mut Vec<CandidateFile>, about: &Path, selection: &[&'static Codemod]) {
    candidates.retain_mut(|file| {
        if file.path == about {
            return true;
        }
        for (codemod, candidates) in selection.iter().zip(&mut file.candidates) {
            if matches!(codemod.pass, Pass::File(_)) {
                candidates.clear();
            }
        }
        file.candidates.iter().any(|it| !it.is_empty())
    });
}
