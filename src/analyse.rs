//! The read phase: one codemod over all files that may match, in parallel.

use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
};

use ra_ap_hir::{Semantics, attach_db};
use ra_ap_ide_db::{FileId, FxHashMap, RootDatabase};
use rayon::prelude::*;
use unpark_codemods::{
    codemod::{Finding, Findings, Pass},
    context::FileContext,
    knowledge::Resolved,
};

use crate::{
    engine::{Files, OpenFile, Plan},
    identity,
    outcome::Defect,
    workspace::Workspace,
};

/// Files of one crate that one thread takes at a time: the solver's cache is per thread.
const FILES_AT_A_TIME: usize = 16;

/// What one look came to.
#[derive(Debug, Default)]
pub struct Looked {
    /// What was found, in no particular order.
    pub findings: Vec<Anchored>,
    /// Places that are fine as they are.
    pub quiet: BTreeMap<&'static str, usize>,
    /// Defects of ours.
    pub defects: Vec<Defect>,
}

/// A finding with what identifies its place.
#[derive(Debug)]
pub struct Anchored {
    /// What the codemod said.
    pub finding: Finding,
    /// See [`identity::anchor`].
    pub anchor: String,
}

/// Runs the codemod at `index` of the plan over all open files that may match.
pub fn all(
    workspace: &Workspace,
    files: &Files,
    plan: &Plan<'_>,
    index: usize,
    known: &Resolved<'_>,
) -> Looked {
    let mut by_crate: FxHashMap<_, Vec<FileId>> = FxHashMap::default();
    for (&id, file) in files {
        let candidates = file.candidates.get(index);
        if candidates.is_some_and(|candidates| !candidates.is_empty())
            && let Some(krate) = workspace.crate_of(id)
        {
            by_crate.entry(krate).or_default().push(id);
        }
    }
    let mut groups: Vec<_> = by_crate
        .into_iter()
        .filter_map(|(krate, files)| Some((workspace.facts_of(krate)?, files)))
        .flat_map(|(facts, files)| {
            files
                .chunks(FILES_AT_A_TIME)
                .map(|files| (facts, files.to_vec()))
                .collect::<Vec<_>>()
        })
        .collect();
    groups.sort_by_key(|(_, files)| files.first().copied());
    let looked: Vec<Vec<Result<Anchors, Defect>>> = groups
        .par_iter()
        .with_max_len(1)
        .map_with(workspace.db.clone(), |db, ((package, target), ids)| {
            ids.iter()
                .map(|&id| {
                    let look = Look {
                        db,
                        id,
                        file: &files[&id],
                        package,
                        target: *target,
                    };
                    look.with(plan, index, known)
                })
                .collect()
        })
        .collect();
    let mut all = Looked::default();
    for looked in looked.into_iter().flatten() {
        match looked {
            Ok((findings, anchors)) => {
                let anchored = findings.items.into_iter().zip(anchors);
                all.findings
                    .extend(anchored.map(|(finding, anchor)| Anchored { finding, anchor }));
                for (reason, count) in findings.quiet {
                    *all.quiet.entry(reason).or_default() += count;
                }
            }
            Err(defect) => all.defects.push(defect),
        }
    }
    all
}

/// Findings, and the anchor of each.
type Anchors = (Findings, Vec<String>);

struct Look<'a> {
    db: &'a RootDatabase,
    id: FileId,
    file: &'a OpenFile,
    package: &'a unpark_codemods::facts::PackageFacts,
    target: unpark_codemods::facts::TargetKind,
}

impl Look<'_> {
    /// Inference panics on odd code now and then; that costs one file and one codemod.
    fn with(&self, plan: &Plan<'_>, index: usize, known: &Resolved<'_>) -> Result<Anchors, Defect> {
        let codemod = plan.selection[index];
        let looked = panic::catch_unwind(AssertUnwindSafe(|| {
            attach_db(self.db, || {
                let sema = Semantics::new(self.db);
                let source = sema.parse_guess_edition(self.id);
                let ctx = FileContext {
                    db: self.db,
                    sema: &sema,
                    file: self.id,
                    text: &self.file.text,
                    source,
                    package: self.package,
                    target: self.target,
                    known,
                    settings: plan.settings,
                };
                let mut findings = Findings::default();
                let Pass::File(pass) = codemod.pass;
                pass(&ctx, &mut findings);
                let anchors = findings
                    .items
                    .iter()
                    .map(|finding| identity::anchor(&ctx.source, finding.range))
                    .collect();
                (findings, anchors)
            })
        }));
        looked.map_err(|panic| {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| {
                    panic
                        .downcast_ref::<&str>()
                        .map(|&message| message.to_owned())
                })
                .unwrap_or_else(|| "it panicked".to_owned());
            Defect {
                path: self.file.path.clone(),
                codemod: codemod.name,
                message,
            }
        })
    }
}
